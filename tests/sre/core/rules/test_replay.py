"""Rules replayed on samples written by hand; what Prometheus itself does is compared in test_replay_on_promtool.py."""

import numpy as np
import pytest

from sre.core.errors import RefusedError
from sre.core.labels import Labels
from sre.core.promql import EvaluationOptions, parse_selector
from sre.core.rules import AlertRule, RecordingRule, RuleGroup
from sre.core.rules.replay import AlertEpisode, Replay, ReplayOptions, replay
from sre.core.series import Grid
from tests.support.memory_store import MemoryStore, samples

MINUTE = 60_000


def _replayed(*rules: AlertRule | RecordingRule, series: list[tuple[str, str]], minutes: int = 10) -> Replay:
    store = MemoryStore([samples(selector, values) for selector, values in series])
    return replay([RuleGroup("g", rules)], store=store, grid=Grid(0, MINUTE, minutes + 1))


def _minutes(episode: AlertEpisode) -> tuple[float | None, ...]:
    instants = (episode.pending_ms, episode.firing_ms, episode.resolved_ms)
    return tuple(None if at is None else at / MINUTE for at in instants)


def _values(result: Replay, selector: str) -> dict[int, float]:
    found = result.recorded.select(parse_selector(selector), start_ms=0, end_ms=10**9)
    assert len(found) == 1
    known = ~np.isnan(found[0].values)
    return dict(zip((found[0].timestamps_ms[known] // MINUTE).tolist(), found[0].values[known].tolist(), strict=True))


def test_an_alert_fires_once_it_has_held_for_so_long_and_resolves_with_the_first_silence() -> None:
    rule = AlertRule("Down", "up == 0", for_seconds=120, labels={"severity": "page"})
    result = _replayed(rule, series=[('up{job="a"}', "1 0 0 0 0 1 0 1 1 1 0")])
    assert [_minutes(one) for one in result.episodes] == [(1, 3, 5), (6, None, 7), (10, None, None)]
    assert result.episodes[0].labels == Labels({"job": "a", "severity": "page"})
    assert (result.rules[0].series_count, result.rules[0].sample_count) == (1, 6)


def test_a_hold_that_is_no_multiple_of_the_interval_ends_at_the_next_evaluation() -> None:
    result = _replayed(AlertRule("Down", "up == 0", for_seconds=90), series=[("up", "1 0 0 0 0 1 1 1 1 1 1")])
    assert [_minutes(one) for one in result.episodes] == [(1, 3, 5)]


def test_an_alert_leaves_when_its_series_goes_away() -> None:
    marked = _replayed(AlertRule("Hot", "t > 5"), series=[("t", "9 9 stale _ _ _ _ _ _ _ _")])
    assert [_minutes(one) for one in marked.episodes] == [(0, 0, 2)]
    # Without a staleness marker the last sample is seen for five minutes; in Prometheus 3 not at the fifth itself.
    silent = _replayed(AlertRule("Hot", "t > 5"), series=[("t", "9 9 _ _ _ _ _ _ _ _ _")])
    assert [_minutes(one) for one in silent.episodes] == [(0, 0, 6)]


def test_a_kept_alert_goes_on_through_short_silences() -> None:
    rule = AlertRule("Hot", "t > 5", for_seconds=60, keep_firing_for_seconds=120)
    result = _replayed(rule, series=[("t", "9 9 1 1 9 1 1 1 1 9 1")])
    # Silent from minute 5, kept until 7; what begins at 9 has to hold again first.
    assert [_minutes(one) for one in result.episodes] == [(0, 1, 7), (9, None, 10)]


@pytest.mark.parametrize(
    ("expr", "peak"),
    [("t > 5", 9.0), ("5 < t", 9.0), ("t < 20", 6.0), ("20 > t", 6.0), ("t > 5 and t < 20", 9.0), ("t", 9.0)],
)
def test_the_worst_value_is_the_one_furthest_over_the_bound(expr: str, peak: float) -> None:
    result = _replayed(AlertRule("Odd", expr), series=[("t", "6 9 7 8 8 8 8 8 8 8 8")])
    assert [one.peak_value for one in result.episodes] == [peak]


def test_later_rules_see_what_earlier_ones_record_and_its_end() -> None:
    result = _replayed(
        RecordingRule("job:t:sum", 'sum by (job) (t{host!="b"} > 3)', labels={"team": "x", "job": ""}),
        AlertRule("High", 'job:t:sum{team="x"} > 15'),
        series=[('t{job="a",host="a"}', "5 9 9 0 0 9 0 0 0 0 0"), ('t{job="a",host="c"}', "5 9 9 0 0 9 0 0 0 0 0")],
    )
    assert _values(result, "job:t:sum") == {0: 10, 1: 18, 2: 18, 5: 18}
    assert [_minutes(one) for one in result.episodes] == [(1, 1, 3), (5, 5, 6)]
    assert result.episodes[0].labels == Labels({"team": "x"})


def test_what_a_later_rule_records_is_seen_one_evaluation_late() -> None:
    result = _replayed(
        AlertRule("High", "copy > 5"), RecordingRule("copy", "t"), series=[("t", "1 9 9 1 1 1 1 1 1 1 1")]
    )
    assert [_minutes(one) for one in result.episodes] == [(2, 2, 4)]


def test_rules_that_read_themselves_or_each_other_are_refused_by_name() -> None:
    result = _replayed(
        RecordingRule("total", "total + 1 or vector(0)"),
        RecordingRule("a", "b + t"),
        RecordingRule("b", "a * 2"),
        AlertRule("High", "a > 0"),
        AlertRule("Fine", "t > 0"),
        series=[("t", "1 1 1")],
        minutes=2,
    )
    problems = {rule.rule.expr: rule.problem for rule in result.rules}
    assert "itself" in problems["total + 1 or vector(0)"]
    assert '"a", "b"' in problems["b + t"]
    assert '"a"' in problems["a > 0"]
    assert problems["t > 0"] == ""
    assert [one.alert for one in result.episodes] == ["Fine"]


def test_alerts_about_alerts_see_the_series_of_the_others() -> None:
    result = _replayed(
        AlertRule("Low", "t < 5", for_seconds=120),
        AlertRule("Quiet", 'ALERTS{alertname="Low",alertstate="firing"}'),
        series=[("t", "1 1 1 1 1 9 9 9 9 9 9")],
    )
    assert [(one.alert, *_minutes(one)) for one in result.episodes] == [("Low", 0, 2, 5), ("Quiet", 2, 2, 5)]
    assert _values(result, 'ALERTS{alertname="Low",alertstate="pending"}') == {0: 1, 1: 1}
    assert set(_values(result, 'ALERTS_FOR_STATE{alertname="Low"}').values()) == {0.0}


def test_labels_come_from_the_series_and_from_simple_templates() -> None:
    rule = AlertRule(
        "Hot", "t > 5", labels={"where": "{{ $labels.host }}/{{.Labels.none}}", "x": "{{ $value | humanizeDuration }}"}
    )
    result = _replayed(rule, series=[('t{host="a"}', "9 9 9")], minutes=2)
    assert result.episodes[0].labels == Labels({"host": "a", "where": "a/", "x": "{{ $value | humanizeDuration }}"})


def test_a_value_in_a_label_makes_another_alert_of_every_value() -> None:
    rule = AlertRule("Hot", "t > 5", for_seconds=60, labels={"now": "{{ $value }}"})
    result = _replayed(rule, series=[("t", "7 7.5 7.5 8 8 8 1 1 1 1 1")])
    assert [(one.labels["now"], *_minutes(one)) for one in result.episodes] == [
        ("7", 0, None, 1),
        ("7.5", 1, 2, 3),
        ("8", 3, 4, 6),
    ]


def test_a_group_with_a_longer_interval_is_evaluated_more_seldom() -> None:
    store = MemoryStore([samples("t", "1 9 9 1 9 9 9 9 9 9 9")])
    groups = [RuleGroup("slow", (AlertRule("High", "t > 5"),), interval_seconds=180)]
    result = replay(groups, store=store, grid=Grid(0, MINUTE, 11))
    assert [_minutes(one) for one in result.episodes] == [(6, 6, None)]


def test_rules_that_cannot_be_evaluated_say_so_and_do_not_stop_the_others() -> None:
    result = _replayed(
        AlertRule("Broken", "rate(t["),
        AlertRule("Range", "t[5m]"),
        AlertRule("Twice", "t > 5", labels={"host": "same"}),
        AlertRule("Pinned", "t @ end() > 5"),
        AlertRule("Always", "1"),
        series=[('t{host="a"}', "9 9 9"), ('t{host="b"}', "9 9 9")],
        minutes=2,
    )
    assert "PromQL" in result.rules[0].problem
    assert "matrix" in result.rules[1].problem
    assert "same labels" in result.rules[2].problem
    assert "@ end()" in result.rules[3].problem
    assert [(one.alert, *_minutes(one)) for one in result.episodes] == [("Always", 0, 0, None)]


def test_recorded_series_take_the_place_of_those_with_the_same_labels() -> None:
    result = _replayed(RecordingRule("copy", "t * 2"), series=[("t", "1 2 3"), ("copy", "7 7 7")], minutes=2)
    assert _values(result, "copy") == {0: 2, 1: 4, 2: 6}


def test_the_replay_ends_when_it_is_told_to() -> None:
    options = ReplayOptions(EvaluationOptions(should_stop=lambda: True))
    with pytest.raises(RefusedError):
        replay(
            [RuleGroup("g", (AlertRule("A", "t"),))], store=MemoryStore([]), grid=Grid(0, MINUTE, 2), options=options
        )


def test_a_chain_of_thousands_of_rules_is_followed() -> None:
    """*Our choice*: in reverse order, so that each rule waits for all behind it."""
    count = 3_000
    rules = [RecordingRule(f"r{index}", f"r{index + 1}") for index in range(count)]
    result = _replayed(*rules, RecordingRule(f"r{count}", "t"), series=[("t", "1 1 1")], minutes=2)
    assert not result.problems
    assert result.rules[count].sample_count == 3
    # One evaluation later for each rule in between.
    assert [result.rules[index].sample_count for index in (count - 1, count - 2, count - 3)] == [2, 1, 0]
