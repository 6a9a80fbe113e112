"""Scenarios: nothing asked changes nothing, more is never later, and the arithmetic is that of compound growth."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.assumed import assumed_growth, crossing_seconds
from sre.capacity.forecast import forecast
from sre.capacity.model import MONTH_SECONDS, Change, Request, Scenario, Step
from sre.capacity.scenario import applied, check_reach, short_changes
from sre.core.errors import InputError
from tests.support.capacity_series import DAY, MONDAY_MS, history_of, law

DAY_MS = 86_400_000
MONTHLY = MONDAY_MS + np.round(np.arange(1, 13) * MONTH_SECONDS * 1000).astype(np.int64)
LAST_MS = MONDAY_MS + 119 * DAY_MS


def _applied(paths: np.ndarray, scenario: Scenario, *, is_stock: bool = False, **others: Any) -> np.ndarray:
    options = {"times_ms": MONTHLY, "last_ms": MONDAY_MS, "last_value": 0.0, **others}
    return applied(paths, scenario, is_stock=is_stock, **options)


def test_a_level_compounds_month_by_month() -> None:
    """Worked example: 10 % a month is 1.21 after two months and 1.1^12 = 3.138 after a year."""
    grown = _applied(np.full(12, 100.0), Scenario(0.10))
    assert grown[1] == pytest.approx(121.0, rel=1e-6)
    assert grown[11] == pytest.approx(313.84, rel=1e-4)


def test_growth_of_a_level_is_multiplied() -> None:
    """Worked example: 100 and ten more a month; a fifth faster that is 100 and twelve more a month."""
    line = 100 + 10.0 * np.arange(1, 13)
    assert _applied(line, Scenario(growth_factor=1.2), drift_per_month=10.0) == pytest.approx(
        100 + 12.0 * np.arange(1, 13)
    )
    assert _applied(line, Scenario(growth_factor=0.0), drift_per_month=10.0) == pytest.approx(np.full(12, 100.0))


def test_a_level_that_shrinks_has_no_growth_to_be_faster() -> None:
    line = 100 - 5.0 * np.arange(1, 13)
    assert _applied(line, Scenario(growth_factor=1.5), drift_per_month=-5.0) == pytest.approx(line)


def test_growth_of_a_stock_is_multiplied() -> None:
    """Worked example: a disk with 500 free loses ten a month; a fifth faster it has 500 - 144 left after a year."""
    free = 500 - 10.0 * np.arange(1, 13)
    assert _applied(free, Scenario(growth_factor=1.2), is_stock=True, last_value=500.0)[11] == pytest.approx(356)


def test_a_factor_multiplies_a_level_from_its_day_on_or_on_that_day_alone() -> None:
    stays = _applied(np.full(12, 100.0), Scenario(changes=(Change(int(MONTHLY[5]), factor=3.0),)))
    passes = _applied(
        np.full(12, 100.0), Scenario(changes=(Change(int(MONTHLY[5]), int(MONTHLY[5]) + DAY_MS, factor=3.0),))
    )
    assert stays.tolist() == [100.0] * 5 + [300.0] * 7
    assert passes.tolist() == [100.0] * 5 + [300.0] + [100.0] * 6


def test_what_is_added_is_not_multiplied() -> None:
    """Worked example: three times 100, and 500 that were moved here: 800."""
    both = Scenario(changes=(Change(MONDAY_MS, added=500.0), Change(MONDAY_MS, factor=3.0)))
    assert _applied(np.full(12, 100.0), both).tolist() == [800.0] * 12


def test_a_factor_multiplies_the_rate_at_which_a_stock_fills() -> None:
    """Worked example: ten a month; after the sixth month twice that, so 60 + 2 x 60 after a year."""
    filled = 10.0 * np.arange(1, 13)
    stepped = _applied(filled, Scenario(changes=(Change(int(MONTHLY[5]), factor=2.0),)), is_stock=True)
    assert stepped[5] == pytest.approx(60)
    assert stepped[11] == pytest.approx(180)


def test_a_stock_keeps_what_a_busy_day_left_behind() -> None:
    """Worked example: 30.44 a month is one a day; three times that for ten days leaves 20 more behind."""
    filled = MONTH_SECONDS / DAY * np.arange(1, 13)
    busy = Change(int(MONTHLY[2]) + DAY_MS, int(MONTHLY[2]) + 11 * DAY_MS, factor=3.0)
    stepped = _applied(filled, Scenario(changes=(busy,)), is_stock=True)
    assert stepped[2] == pytest.approx(filled[2])
    assert stepped[3:] == pytest.approx(filled[3:] + 20)


@pytest.mark.parametrize("ratio", [10.0, -0.99])
@pytest.mark.parametrize("is_stock", [False, True])
def test_growth_without_end_overflows_nothing(ratio: float, is_stock: bool) -> None:
    """1,100 % a month over 160 years, and all but nothing left of it: numbers, and a refusal where it can be mended."""
    times = Step(30 * DAY).times_after(MONDAY_MS, 2000)
    made = _applied(np.linspace(-5, 5, 2000), Scenario(ratio), is_stock=is_stock, times_ms=times, last_ms=MONDAY_MS)
    assert np.isfinite(made).all()
    if ratio > 0:
        with pytest.raises(InputError, match="is no plan"):
            check_reach(Request(2000, scenario=Scenario(ratio)), last_ms=MONDAY_MS, step=Step(30 * DAY))


def test_a_change_shorter_than_a_step_holds_for_the_next_step_and_is_told() -> None:
    short = Change(int(MONTHLY[2]) + DAY_MS, int(MONTHLY[2]) + 2 * DAY_MS, factor=3.0)
    made = _applied(np.full(12, 100.0), Scenario(changes=(short,)))
    assert made.tolist() == [100.0] * 3 + [300.0] + [100.0] * 8
    assert short_changes(Scenario(changes=(short,)), times_ms=MONTHLY) == (short,)
    assert short_changes(Scenario(changes=(Change(MONDAY_MS, factor=2.0),)), times_ms=MONTHLY) == ()


def test_nothing_asked_changes_nothing() -> None:
    history = history_of(law(300, lambda i: 50 + i, noise=3.0), step_seconds=DAY)
    plain = forecast(history, Request(30, threshold=400.0))
    same = forecast(history, Request(30, threshold=400.0, scenario=Scenario(0.0, 1.0, ())))
    assert np.array_equal(plain.expected, same.expected)
    assert plain.exhaustion == same.exhaustion


def _history(kind: str, seed: int) -> Any:
    slopes = {"level": (100.0, 0.3), "stock": (10.0, 2.0), "draining": (500.0, -2.0), "negative": (-100.0, 0.3)}
    start, slope = slopes[kind]
    rng = np.random.default_rng(seed)
    values = (
        start + np.cumsum(np.maximum(rng.normal(slope, 1, 120), 0))
        if kind == "stock"
        else law(120, lambda i: start + slope * i, noise=4.0, seed=seed)
    )
    return history_of(values, step_seconds=DAY)


THRESHOLDS = {"level": 160.0, "stock": 500.0, "draining": 0.0, "negative": -40.0}
CHANGES = st.lists(
    st.builds(
        lambda day, length, factor, added: Change(
            LAST_MS + day * DAY_MS, None if length == 0 else LAST_MS + (day + length) * DAY_MS, factor, added
        ),
        st.integers(0, 80),
        st.integers(0, 20),
        st.sampled_from([1.0, 0.5, 3.0]),
        st.sampled_from([0.0, 20.0, -10.0]),
    ),
    max_size=2,
).map(tuple)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(THRESHOLDS)),
    st.floats(-0.3, 0.5),
    st.floats(0, 0.5),
    st.floats(0, 2),
    st.floats(0, 1),
    CHANGES,
    st.integers(0, 50),
)
def test_more_growth_is_never_later_nor_less_probable(
    kind: str, growth: float, more: float, factor: float, faster: float, changes: tuple[Change, ...], seed: int
) -> None:
    history = _history(kind, seed)
    slow, fast = (
        forecast(history, Request(90, threshold=THRESHOLDS[kind], scenario=scenario)).exhaustion
        for scenario in (Scenario(growth, factor, changes), Scenario(growth + more, factor + faster, changes))
    )
    assert slow is not None
    assert fast is not None
    assert fast.probability_ratio >= slow.probability_ratio
    never = 10**15
    for end in ("earliest_ms", "expected_ms", "latest_ms"):
        assert (getattr(fast, end) or never) <= (getattr(slow, end) or never)


def test_slower_draining_is_not_stuck_at_zero() -> None:
    """A disk that is empty after 50 days is, at half the speed, half full then, and empty after a hundred."""
    history = history_of(law(120, lambda i: 340 - 2 * i, noise=0.5), step_seconds=DAY)
    plain = forecast(history, Request(150, threshold=0.0)).exhaustion
    slower = forecast(history, Request(150, threshold=0.0, scenario=Scenario(growth_factor=0.5))).exhaustion
    assert plain is not None
    assert slower is not None
    assert plain.expected_ms == pytest.approx(LAST_MS + 51 * DAY_MS, abs=2 * DAY_MS)
    assert slower.expected_ms == pytest.approx(LAST_MS + 102 * DAY_MS, abs=4 * DAY_MS)


def test_a_bounded_series_stays_inside() -> None:
    history = history_of(np.clip(law(200, lambda i: 60 + 0.1 * i, noise=8.0), 0, 100), step_seconds=DAY)
    bounded = type(history)(history.step, history.last_ms, history.values, upper_bound=100.0)
    made = forecast(bounded, Request(60, scenario=Scenario(0.5, 2.0, (Change(history.last_ms, factor=3.0),))))
    assert made.upper is not None
    assert made.expected.max() <= 100
    assert made.upper.max() <= 100


def _assumed(scenario: Scenario, *, threshold: float, days: int = 365, direction: Any = None) -> Any:
    request = Request(days, threshold=threshold, scenario=scenario, direction=direction)
    made = assumed_growth(start_value=1200.0, start_ms=MONDAY_MS, step=Step(DAY), request=request)
    assert made.exhaustion is not None
    return made


def test_growth_without_history_crosses_where_logarithms_say() -> None:
    """Worked example: 15 % a month doubles 1,200 in ln 2 / ln 1.15 = 4.959 months."""
    made = _assumed(Scenario(0.15), threshold=2400.0)
    months = (made.exhaustion.expected_ms - MONDAY_MS) / 1000 / MONTH_SECONDS
    assert months == pytest.approx(math.log(2) / math.log(1.15), rel=1e-6)
    assert made.lower is None
    assert made.judgement.trust == "none"


@pytest.mark.parametrize(
    ("scenario", "threshold", "day"),
    [
        (Scenario(changes=(Change(MONDAY_MS + 30 * DAY_MS, factor=3.0),)), 3000.0, 30),
        (Scenario(changes=(Change(MONDAY_MS + 30 * DAY_MS, added=500.0),)), 1600.0, 30),
        (Scenario(changes=(Change(MONDAY_MS, MONDAY_MS + DAY_MS, factor=3.0),)), 3000.0, 0),
        (Scenario(changes=(Change(MONDAY_MS, MONDAY_MS + DAY_MS, factor=0.5),)), 1300.0, None),
        # Halved by a migration, 600 have to triple at 15 % a month.
        (
            Scenario(0.15, changes=(Change(MONDAY_MS + 60 * DAY_MS, factor=0.5),)),
            1800.0,
            math.log(3) / math.log(1.15) * MONTH_SECONDS / DAY,
        ),
        (Scenario(-0.1), 600.0, math.log(0.5) / math.log(0.9) * MONTH_SECONDS / DAY),
    ],
    ids=["a factor", "an addition", "at once", "a dip and no growth", "halved", "shrinks"],
)
def test_growth_without_history_meets_the_threshold_through_changes(
    scenario: Scenario, threshold: float, day: float | None
) -> None:
    """Worked by hand, and by logarithms where growth meets the threshold between two changes."""
    found = _assumed(scenario, threshold=threshold).exhaustion
    if day is None:
        assert found.outcome == "does_not_cross"
        return
    assert found.expected_ms == pytest.approx(MONDAY_MS + day * DAY_MS, abs=1000)
    assert found.outcome == ("crosses" if day else "already_crossed")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.floats(-0.2, 0.4), CHANGES, st.floats(300, 6000), st.sampled_from(["up", "down"]))
def test_the_crossing_without_history_is_where_the_path_crosses(
    growth: float, changes: tuple[Change, ...], threshold: float, direction: str
) -> None:
    """Against the rows: the first row past the threshold lies at most a day after the crossing, none lies before."""
    moved = tuple(
        Change(one.start_ms - 119 * DAY_MS, one.end_ms and one.end_ms - 119 * DAY_MS, one.factor, one.added)
        for one in changes
    )
    made = _assumed(Scenario(growth, changes=moved), threshold=threshold, direction=direction)
    past = made.expected >= threshold if direction == "up" else made.expected <= threshold
    first = int(made.times_ms[past.argmax()]) if past.any() else None
    at = made.exhaustion.expected_ms
    if first is not None:
        assert at is not None
        assert at <= first
    if at is not None and first is not None and growth >= 0 and direction == "up" and not changes:
        assert first - at <= DAY_MS


@pytest.mark.parametrize(
    ("growth", "threshold", "seconds"),
    [(0.0, 2.0, None), (-0.1, 2.0, None), (0.1, 0.5, None), (-0.5, 0.5, MONTH_SECONDS), (1.0, 2.0, MONTH_SECONDS)],
)
def test_compounding_meets_a_threshold_only_on_its_way(growth: float, threshold: float, seconds: float | None) -> None:
    found = crossing_seconds(start_value=1.0, growth_ratio_per_month=growth, threshold=threshold)
    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(-1.0),
        Scenario(11.0),
        Scenario(growth_factor=-0.1),
        Scenario(changes=(Change(0, factor=0.0),)),
        Scenario(changes=(Change(0, factor=-3.0),)),
        Scenario(changes=(Change(1000, 1000, factor=2.0),)),
        Scenario(changes=(Change(0, added=1e40),)),
    ],
)
def test_impossible_scenarios_are_refused(scenario: Scenario) -> None:
    with pytest.raises(InputError):
        forecast(history_of([1.0, 2.0] * 20), Request(5, scenario=scenario))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change(LAST_MS + 31 * DAY_MS, factor=3.0), "beyond the horizon"),
        (Change(LAST_MS - 5 * DAY_MS, LAST_MS - 4 * DAY_MS, factor=3.0), "over before the forecast"),
        (Change(LAST_MS - 5 * DAY_MS, factor=3.0), "lies in the past"),
        (Change(LAST_MS, factor=3.0), ""),
        (Change(LAST_MS - DAY_MS, LAST_MS + DAY_MS, factor=3.0), ""),
    ],
    ids=["beyond", "over", "past", "now", "today"],
)
def test_a_change_outside_the_forecast_is_refused(change: Change, said: str) -> None:
    def check() -> None:
        check_reach(Request(30, scenario=Scenario(changes=(change,))), last_ms=LAST_MS, step=Step(DAY))

    if not said:
        check()
        return
    with pytest.raises(InputError, match=said):
        check()
