import math

from sre.metrics.data_checks import data_warnings, gaps_of, grows_like_counter, resets_of
from sre.metrics.series_figures import Measured
from tests.support.hand_built import measured


def warned(
    data: Measured, *, end_ms: int = 0, filters_points: bool = False, is_raw_counter: bool = False
) -> tuple[str, ...]:
    return data_warnings(
        data, step_seconds=1.0, end_ms=end_ms, filters_points=filters_points, is_raw_counter=is_raw_counter
    )


def test_a_whole_series_has_nothing_to_say() -> None:
    assert warned(measured([1.0, 2.0, 3.0]), end_ms=2000) == ()


def test_missing_steps_inside_a_series_are_gaps_and_those_outside_are_not() -> None:
    data = measured([None, 1.0, None, None, 2.0, None], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert (gaps_of(data).series_count, gaps_of(data).worst_missing, gaps_of(data).worst_steps) == (1, 2, 4)
    (text,) = warned(data, end_ms=5000)
    assert "1 of 2 series miss steps; the worst misses 2 of 4 (50%)" in text
    assert warned(data, end_ms=5000, filters_points=True) == ()


def test_a_series_that_ended_is_stale_with_its_last_time() -> None:
    (text,) = warned(measured([1.0, None], [1.0, 1.0]), end_ms=400_000)
    assert text.startswith("Stale: 2 of 2 series have no value at the end of the window ({pod=a}, {pod=b})")
    assert text.endswith("the last is of 1970-01-01T00:00:01Z, 6.65 min before it.")


def test_nan_and_infinity_are_counted() -> None:
    (text,) = warned(measured([1.0, math.nan, math.inf], [1.0, 1.0, 1.0]), end_ms=2000)
    assert text.startswith("2 points in 1 of 2 series are NaN or infinite")


def test_falls_of_a_raw_counter_are_resets() -> None:
    data = measured([5.0, 6.0, 0.0, 1.0, 0.0], [1.0, 2.0, 3.0, 4.0, 5.0])
    assert resets_of(data) == (2, 0)
    (text,) = warned(data, end_ms=4000, is_raw_counter=True)
    assert text == "Resets: the counter falls 2 times in 1 of 2 series (restarts)."
    assert warned(data, end_ms=4000) == ()


def test_what_only_grows_and_restarts_from_nothing_looks_like_a_counter() -> None:
    assert grows_like_counter(measured([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.1]))
    assert not grows_like_counter(measured([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 4.0])), "a gauge that falls a little"
    assert not grows_like_counter(measured([7.0] * 8)), "a constant"
    assert grows_like_counter(measured([1.0, None, 3.0, 4.0, 5.0, 6.0, 7.0], [None, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]))
    assert not grows_like_counter(measured([1.0, None, 3.0, 2.0, 5.0, 6.0, 7.0])), "a fall beside a gap"
    assert not grows_like_counter(measured([-5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0])), "below zero"
