"""What many runs at once say about calls, held against the replay that goes from step to step."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.alerting.interruptions import Interval, RuleHistory, fired_steps, merged
from sre.alerting.mending import RuleText
from sre.alerting.review_model import ReviewedRule, assumptions, reviewed_rules
from sre.core.labels import Labels
from sre.core.rules import AlertRule, RuleFile, RuleGroup
from sre.core.rules.alert_replay import alerts_of
from sre.core.rules.alert_states import Holding, active_spans, runs
from sre.core.series import Grid, SeriesSet

MINUTE = 60_000
# Runs of presence and silence, in turn; short ones, so that waits and gaps of a few steps tell.
ROWS = st.lists(st.lists(st.integers(1, 7), min_size=1, max_size=12), min_size=1, max_size=4)
WAITS = st.integers(0, 6)


def _row(lengths: list[int], count: int) -> np.ndarray:
    steps = [place % 2 == 1 for place, length in enumerate(lengths) for _ in range(length)]
    return np.array((steps + [False] * count)[:count], dtype=np.bool_)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 7), max_size=20), WAITS, WAITS)
def test_runs_at_once_fire_when_they_fire_step_by_step(lengths: list[int], hold: int, keep: int) -> None:
    """*Source*: the spans of `active_spans`, which Prometheus' own replay confirms in its tests."""
    present, holding = _row(lengths, 60), Holding(hold, keep)
    wanted = [(span.fired, span.end) for span in active_spans(present, holding) if span.fired is not None]
    starts, ends = fired_steps(*runs(present), holding)
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == wanted


@settings(max_examples=100, deadline=None, derandomize=True)
@given(ROWS, WAITS, WAITS)
def test_calls_are_the_firing_times_of_all_alerts_joined(rows: list[list[int]], hold: int, keep: int) -> None:
    count = 50
    present = np.stack([_row(lengths, count) for lengths in rows])
    labels = tuple(Labels({"host": str(row)}) for row in range(len(rows)))
    series = SeriesSet(Grid(0, MINUTE, count), labels, np.where(present, 1.0, np.nan), present)
    rule = AlertRule("A", "up > 0", for_seconds=hold * 60.0, keep_firing_for_seconds=keep * 60.0)
    history = RuleHistory.of(_reviewed(rule), rule, series)
    times = [
        Interval(span.fired * MINUTE, min(span.end, count - 1) * MINUTE, span.end >= count)
        for alert in alerts_of(rule, series)
        for span in alert.spans
        if span.fired is not None
    ]
    assert history.interruptions() == merged(times, gap_ms=round(assumptions().one_interruption_minutes * MINUTE))
    longer = replace(rule, for_seconds=rule.for_seconds + 60.0)
    changed = RuleHistory.of(_reviewed(longer), longer, series)
    assert history.interruptions(longer) == changed.interruptions()
    assert history.flaps(longer) == changed.flaps()


def _reviewed(rule: AlertRule) -> ReviewedRule:
    (one,) = reviewed_rules([RuleText.of_rules(RuleFile((RuleGroup("g", (rule,)),), "r.yml"))])
    return one
