"""One line out of what several systems tell. Tolerances are *our choice*."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from sre.core.labels import Labels
from sre.core.series import Grid, SeriesSet
from sre.incidents.alert_history import recorded_episodes
from sre.incidents.chronicle import Evidence, Happening, Kind, chronicle, delays, most_telling, together

AT = datetime(2026, 10, 29, 14, 14, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


def one(
    kind: Kind, minutes: float, text: str = "x", *, system: str = "a", key: str = "", **others: object
) -> Happening:
    plain = Happening(at(minutes), kind, text, evidence=(Evidence(system),), key=key)
    return replace(plain, **others)  # type: ignore[arg-type]


def alert(minutes: float, system: str, **labels: str) -> Happening:
    return one("firing", minutes, f"told by {system}", system=system, key="firing:Down", labels=Labels(labels))


def systems(happening: Happening) -> list[str]:
    return [shows.system for shows in happening.evidence]


def test_happenings_come_in_order_of_time_whoever_told_them() -> None:
    line = chronicle([one("note", 5), one("note", 1)], [one("deploy", 3)])
    assert [happening.at for happening in line] == [at(1), at(3), at(5)]


def test_the_same_alert_from_two_systems_is_told_once_with_both_as_evidence() -> None:
    line = chronicle([alert(3, "prometheus", service="a")], [alert(3.5, "alertmanager", service="a", receiver="x")])
    assert len(line) == 1
    assert systems(line[0]) == ["prometheus", "alertmanager"]


def test_alerts_whose_labels_contradict_or_that_are_far_apart_stay_two() -> None:
    assert len(chronicle([alert(3, "a", service="a")], [alert(3, "b", service="b")])) == 2
    assert len(chronicle([alert(3, "a", service="a")], [alert(6, "b", service="a")])) == 2


def test_a_note_about_a_deploy_is_told_with_it_at_the_time_the_data_show() -> None:
    deploy = one("deploy", 0, "v2.4.0 goes live.", system="metrics", names=("v2.4.0",))
    note = one("note", 4, "Deployed checkout V2.4.0.", system="INC-1", who="ada")
    line = chronicle([note], [deploy])
    assert [(happening.kind, happening.at, happening.who) for happening in line] == [("deploy", at(0), "ada")]
    assert line[0].text == "v2.4.0 goes live. Deployed checkout V2.4.0."
    assert sorted(systems(line[0])) == ["INC-1", "metrics"]


def test_a_note_about_something_else_or_much_later_stays_its_own() -> None:
    deploy = one("deploy", 0, names=("v2.4.0",))
    assert len(chronicle([deploy], [one("note", 4, "Users call.")])) == 2
    assert len(chronicle([deploy], [one("note", 40, "v2.4.0 is suspected.")])) == 2


def test_an_acknowledgement_recorded_and_paged_is_one() -> None:
    recorded = one("milestone", 8, "Acknowledged.", system="INC-1", key="milestone:acknowledged")
    paged = one("acknowledged", 7.5, "Acknowledged by ada", system="pagerduty", key="milestone:acknowledged")
    (line,) = chronicle([recorded], [paged])
    assert (line.kind, line.at) == ("acknowledged", at(7.5))
    assert systems(line) == ["pagerduty", "INC-1"]


def test_many_alerts_of_a_rule_are_one_with_their_count_and_common_labels() -> None:
    many = [alert(0.1 * n, "a", service="s", pod=f"p{n}") for n in range(10)]
    (joined,) = together(many)
    assert (joined.count, dict(joined.labels), joined.at) == (10, {"service": "s"}, at(0))
    assert len(together([alert(0, "a"), alert(20, "a")])) == 2


def test_the_delays_run_from_the_first_harm() -> None:
    line = chronicle(
        [
            one("pressure", -4),
            one("deviation", 0),
            one("firing", 3, key="firing:a"),
            one("page", 4),
            one("acknowledged", 6, key="milestone:acknowledged"),
            one("recovery", 30),
            one("recovery", 40),
        ]
    )
    took = {delay.name: delay.seconds / 60 for delay in delays(line)}
    assert took == {"to alert": 3, "to page": 4, "to acknowledge": 3, "to recover": 40}


def test_a_recorded_start_that_is_earlier_counts_and_recorded_detection_goes_before_the_alert() -> None:
    line = chronicle(
        [
            one("milestone", -2, key="milestone:start"),
            one("deviation", 0),
            one("milestone", 1, key="milestone:detected"),
            one("firing", 3),
            one("milestone", 5, key="milestone:mitigated"),
        ]
    )
    took = {delay.name: (delay.seconds / 60, delay.since) for delay in delays(line)}
    assert took == {
        "to alert": (5, "recorded start"),
        "to detect": (3, "recorded start"),
        "to mitigate": (7, "recorded start"),
    }


def test_alerts_of_others_and_those_long_before_are_no_detection() -> None:
    line = chronicle([one("deviation", 0), one("firing", -30), one("firing", 2, is_relevant=False)])
    assert delays(line) == ()
    assert delays(chronicle([one("firing", 3)])) == ()


def test_what_is_left_out_is_the_least_telling() -> None:
    line = chronicle([one("note", 0), one("other", 1), one("deploy", 2), one("restart", 3, is_relevant=False)])
    shown, left = most_telling(line, limit=2)
    assert [happening.kind for happening in shown] == ["note", "deploy"]
    assert [happening.kind for happening in left] == ["other", "restart"]


def test_recorded_alerts_are_read_from_their_series_with_their_waiting_time() -> None:
    labels = {"__name__": "ALERTS", "alertname": "Down", "service": "a"}
    rows = [({**labels, "alertstate": "pending"}, ".xx......x."), ({**labels, "alertstate": "firing"}, "...xxx.....")]
    present = np.array([[mark == "x" for mark in marks] for _, marks in rows])
    series = SeriesSet(
        Grid(0, 60_000, 11), tuple(Labels(row) for row, _ in rows), np.where(present, 1.0, np.nan), present
    )
    (episode,) = recorded_episodes(series)
    assert (episode.alert, dict(episode.labels)) == ("Down", {"service": "a"})
    assert (episode.pending_ms, episode.firing_ms, episode.resolved_ms) == (60_000, 180_000, 360_000)


def test_a_storm_of_thousands_is_put_into_line_at_once() -> None:
    storm = [one("firing", n / 100, key=f"firing:{n % 50}", labels=Labels({"pod": f"p{n}"})) for n in range(5_000)]
    notes = [one("note", n, f"note {n}") for n in range(50)]
    deploys = [one("deploy", n + 0.5, f"v{n}", names=(f"version {n}",)) for n in range(50)]
    line = chronicle(storm, notes, deploys)
    assert len(line) == 5_100
    assert len(together(storm)) == 50 * 10
