"""The two counts of an SLO, evaluated on samples made by hand and counted by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from sre.core.labels import Labels
from sre.core.promql import EvaluationOptions, evaluate_instant
from sre.core.series import Samples
from sre.core.slo.model import (
    Indicator,
    MaintenanceWindow,
    RatioIndicator,
    RawRatioIndicator,
    Slo,
    ThresholdIndicator,
    TimeSlices,
)
from sre.core.slo.sli_queries import sli_queries
from sre.core.slo.windows import RollingWindow
from sre.core.times import Duration, epoch_ms
from tests.support.memory_store import MemoryStore

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
STEP_SECONDS = 15
HOURS = 3


def _series(per_step: float, *, name: str = "reqs_total", start: int = 0, **labels: str) -> Samples:
    count = HOURS * 3600 // STEP_SECONDS + 1
    steps = np.arange(start, count)
    times = epoch_ms(START) + steps * STEP_SECONDS * 1000
    return Samples(Labels({"__name__": name, **labels}), times.astype(np.int64), (steps * per_step).astype(np.float64))


def _gauge(values: list[float], *, name: str = "gauge", **labels: str) -> Samples:
    """One value a minute."""
    times = epoch_ms(START) + np.arange(len(values)) * 60_000
    return Samples(Labels({"__name__": name, **labels}), times.astype(np.int64), np.array(values, dtype=np.float64))


def _slo(indicator: Indicator, **others: object) -> Slo:
    return Slo("x", 0.99, RollingWindow(Duration(30 * 86400)), indicator, **others)  # type: ignore[arg-type]


def _counts(
    slo: Slo, samples: list[Samples], *, window: str = "1h", at_hours: float = 2, left_open: bool = True
) -> dict[str, tuple[float, float]]:
    queries = sli_queries(slo)
    seconds = {"1h": 3600.0, "2h": 7200.0}[window]
    at_ms = epoch_ms(START + timedelta(hours=at_hours))
    store = MemoryStore(samples)
    options = EvaluationOptions(left_open=left_open)
    bad = evaluate_instant(queries.bad_over(seconds), store=store, at_ms=at_ms, options=options)
    total = evaluate_instant(queries.total_over(seconds), store=store, at_ms=at_ms, options=options)
    bads = dict(zip(map(str, bad.labels), bad.values.tolist(), strict=True))
    return {str(labels): (bads[str(labels)], value) for labels, value in zip(total.labels, total.values, strict=True)}


def _only(counts: dict[str, tuple[float, float]]) -> tuple[float, float]:
    assert list(counts) == ["{}"] or list(counts) == [""]
    return next(iter(counts.values()))


OK, FAIL = _series(9, code="200"), _series(1, code="500")


@pytest.mark.parametrize(
    "indicator",
    [
        RatioIndicator(bad='reqs_total{code="500"}', total="reqs_total"),
        RatioIndicator(good='reqs_total{code="200"}', total="reqs_total"),
        RatioIndicator(good='reqs_total{code="200"}', bad='reqs_total{code="500"}'),
        RatioIndicator(bad='sum(increase(reqs_total{code="500"}[$window]))', total="sum(rate(reqs_total[$window]))"),
        RatioIndicator(bad='reqs_total{code="500"} + reqs_total{code="503"}', total="reqs_total"),
    ],
)
def test_every_spelling_of_a_ratio_counts_the_same(indicator: RatioIndicator) -> None:
    bad, total = _only(_counts(_slo(indicator), [OK, FAIL]))
    assert (bad, total) == (pytest.approx(240), pytest.approx(2400))


@pytest.mark.parametrize(
    "indicator",
    [
        RatioIndicator(bad='reqs_total{code="500"}', total="reqs_total"),
        RatioIndicator(good='reqs_total{code="200"}', total="reqs_total"),
        RatioIndicator(good='reqs_total{code="200"}', bad='reqs_total{code="500"}'),
    ],
)
def test_no_bad_is_zero_where_no_series_of_it_exists_yet(indicator: RatioIndicator) -> None:
    assert _only(_counts(_slo(indicator), [OK])) == (pytest.approx(0), pytest.approx(2160))


def test_no_events_at_all_are_absent_not_zero() -> None:
    slo = _slo(RatioIndicator(bad='reqs_total{code="500"}', total="reqs_total"))
    assert _counts(slo, [_series(1, name="other")]) == {}


def test_no_traffic_has_no_ratio_and_not_nan() -> None:
    queries = sli_queries(_slo(RatioIndicator(bad='reqs_total{code="500"}', total="reqs_total")))
    store = MemoryStore([_series(0, code="200")])
    found = evaluate_instant(queries.error_ratio_over(3600), store=store, at_ms=epoch_ms(START + timedelta(hours=2)))
    assert found.labels == ()


def test_groups_are_counted_apart_also_where_one_has_no_errors() -> None:
    slo = _slo(RatioIndicator(bad='reqs_total{code="500"}', total="reqs_total"), group_by=("region",))
    samples = [
        _series(9, code="200", region="eu"),
        _series(1, code="500", region="eu"),
        _series(5, code="200", region="us"),
    ]
    counts = _counts(slo, samples)
    assert counts == {
        '{region="eu"}': (pytest.approx(240), pytest.approx(2400)),
        '{region="us"}': (pytest.approx(0), pytest.approx(1200)),
    }


@pytest.mark.parametrize("left_open", [True, False], ids=["Prometheus 3", "Prometheus 2"])
def test_a_threshold_counts_the_minutes_beyond_it_and_leaves_nan_out(left_open: bool) -> None:
    minutes = [0.1] * 120
    minutes[70:80] = [0.9] * 10
    minutes[80:85] = [float("nan")] * 5
    slo = _slo(ThresholdIndicator("gauge", "lte", 0.5))
    bad, total = _only(_counts(slo, [_gauge(minutes)], left_open=left_open))
    assert (bad, total) == (10, 55)


@pytest.mark.parametrize(("values", "is_failure"), [((0.25, 0.0), True), ((0.75, 1.0), False)])
def test_a_raw_ratio_is_added_up_minute_by_minute(values: tuple[float, float], is_failure: bool) -> None:
    minutes = [values[1]] * 120
    minutes[70:80] = [values[0]] * 10
    slo = _slo(RawRatioIndicator("gauge", is_failure=is_failure))
    assert _only(_counts(slo, [_gauge(minutes)])) == (pytest.approx(2.5), 60)


@pytest.mark.parametrize("left_open", [True, False], ids=["Prometheus 3", "Prometheus 2"])
def test_time_slices_count_the_slices_in_which_too_many_failed(left_open: bool) -> None:
    """Ten slices of five minutes; in two of them every tenth request fails, in one every hundredth (allowed: 5 %)."""
    steps = HOURS * 3600 // STEP_SECONDS + 1
    minute = np.arange(steps) * STEP_SECONDS // 60
    failing = np.where((minute >= 60) & (minute < 70), 1.0, np.where((minute >= 90) & (minute < 95), 0.1, 0.0))
    bad = Samples(
        Labels({"__name__": "reqs_total", "code": "500"}),
        (epoch_ms(START) + np.arange(steps) * STEP_SECONDS * 1000).astype(np.int64),
        np.concatenate([[0.0], np.cumsum(failing)[:-1]]),
    )
    slo = _slo(
        RatioIndicator(bad='reqs_total{code="500"}', total="reqs_total"),
        budgeting=TimeSlices(Duration(300), 0.95),
    )
    assert _only(_counts(slo, [OK, bad], left_open=left_open)) == (2, 12)


@pytest.mark.parametrize("left_open", [True, False], ids=["Prometheus 3", "Prometheus 2"])
def test_a_maintenance_window_does_not_count(left_open: bool) -> None:
    during = MaintenanceWindow(START + timedelta(minutes=60), START + timedelta(minutes=90), "upgrade")
    slo = _slo(RatioIndicator(bad='reqs_total{code="500"}', total="reqs_total"), maintenance=(during,))
    bad, total = _only(_counts(slo, [OK, FAIL], left_open=left_open))
    # Windows that touch the maintenance are left out whole: 01:05 to 01:30, and the one that ends at 01:35 does count.
    assert (bad, total) == (pytest.approx(120), pytest.approx(1200))


@pytest.mark.parametrize("left_open", [True, False], ids=["Prometheus 3", "Prometheus 2"])
def test_maintenance_takes_away_just_the_samples_inside_it(left_open: bool) -> None:
    """Looked at from 02:00 over an hour: the 60 minutes 01:01 to 02:00; 01:12 to 01:29 do not count, four bad among them."""
    minutes = [0.1] * 121
    minutes[70:76] = [0.9] * 6
    during = MaintenanceWindow(START + timedelta(minutes=72), START + timedelta(minutes=90), "upgrade")
    slo = _slo(ThresholdIndicator("gauge", "lte", 0.5), maintenance=(during,))
    assert _only(_counts(slo, [_gauge(minutes)], left_open=left_open)) == (2, 42)


def test_outside_its_reach_a_maintenance_window_changes_nothing() -> None:
    before = MaintenanceWindow(START - timedelta(hours=5), START - timedelta(hours=4))
    slo = _slo(RatioIndicator(bad='reqs_total{code="500"}', total="reqs_total"), maintenance=(before,))
    assert _only(_counts(slo, [OK, FAIL])) == (pytest.approx(240), pytest.approx(2400))
