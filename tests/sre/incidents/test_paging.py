"""What a paging log says: who counts as having answered, which entries tell something."""

from datetime import UTC, datetime, timedelta

import pytest

from sre.core.oncall import Acknowledgement, LogEntry, LogKind, Named, PagedIncident, PageStatus
from sre.incidents.paging import incident_events, log_events, pages_of

START = datetime(2026, 11, 23, 3, 38, tzinfo=UTC)
ADA, GRACE, SHOP = Named("U1", "Ada"), Named("U2", "Grace"), Named("S1", "checkout")


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def incident(
    status: PageStatus = "triggered", *, resolved: float | None = None, taken: tuple[Acknowledgement, ...] = ()
) -> PagedIncident:
    resolved_at = None if resolved is None else at(resolved)
    return PagedIncident("P1", "burning", status, START, SHOP, resolved_at=resolved_at, acknowledgements=taken)


def entry(
    minutes: float, kind: LogKind, agent: Named | None = SHOP, *, channel: str = "api", of: str = "P1"
) -> LogEntry:
    agent_kind = "user" if agent in (ADA, GRACE) else "service"
    return LogEntry(
        f"{kind}{minutes}",
        kind,
        at(minutes),
        f"{kind} by {agent}",
        agent=agent,
        agent_kind=agent_kind,
        channel=channel,
        incident=Named(of),
    )


def test_a_person_answers_and_an_automation_does_not() -> None:
    """Our choice: the time to acknowledge is that of a person; PagerDuty lets integrations acknowledge as well."""
    log = [entry(1, "acknowledge"), entry(4, "acknowledge", ADA, channel="mobile"), entry(9, "acknowledge", GRACE)]
    (page,) = pages_of([incident("acknowledged")], log)
    assert (page.acknowledge_minutes, page.acknowledged_by) == (4.0, "Ada")
    (by_itself,) = pages_of([incident("acknowledged", taken=(Acknowledgement(at(1), SHOP),))], log[:1])
    assert (by_itself.acknowledged_at, by_itself.acknowledged_by) == (None, "")


def test_where_the_log_does_not_reach_who_holds_it_now_counts() -> None:
    """Source: PagerDuty lists the acknowledgements of an acknowledged incident."""
    (page,) = pages_of([incident("acknowledged", taken=(Acknowledgement(at(3), ADA),))], [])
    assert (page.acknowledge_minutes, page.acknowledged_by) == (3.0, "Ada")


@pytest.mark.parametrize(
    ("log", "by_a_person"),
    [
        ([entry(30, "resolve", ADA, channel="web")], True),
        ([entry(30, "resolve")], False),
        ([entry(30, "resolve", ADA, channel="timeout")], False),
        ([], None),
    ],
    ids=["by hand", "the alert went away", "timed out", "no log"],
)
def test_whether_somebody_resolved_it_is_told_where_it_is_known(log: list[LogEntry], by_a_person: bool | None) -> None:
    """Our choice: an alert that goes away by itself was perhaps no page worth having."""
    (page,) = pages_of([incident("resolved", resolved=30)], log)
    assert (page.resolve_minutes, page.is_resolved_by_a_person) == (30.0, by_a_person)


def test_entries_of_other_incidents_are_not_its_own() -> None:
    """Our choice: one log holds many incidents."""
    (page,) = pages_of([incident()], [entry(2, "acknowledge", ADA, of="P2"), entry(3, "escalate", of="P2")])
    assert (page.acknowledged_at, page.escalations, page.notified) == (None, 0, ())
    assert (page.resolved_at, page.resolve_minutes) == (None, None)


def test_who_was_woken_is_told_once_each_and_in_order() -> None:
    """Our choice: a phone that rings three times woke one person."""
    rings = [entry(1, "notify", ADA), entry(2, "notify", ADA), entry(5, "notify", GRACE), entry(6, "notify", SHOP)]
    (page,) = pages_of([incident()], rings)
    assert page.notified == ("Ada", "Grace")
    logged = log_events(rings, titles={"P1": "burning"}, evidence=(3,))
    assert [(event.at, event.text) for event in logged.events] == [
        (at(1), "notify by Ada (burning)"),
        (at(5), "notify by Grace (burning)"),
        (at(6), "notify by checkout (burning)"),
    ]
    assert logged.routine == (("notify", 1),)
    assert {event.evidence for event in logged.events} == {(3,)}


def test_bookkeeping_is_counted_and_not_told() -> None:
    """Our choice: an assignment is told by its page or escalation already."""
    log = [entry(0, "assign"), entry(1, "snooze", ADA), entry(2, "other"), entry(3, "assign"), entry(4, "escalate")]
    logged = log_events(log, titles={}, evidence=())
    assert [event.text for event in logged.events] == ["escalate by checkout (P1)"]
    assert logged.routine == (("assign", 2), ("other", 1), ("snooze", 1))


def test_only_people_are_named_as_who_did_it() -> None:
    """Our choice: `who` is a person; a service that did something stands in the text."""
    logged = log_events([entry(1, "acknowledge", ADA), entry(2, "resolve")], titles={}, evidence=())
    assert [event.who for event in logged.events] == ["Ada", ""]


def test_an_incident_without_a_log_tells_its_own_times() -> None:
    """Our choice: page, answer, end."""
    taken = incident("acknowledged", taken=(Acknowledgement(at(3), ADA),))
    assert [(one.at, one.text, one.who) for one in incident_events(taken, title="t", evidence=(1,))] == [
        (START, "Paged (t)", ""),
        (at(3), "Acknowledged (t)", "Ada"),
    ]
    over = incident_events(incident("resolved", resolved=30), title="t", evidence=(1,))
    assert [one.at for one in over] == [START, at(30)]
