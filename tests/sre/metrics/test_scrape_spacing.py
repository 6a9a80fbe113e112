"""How far apart samples are. Expected: the schedule the samples were counted from."""

import pytest

from sre.metrics.scrape_spacing import Counted, recommended_range, sample_spacing


def counted(every: int, seconds: int, *, closed: bool, phase: int = 0) -> Counted:
    """Count a schedule over a window that ends at a multiple of its phase; `closed` as in Prometheus 2."""
    first = -seconds if closed else -seconds + 1
    return Counted(sum(1 for at in range(first, 1) if (at + phase) % every == 0), seconds)


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize(
    ("every", "in_range", "span"),
    [(15, 30, 3600), (60, 120, 3600), (60, 180, 3600), (1800, 300, 86400), (3600, 300, 86400),
     (10, 20, 3600), (30, 60, 1800), (600, 590, 7200)],
)  # fmt: skip
def test_the_schedule_is_found_from_two_counts(every: int, in_range: int, span: int, closed: bool) -> None:
    found = sample_spacing(counted(every, in_range, closed=closed), counted(every, span, closed=closed))
    assert found == every


@pytest.mark.parametrize("phase", [1, 29, 44])
def test_an_unusual_schedule_is_found_to_a_few_percent(phase: int) -> None:
    """Every 45 s, read at any moment."""
    found = sample_spacing(counted(45, 90, closed=False, phase=phase), counted(45, 7200, closed=False, phase=phase))
    assert found == pytest.approx(45, rel=0.02)


def test_series_younger_than_the_span_are_judged_by_the_range() -> None:
    """Ten minutes of samples every 15 s: over an hour that looks like one every 90 s, which two in 30 s refute."""
    assert sample_spacing(Counted(2, 30), Counted(40, 3600)) == 15


@pytest.mark.parametrize(("spacing", "seconds"), [(15, 60), (10, 60), (30, 120), (60, 240), (1800, 7200), (16, 120)])
def test_the_recommended_range_is_four_samples_in_whole_minutes(spacing: float, seconds: float) -> None:
    assert recommended_range(spacing) == seconds
