"""The rules of an SLO: what they hold, and what they do on outages whose effect plain addition knows."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.conventions import bad_record, error_ratio_record, total_record
from sre.core.errors import InputError
from sre.core.labels import Labels
from sre.core.promql import EvaluationOptions, evaluate_instant, evaluate_range, parse
from sre.core.rules import read_rule_file
from sre.core.rules.replay import ReplayOptions, replay
from sre.core.series import Grid, Samples
from sre.core.slo.model import AlertingSettings, RatioIndicator, Slo, TierSetting, TimeSlices
from sre.core.slo.windows import CalendarWindow, RollingWindow, period_at
from sre.core.times import Duration, epoch_ms
from sre.slo.calendar_rules import calendar_queries
from sre.slo.rule_trial import failures
from sre.slo.rules import SloRules, slo_rules
from sre.slo.scenarios import scenarios, untested_tiers
from sre.slo.trial import Subject
from tests.support.memory_store import MemoryStore
from tests.support.slo_shapes import AT, SHAPES, UPGRADE, shape

each_shape = pytest.mark.parametrize("name", SHAPES)
DIALECTS = {"Prometheus 2": False, "Prometheus 3": True}


@each_shape
@pytest.mark.parametrize("left_open", DIALECTS.values(), ids=DIALECTS)
def test_rules_do_in_every_scenario_what_plain_addition_says(name: str, left_open: bool) -> None:
    subject = Subject.of(slo_rules(SHAPES[name], at=AT))
    made = scenarios(subject)
    assert made
    assert failures(subject, made, options=EvaluationOptions(left_open=left_open)) == ()


@each_shape
def test_a_rule_file_reads_back_as_the_rules_it_was_written_from(name: str) -> None:
    rules = slo_rules(SHAPES[name], at=AT)
    text = rules.yaml()
    assert read_rule_file(text, path=rules.file.path) == rules.file
    assert "---" not in text


@each_shape
def test_every_window_that_an_alert_compares_is_recorded(name: str) -> None:
    rules = slo_rules(SHAPES[name], at=AT)
    recorded = [rule.record for rule in rules.file.records()]
    assert len(recorded) == len(set(recorded))
    for tier in rules.tiers.used:
        assert {error_ratio_record(tier.long_seconds), error_ratio_record(tier.short_seconds)} <= set(recorded)


@each_shape
def test_no_rule_means_a_ratio_over_time(name: str) -> None:
    assert not any("avg_over_time" in rule.expr for rule in slo_rules(SHAPES[name], at=AT).file.rules())


def test_the_thresholds_of_the_workbook_are_written_exactly() -> None:
    """Source: The Site Reliability Workbook, ch. 5, table 5-8: 14.4, 6, 3 and 1 times 0.001 at 99.9 %."""
    exprs = "\n".join(rule.expr for rule in slo_rules(SHAPES["ratio"], at=AT).file.alerts())
    for window, threshold in (("1h", "0.0144"), ("5m", "0.0144"), ("6h", "0.006"), ("30m", "0.006"),
                              ("1d", "0.003"), ("2h", "0.003"), ("3d", "0.001"), ("6h", "0.001")):  # fmt: skip
        assert f'slo:sli_error:ratio_rate{window}{{slo="ratio"}} > {threshold}\n' in exprs + "\n"


def test_a_tier_that_can_never_fire_is_refused_with_the_reason() -> None:
    """14.4 x 0.1 = 1.44 asks for more errors than there are requests."""
    tiers = slo_rules(shape("lax", objective=0.9), at=AT).tiers
    assert [tier.name for tier in tiers.used] == ["medium", "slow", "steady"]
    refused = tiers.left_out[0]
    assert (refused.name, refused.is_refused) == ("fast", True)
    assert "1.44" in refused.reason


def test_an_slo_of_which_no_tier_can_fire_is_an_error() -> None:
    off = {name: TierSetting(is_enabled=False) for name in ("fast", "medium", "slow", "steady")}
    with pytest.raises(InputError, match="No burn-rate tier"):
        slo_rules(shape("off", alerting=AlertingSettings(tiers=off)), at=AT)


def test_the_definition_decides_on_tiers_severities_labels_and_texts() -> None:
    chosen = AlertingSettings(
        tiers={"medium": TierSetting(severity="ticket"), "slow": TierSetting(is_enabled=False)},
        labels={"team": "shop", "slo": "not-this"},
        annotations={"chat": "#shop"},
        runbook_url="https://runbooks.example/{alert}",
        dashboard_url="https://dashboards.example/a",
    )
    alerts = slo_rules(shape("chosen", alerting=chosen), at=AT).file.alerts()
    burn = {alert.labels["tier"]: alert for alert in alerts if "tier" in alert.labels}
    assert list(burn) == ["fast", "medium", "steady"]
    assert burn["medium"].labels == {
        "team": "shop", "slo": "chosen", "service": "shop", "tier": "medium", "severity": "ticket"
    }  # fmt: skip
    assert burn["fast"].annotations["chat"] == "#shop"
    assert burn["fast"].annotations["runbook_url"] == "https://runbooks.example/ChosenBudgetBurn"
    assert burn["fast"].annotations["dashboard_url"] == "https://dashboards.example/a"


def test_braces_in_a_service_name_are_no_template() -> None:
    odd = replace(shape("odd"), service="{{ fail }}")
    label = slo_rules(odd, at=AT).file.alerts()[0].labels["service"]
    assert label == '{{ "{{" }} fail }}'


def test_slices_too_coarse_for_a_tiers_windows_leave_it_out() -> None:
    coarse = shape("hourly", budgeting=TimeSlices(Duration(3600), 0.99), objective=0.99)
    left = {tier.name: tier.reason for tier in slo_rules(coarse, at=AT).tiers.left_out}
    assert "too coarse" in left["fast"]


def test_a_single_bad_slice_cannot_be_told_from_a_fast_burn() -> None:
    """One slice of six is 17 %, above 14.4 times 1 %: no slower tier can fire without the fast one."""
    subject = Subject.of(slo_rules(SHAPES["slices"], at=AT))
    assert untested_tiers(subject, scenarios(subject)) == ("medium", "slow", "steady")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("unit", ["week", "month", "quarter", "year"])
def test_calendar_periods_begin_and_last_as_the_calendar_says(unit: str, zone: str) -> None:
    window = CalendarWindow(unit, zone)  # type: ignore[arg-type]
    queries = calendar_queries(window, at=AT)
    for days in (0.0, 0.37, 1.5, 30.2, 58.9, 121.4, 150.01, 179.6, 240.3):
        at = AT + timedelta(days=days)
        period = period_at(window, at=at)
        start, length = (
            evaluate_instant(query, store=MemoryStore([]), at_ms=epoch_ms(at)).values.tolist()
            for query in (queries.start, queries.length)
        )
        assert (start, length) == ([period.start.timestamp()], [period.seconds])


@pytest.mark.parametrize("year", [2023, 2024, 2100])
def test_quarters_and_years_know_leap_days(year: int) -> None:
    for unit in ("month", "quarter", "year"):
        window = CalendarWindow(unit)  # type: ignore[arg-type]
        queries = calendar_queries(window, at=AT)
        for month in range(1, 13):
            at = datetime(year, month, 28, 23, 59, 59, tzinfo=UTC)
            period = period_at(window, at=at)
            found = [
                evaluate_instant(query, store=MemoryStore([]), at_ms=epoch_ms(at)).values[0]
                for query in (queries.start, queries.length)
            ]
            assert found == [period.start.timestamp(), period.seconds]


def _counters(bad: list[float], total: list[float], *, start_ms: int, every_ms: int = 60_000) -> MemoryStore:
    times = start_ms + every_ms * np.arange(len(total) + 1, dtype=np.int64)
    failed = np.concatenate([[0.0], np.cumsum(bad)])
    fine = np.concatenate([[0.0], np.cumsum(np.array(total) - np.array(bad))])
    return MemoryStore(
        [
            Samples(Labels({"__name__": "reqs_total", "code": "500"}), times, failed),
            Samples(Labels({"__name__": "reqs_total", "code": "200"}), times, fine),
        ]
    )


def _evaluated(rules: SloRules, store: MemoryStore, *, start_ms: int, steps: int, step_ms: int = 300_000):  # type: ignore[no-untyped-def]
    groups = [replace(group, interval_seconds=None) for group in rules.file.groups]
    options = ReplayOptions(EvaluationOptions(left_open=False))
    done = replay(groups, store=store, grid=Grid(start_ms, step_ms, steps + 1), options=options)
    assert done.problems == ()
    return done


def _at(done: object, name: str, at_ms: int) -> list[float]:
    return evaluate_instant(name, store=done.recorded, at_ms=at_ms).values.tolist()  # type: ignore[attr-defined]


def test_a_calendar_budget_starts_afresh_when_the_period_does() -> None:
    """Two days over the end of October 2026 in Berlin (23:00Z): a failure before it is gone after, one after counts."""
    slo = shape("berlin", window=CalendarWindow("month", "Europe/Berlin"))
    start = datetime(2026, 10, 31, 12, tzinfo=UTC)
    minutes = 24 * 60
    total = [100.0] * minutes
    bad = [0.0] * minutes
    bad[5 * 60], bad[13 * 60] = 50.0, 7.0
    store = _counters(bad, total, start_ms=epoch_ms(start))
    done = _evaluated(slo_rules(slo, at=AT), store, start_ms=epoch_ms(start), steps=minutes // 5)
    before, after = epoch_ms(datetime(2026, 10, 31, 23, tzinfo=UTC)), epoch_ms(start + timedelta(hours=24))
    # At the very end of October the base window that ends then is already of the month under way, and it is empty.
    assert _at(done, "slo:period_bad:sum", before - 300_000) == pytest.approx([50.0])
    assert _at(done, "slo:period_bad:sum", after) == pytest.approx([7.0])
    assert _at(done, "slo:period_total:sum", after) == pytest.approx([13 * 60 * 100.0])
    elapsed = 13 / (30 * 24)
    left = 1 - 7 / (13 * 60 * 100) * elapsed / 0.001
    assert _at(done, "slo:error_budget_remaining:ratio", after) == pytest.approx([left])


def test_an_outage_inside_maintenance_alerts_nobody_and_costs_nothing() -> None:
    slo = SHAPES["maintained"]
    start = UPGRADE.start - timedelta(hours=2)
    minutes = 6 * 60
    bad = [0.0] * minutes
    bad[125:235] = [1000.0] * 110
    bad[300:304] = [10.0] * 4
    store = _counters(bad, [1000.0] * minutes, start_ms=epoch_ms(start))
    done = _evaluated(slo_rules(slo, at=AT), store, start_ms=epoch_ms(start), steps=minutes, step_ms=60_000)
    assert [one for one in done.episodes if one.firing_ms is not None] == []
    assert _at(done, "slo:period_bad:sum", epoch_ms(start + timedelta(minutes=minutes))) == pytest.approx([40.0])
    ratio = _at(done, error_ratio_record(3600.0), epoch_ms(UPGRADE.end + timedelta(minutes=30)))
    assert ratio == pytest.approx([0.0])


def test_without_maintenance_the_same_outage_pages() -> None:
    start = UPGRADE.start - timedelta(hours=2)
    minutes = 4 * 60
    bad = [0.0] * minutes
    bad[125:235] = [1000.0] * 110
    store = _counters(bad, [1000.0] * minutes, start_ms=epoch_ms(start))
    done = _evaluated(slo_rules(SHAPES["ratio"], at=AT), store, start_ms=epoch_ms(start), steps=minutes, step_ms=60_000)
    assert {one.labels["tier"] for one in done.episodes if one.firing_ms is not None} == {
        "fast",
        "medium",
        "slow",
        "steady",
    }


def test_maintenance_that_no_window_reaches_any_more_is_left_out() -> None:
    rules = slo_rules(SHAPES["maintained"], at=UPGRADE.end + timedelta(days=3, seconds=1))
    assert rules.file.groups == replace(rules, file=slo_rules(shape("maintained"), at=AT).file).file.groups


@given(
    bad_share=st.lists(st.sampled_from([0.0, 0.0, 0.002, 0.02, 0.3, 1.0]), min_size=12, max_size=24),
    traffic=st.lists(st.integers(0, 2000), min_size=12, max_size=24),
    objective=st.sampled_from([0.95, 0.99, 0.999]),
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_alerts_fire_exactly_when_both_windows_hold_too_many_bad_events(
    bad_share: list[float], traffic: list[int], objective: float
) -> None:
    """Blocks of ten minutes of random traffic and errors; the judge adds events up in plain loops."""
    blocks = list(zip(bad_share, traffic, strict=False))
    total = [float(count) for _, count in blocks for _ in range(10)]
    bad = [float(round(share * count)) for share, count in blocks for _ in range(10)]
    slo = shape("random", objective=objective, window=RollingWindow(Duration(30 * 86_400)))
    rules = slo_rules(slo, at=AT)
    done = _evaluated(rules, _counters(bad, total, start_ms=0), start_ms=0, steps=len(total), step_ms=60_000)
    for tier in rules.tiers.used:
        firing = {
            minute
            for one in done.episodes
            if one.labels.get("tier") == tier.name
            for minute in range(one.pending_ms // 60_000, (one.resolved_ms or (len(total) + 1) * 60_000) // 60_000)
        }
        for minute in range(1, len(total) + 1):
            state = _state(bad, total, minute, tier.long_seconds, tier.short_seconds, tier.factor * (1 - objective))
            assert state is None or (minute in firing) == state, (tier.name, minute)


def _state(
    bad: list[float], total: list[float], minute: int, long_seconds: float, short_seconds: float, threshold: float
) -> bool | None:
    states = []
    for seconds in (long_seconds, short_seconds):
        first = max(0, minute - round(seconds / 60))
        events, failed = sum(total[first:minute]), sum(bad[first:minute])
        ratio = failed / events if events else 0.0
        states.append(None if math.isclose(ratio, threshold, rel_tol=1e-6) else ratio > threshold)
    if False in states:
        return False
    return None if None in states else True


def test_nothing_recorded_is_ever_nan() -> None:
    total = [100.0] * 20 + [0.0] * 90 + [100.0] * 20
    store = _counters([0.0] * len(total), total, start_ms=0)
    done = _evaluated(slo_rules(SHAPES["ratio"], at=AT), store, start_ms=0, steps=len(total), step_ms=60_000)
    for name in {rule.record for rule in slo_rules(SHAPES["ratio"], at=AT).file.records()}:
        series = evaluate_range(name, store=done.recorded, grid=Grid(0, 60_000, len(total) + 1)).series
        assert np.isfinite(series.values[series.present]).all(), name


def test_bad_counts_are_zero_and_not_absent_before_the_first_failure() -> None:
    store = _counters([0.0] * 20, [10.0] * 20, start_ms=0)
    only_good = MemoryStore(store.series[1:])
    done = _evaluated(slo_rules(SHAPES["ratio"], at=AT), only_good, start_ms=0, steps=20, step_ms=60_000)
    assert _at(done, bad_record(), 1_200_000) == [0.0]
    assert _at(done, total_record(), 1_200_000) == pytest.approx([50.0])


@pytest.mark.parametrize("slo", SHAPES.values(), ids=SHAPES)
def test_every_expression_parses_here(slo: Slo) -> None:
    for rule in slo_rules(slo, at=AT).file.rules():
        parse(rule.expr)


def test_a_counter_expression_that_is_none_is_refused() -> None:
    with pytest.raises(InputError):
        slo_rules(shape("gauge", RatioIndicator(bad="avg(x)", total="y")), at=AT)
