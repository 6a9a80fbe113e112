"""What the past of alerts shows, on histories short enough to count by hand. *Our choice* of limits: the tables."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from sre.alerting.episodes import Nearest, replay_findings
from sre.alerting.interruptions import Interval, RuleHistory, intervals_of, merged
from sre.alerting.mending import RuleText
from sre.alerting.review import ranked_findings
from sre.alerting.review_model import Finding, assumptions, reviewed_rules
from sre.alerting.steadiness import steadier
from sre.alerting.symptoms import Symptoms
from sre.alerting.volume import volume
from sre.core.labels import Labels
from sre.core.rules import AlertRule, RuleFile, RuleGroup
from sre.core.series import Grid, SeriesSet

MINUTE = 60_000
# Noon, so that the first ten hours are no night.
START = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp() * 1000)
DAYS = 7
PAGE, TICKET = {"severity": "page"}, {"severity": "ticket"}


def _series(*rows: Sequence[tuple[int, int]], days: int = DAYS) -> SeriesSet:
    """Return series that are there in these minutes, [from, to)."""
    count = days * 24 * 60 + 1
    present = np.zeros((len(rows), count), dtype=np.bool_)
    for row, times in enumerate(rows):
        for start, end in times:
            present[row, start:end] = True
    labels = tuple(Labels({"host": str(row)}) for row in range(len(rows)))
    return SeriesSet(Grid(START, MINUTE, count), labels, np.where(present, 1.0, np.nan), present)


def _histories(*pairs: tuple[AlertRule, SeriesSet]) -> list[RuleHistory]:
    file = RuleFile((RuleGroup("g", tuple(rule for rule, _ in pairs)),), "rules.yml")
    rules = reviewed_rules([RuleText.of_rules(file)])
    return [RuleHistory.of(one, rule, series) for one, (rule, series) in zip(rules, pairs, strict=True)]


def _rule(name: str = "A", expr: str = "requests_queue > 5", **fields: object) -> AlertRule:
    return replace(AlertRule(name, expr, labels=PAGE), **fields)  # type: ignore[arg-type]


def _checks(*pairs: tuple[AlertRule, SeriesSet], symptoms: Symptoms | None = None) -> dict[str, Finding]:
    return {one.check: one for one in replay_findings(_histories(*pairs), symptoms=symptoms, nearest={}).findings}


def test_alerts_of_one_rule_that_nearly_touch_are_one_call() -> None:
    (history,) = _histories((_rule(), _series([(0, 10), (14, 20), (26, 30)], [(5, 8)])))
    calls = [((one.start_ms - START) // MINUTE, (one.end_ms - START) // MINUTE) for one in history.interruptions()]
    assert calls == [(0, 20), (26, 30)]


def test_minutes_a_week_are_calls_times_their_price_and_nights_on_top() -> None:
    known = assumptions()
    # Two at noon and one at 02:00 of the next day.
    times = [(0, 10), (60, 70), (14 * 60, 14 * 60 + 10)]
    (page,) = _histories((_rule(), _series(times)))
    expected = 3 * known.minutes_per_page + known.extra_minutes_per_page_at_night
    assert page.minutes_per_week(page.interruptions()) == expected
    (ticket,) = _histories((_rule(labels=TICKET), _series(times)))
    assert ticket.minutes_per_week(ticket.interruptions()) == 3 * known.minutes_per_ticket
    (fortnight,) = _histories((_rule(), _series(times, days=14)))
    assert fortnight.minutes_per_week(fortnight.interruptions()) == expected / 2


def test_flapping_is_found_with_the_wait_that_ends_it_and_keeps_the_outage() -> None:
    # Twenty blips of two minutes, twenty minutes apart, and one outage of half an hour.
    blips = [(20 * number, 20 * number + 2) for number in range(20)]
    found = _checks((_rule(), _series([*blips, (1000, 1030)])))
    flapping = found["flapping"]
    assert isinstance(flapping.changed, AlertRule)
    assert (flapping.changed.for_seconds, flapping.changed.keep_firing_for_seconds) == (120.0, 0.0)
    assert "1 of 21 calls would have remained" in flapping.mending
    known = assumptions()
    assert flapping.minutes_per_week == 20 * known.minutes_per_page


def test_a_wait_that_would_lose_a_long_outage_is_not_proposed() -> None:
    # What is worth a call lasts 20 minutes, what is not 18: no wait tells them apart, keeping on firing does.
    times = [(40 * number, 40 * number + (20 if number % 2 else 18)) for number in range(12)]
    (history,) = _histories((_rule(), _series(times)))
    proposal = steadier(history)
    assert proposal is not None
    assert proposal.for_seconds == 0.0
    assert len(history.interruptions(proposal)) == 1


def test_nothing_is_proposed_where_no_wait_helps() -> None:
    times = [(200 * number, 200 * number + 100) for number in range(12)]
    (history,) = _histories((_rule(), _series(times)))
    assert steadier(history) is None


def test_short_calls_far_apart_are_short_lived_and_not_flapping() -> None:
    found = _checks((_rule(), _series([(500 * number, 500 * number + 2) for number in range(6)])))
    assert "flapping" not in found
    assert "6 of 6 calls were over" in found["short_lived"].evidence


def test_an_alert_that_always_fires_is_told_once_and_a_watchdog_never() -> None:
    whole = _series([(0, DAYS * 24 * 60 + 1)])
    assert set(_checks((_rule(), whole))) == {"always_firing"}
    assert _checks((_rule(labels={"severity": "none"}), whole)) == {}


def test_a_symptom_is_kept_rather_than_the_cause_that_comes_with_it() -> None:
    times = [(500 * number, 500 * number + 30) for number in range(5)]
    later = [(start + 3, end) for start, end in times]
    cause = _rule("Cpu", "node_load1 > 5", annotations={"runbook_url": "x"})
    symptom = _rule("Errors", "rate(request_errors_total[5m]) > 5")
    found = _checks((cause, _series(times)), (symptom, _series(later)))
    assert (found["coincident"].rule, found["coincident"].removes) == (0, True)
    assert '"Errors"' in found["coincident"].evidence
    apart = [(start + 100, end + 100) for start, end in times]
    assert "coincident" not in _checks((cause, _series(times)), (symptom, _series(apart)))


def _symptoms(*minutes: tuple[int, int]) -> Symptoms:
    times = [Interval(START + start * MINUTE, START + end * MINUTE) for start, end in minutes]
    return Symptoms({"shop": times}, "shop failed over 0.01 of its requests")


def test_pages_are_held_against_what_users_felt() -> None:
    times = [(500 * number, 500 * number + 30) for number in range(5)]
    errors = _rule("Errors", "rate(request_errors_total[5m]) > 5")
    found = _checks((errors, _series(times)), symptoms=_symptoms((505, 520), (3000, 3010), (4000, 4002)))
    assert "1 of 5 pages came while shop failed" in found["without_symptom"].evidence
    missed = found["missed"]
    # Two minutes are too short to be held against anybody.
    assert missed.rule is None
    assert "failed 2 times, and 1 times no page fired" in missed.evidence
    slow = _rule("Slow", "histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m]))) > 1")
    assert "without_symptom" not in _checks((slow, _series(times)), symptoms=_symptoms((505, 520)))


@pytest.mark.parametrize(
    ("near", "check"),
    [
        (None, "silent"),
        (Nearest("a", ">", 10.0, 9.0), "silent"),
        (Nearest("a", "<", 10.0, 900.0), "silent"),
        (Nearest("a / b", ">", 5.0, 0.4), "out_of_reach"),
        (Nearest("a", ">", 500.0, 0.4), "out_of_reach"),
    ],
)
def test_a_silent_alert_whose_values_never_come_near_is_told_apart(near: Nearest | None, check: str) -> None:
    histories = _histories((_rule(), _series([])))
    found = replay_findings(histories, symptoms=None, nearest={} if near is None else {0: near}).findings
    assert [one.check for one in found] == [check]


def test_the_load_is_counted_by_shift() -> None:
    # Shift 1: three incidents; shift 2: one that two alerts tell of; tickets are no incidents.
    first = [(10, 20), (60, 70), (120, 130), (800, 810)]
    histories = _histories(
        (_rule("A"), _series(first)),
        (_rule("B"), _series([(803, 815)])),
        (_rule("C", labels=TICKET), _series([(5, 9)])),
    )
    end = START + DAYS * 24 * 60 * MINUTE
    load = volume(histories, start_ms=START, end_ms=end)
    assert (load.pages, load.tickets, load.incidents, load.shifts) == (5, 1, 4, 14)
    assert (load.busiest_shift_incidents, load.busiest_shift_start_ms, load.shifts_over_target) == (3, START, 1)
    assert load.incidents_per_shift == pytest.approx(4 / 14)
    assert [(row.name, row.interruptions) for row in load.by_rule] == [("A", 4), ("B", 1), ("C", 1)]
    assert load.by_rule[0].share_ratio == pytest.approx(0.8)
    # 01:20 to 01:30 of the next day.
    assert load.pages_at_night == 2


def test_a_page_that_never_ends_does_not_swallow_the_incidents_of_days() -> None:
    whole, others = _series([(0, DAYS * 24 * 60 + 1)]), _series([(1440 * day, 1440 * day + 10) for day in range(1, 5)])
    load = volume(
        _histories((_rule("A"), whole), (_rule("B"), others)), start_ms=START, end_ms=START + DAYS * 1440 * MINUTE
    )
    assert (load.pages, load.incidents) == (5, 5)


def test_intervals_above_a_value_are_those_of_any_series() -> None:
    series = _series([(0, 5)], [(3, 8)])
    (found,) = intervals_of(series, above=0.5)
    assert (found.start_ms, found.end_ms) == (START, START + 8 * MINUTE)
    assert intervals_of(series, above=1.0) == ()


def test_merging_keeps_order_and_open_ends() -> None:
    joined = merged([Interval(10, 20, is_open=True), Interval(0, 5), Interval(6, 8)], gap_ms=1)
    assert joined == (Interval(0, 8), Interval(10, 20, is_open=True))


def test_the_costliest_finding_comes_first_then_risks_then_hygiene() -> None:
    rules = reviewed_rules(
        [RuleText.of_rules(RuleFile((RuleGroup("g", (_rule("A"), _rule("B", labels=TICKET))),), "r.yml"))]
    )
    found = [
        Finding("no_runbook", 0, "", ""),
        Finding("raw_counter", 1, "", ""),
        Finding("rate_of_sum", 0, "", ""),
        Finding("noisy", 1, "", "", minutes_per_week=5.0),
        Finding("flapping", 0, "", "", minutes_per_week=50.0),
        Finding("missing_for", 0, "", ""),
    ]
    ranked = ranked_findings(found, rules, {})
    # A wait is part of the mending of what flaps.
    assert [one.check for one in ranked.findings] == ["flapping", "noisy", "rate_of_sum", "raw_counter", "no_runbook"]
