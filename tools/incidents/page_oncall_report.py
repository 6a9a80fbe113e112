"""From a situation, or what was done, to the answer of `page_oncall`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.text import cleaned, listed, quoted
from tools.incidents.page_oncall_answer import EventRow, PageOncallAnswer
from tools.incidents.page_rows import on_call_rows, on_call_words, page_name, page_row
from tools.incidents.records import named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sre.core.oncall import PagedIncident
    from sre.incidents.page_plan import PageAction
    from tools.incidents.page_oncall_sending import Outcome
    from tools.incidents.page_oncall_situation import Situation

_MAX_PEOPLE_ROWS = 12
_NAMED = 4
_DONE: dict[PageAction, str] = {
    "trigger": "Paged", "acknowledge": "Acknowledged", "resolve": "Resolved", "note": "Noted on",
}  # fmt: skip
_WOULD: dict[PageAction, str] = {
    "trigger": "page", "acknowledge": "acknowledge", "resolve": "resolve", "note": "write a note on",
}  # fmt: skip
_SETTLED: dict[PageAction, str] = {
    "trigger": "open already", "acknowledge": "taken or over already", "resolve": "resolved already",
    "note": "noted already",
}  # fmt: skip


def preview_answer(situation: Situation, *, code: str, now: datetime) -> PageOncallAnswer:
    """Return what would be done, with the code that does it."""
    answer = _answer(situation, now=now)
    answer.status, answer.confirm = "preview", code
    plan = situation.plan
    verb = _WOULD[plan.action]
    answer.pages = [page_row(page, now=now, outcome=f"would {verb}") for page in plan.to_change]
    answer.pages += [page_row(page, now=now, outcome=_settled(plan.action, page)) for page in plan.settled]
    words = _would_trigger(situation, answer) if plan.action == "trigger" else _would_change(situation, answer)
    answer.summary = f"Nothing is sent yet. {words}"
    answer.next_steps = [
        f"show this to the person who asked; with their consent, call again with the same arguments and confirm={code}"
    ]
    return answer


def settled_answer(situation: Situation, *, now: datetime) -> PageOncallAnswer:
    """Return why there is nothing to do."""
    answer = _answer(situation, now=now)
    answer.status = "unchanged"
    action, pages = situation.plan.action, situation.plan.settled
    answer.pages = [page_row(page, now=now, outcome=_settled(action, page)) for page in pages]
    told = listed([f"{page_name(page)} is {_standing(page)}" for page in pages], limit=_NAMED)
    if action == "trigger":
        answer.summary = f"Nothing was sent: the page is open already. {told}. It is not made twice."
        answer.next_steps = [
            "PagerDuty escalates by itself while nobody takes it; action note adds what is new",
        ]
    else:
        answer.summary = f"Nothing to do, nothing was sent: {told}."
    return answer


def triggered_answer(
    situation: Situation, page: PagedIncident | None, *, was_lost: bool, now: datetime
) -> PageOncallAnswer:
    """Return who was paged; `page` is None where PagerDuty has not made its incident yet."""
    answer = _answer(situation, now=now)
    if was_lost:
        answer.warnings.append("PagerDuty's answer got lost, but the page is there.")
    if page is None:
        answer.status = "accepted"
        answer.summary = (
            f"PagerDuty took the page{_for(situation)}, but its incident is not to be seen yet{_woken(answer)}."
        )
        answer.warnings.append("Make sure that somebody answers: get_incidents in a minute shows the page.")
        return answer
    answer.status = "done"
    answer.pages = [page_row(page, now=now, outcome="paged")]
    assigned = [quoted(str(one), limit=80) for one in page.assigned_to]
    who = f"assigned to {listed(assigned, limit=_NAMED)}" if assigned else "assigned to nobody yet"
    low = " It is of low urgency, which may wake nobody." if page.urgency == "low" else ""
    service = quoted(str(page.service), limit=80)
    answer.summary = f"Paged{_for(situation)}: {page_name(page)} of {service}, {page.status}, {who}.{low}"
    answer.next_steps = ["get_incidents shows whether somebody takes it; PagerDuty escalates if nobody does"]
    return answer


def changed_answer(situation: Situation, outcomes: Sequence[Outcome], *, now: datetime) -> PageOncallAnswer:
    """Return what was done to the pages, and what failed."""
    answer = _answer(situation, now=now)
    action = situation.plan.action
    done = [one for one in outcomes if one.failure is None]
    failed = [one for one in outcomes if one.failure is not None]
    answer.status = "partly" if failed else "done"
    answer.pages = [page_row(one.page, now=now, outcome=_outcome(action, one)) for one in [*failed, *done]]
    names = listed([page_name(one.page) for one in done], limit=_NAMED)
    answer.summary = f"{_DONE[action]} {names}{_for(situation)}."
    if failed:
        answer.summary += f" Not done: {listed([page_name(one.page) for one in failed], limit=_NAMED)}."
        answer.warnings += [f"{page_name(one.page)}: {_outcome(action, one)}." for one in failed]
    answer.warnings += [
        f"{page_name(one.page)}: PagerDuty's answer got lost, but it is done." for one in done if one.was_lost
    ]
    answer.next_steps = _after(situation)
    return answer


def done_words(situation: Situation, pages: Sequence[PagedIncident]) -> str:
    """Return what was done, as the record keeps it."""
    plan = situation.plan
    names = listed([page_name(page) for page in pages], limit=_NAMED)
    if plan.action == "trigger" and plan.event is not None:
        seen = f": {names}" if names else ", its incident not to be seen yet"
        return f"Paged through PagerDuty as {plan.event.severity}{seen}"
    said = f": {quoted(plan.text, limit=1_000)}" if plan.text else ""
    return f"{_DONE[plan.action]} PagerDuty {names}{said}"


def _answer(situation: Situation, *, now: datetime) -> PageOncallAnswer:
    plan = situation.plan
    answer = PageOncallAnswer(
        summary="",
        status="preview",
        action=plan.action,
        incident=situation.record.reference if situation.record else None,
        event=_event_row(situation),
        text=plan.text,
        now=now,
        warnings=list(situation.notes),
    )
    if situation.on_calls is None:
        answer.warnings.append("Who is on call could not be read.")
        return answer
    rows = on_call_rows(situation.on_calls, policies=_policies(situation))
    answer.on_call = rows[:_MAX_PEOPLE_ROWS]
    if len(rows) > _MAX_PEOPLE_ROWS:
        answer.left_out.append(f"on_call: {len(rows) - _MAX_PEOPLE_ROWS} more, of other policies.")
    return answer


def _event_row(situation: Situation) -> EventRow | None:
    event = situation.plan.event
    if event is None:
        return None
    return EventRow(
        summary=event.summary,
        severity=event.severity,
        source=event.source,
        component=event.component,
        key=event.key,
        details=dict(event.details),
        url=event.url,
        goes_to=cleaned(situation.route.name, limit=80) if situation.route else None,
    )


def _policies(situation: Situation) -> list[str]:
    """Return the ids of the escalation policies that matter here; none for all."""
    if situation.route is not None and situation.route.escalation_policy is not None:
        return [situation.route.escalation_policy.id]
    pages = (*situation.plan.to_change, *situation.plan.settled)
    return [page.escalation_policy.id for page in pages if page.escalation_policy is not None]


def _would_trigger(situation: Situation, answer: PageOncallAnswer) -> str:
    event, route = situation.plan.event, situation.route
    assert event is not None
    where = f"the service {quoted(route.name, limit=80)}" if route else "whoever the routing key leads to"
    again = " An earlier page of it is over; this would be a new one." if situation.plan.before else ""
    said = f", saying {quoted(event.summary, limit=160)}"
    return f"This would page {where}{_for(situation)} as {event.severity}{said}{_woken(answer)}.{again}"


def _would_change(situation: Situation, answer: PageOncallAnswer) -> str:
    plan = situation.plan
    count = len(plan.to_change)
    names = [f"{page_name(page)} ({quoted(str(page.service), limit=60)}, {_standing(page)})" for page in plan.to_change]
    what = "1 incident" if count == 1 else f"{count} incidents"
    rest = f" {len(plan.settled)} more: {_SETTLED[plan.action]}." if plan.settled else ""
    words = on_call_words(answer.on_call)
    people = f" On call now: {words}." if words else ""
    name = _in_whose_name(situation)
    verb, told = _WOULD[plan.action], listed(names, limit=_NAMED)
    return f"This would {verb} {what} of PagerDuty{_for(situation)}: {told}.{name}{rest}{people}"


def _in_whose_name(situation: Situation) -> str:
    who = quoted(situation.source.acts_as, limit=80)
    stops = ", which ends its escalation" if situation.plan.action == "acknowledge" else ""
    return f" It is done in the name of {who}{stops}."


def _woken(answer: PageOncallAnswer) -> str:
    words = on_call_words(answer.on_call)
    return f"; on call now: {words}" if words else ""


def _for(situation: Situation) -> str:
    return f" for {named(situation.record)}" if situation.record else ""


def _standing(page: PagedIncident) -> str:
    takers = [quoted(str(one.who), limit=80) for one in page.acknowledgements if str(one.who)]
    if page.status == "acknowledged" and takers:
        return f"acknowledged by {listed(takers, limit=_NAMED)}"
    assigned = [quoted(str(one), limit=80) for one in page.assigned_to]
    return f"{page.status}, assigned to {listed(assigned, limit=_NAMED)}" if assigned else page.status


def _settled(action: PageAction, page: PagedIncident) -> str:
    if action == "note":
        return _SETTLED[action]
    return f"{page.status} already"


def _outcome(action: PageAction, one: Outcome) -> str:
    if one.failure is None:
        return _DONE[action].lower().removesuffix(" on")
    if not one.was_tried:
        return f"not tried: {one.failure.message.rstrip('.')}"
    told = "it may have been done: " if one.is_unsure else ""
    return f"failed: {told}{one.failure.message.rstrip('.')}"


def _after(situation: Situation) -> list[str]:
    record, action = situation.record, situation.plan.action
    if record is None:
        return ["declare_incident with key= this id begins a record of it"] if action == "acknowledge" else []
    if action == "acknowledge" and record.status == "declared":
        return [f"the record is still declared: update_incident {record.reference} status=investigating"]
    if action == "resolve" and not record.is_over():
        when = f"update_incident {record.reference} status=resolved once users are well"
        return [f"the record is still {record.status}: {when}"]
    return []
