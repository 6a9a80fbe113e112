"""Daily rhythm is no change, and hides none."""

import numpy as np
import pytest

from sre.core.series import FloatArray
from sre.incidents.suspects.model import Behaviour, Ranking, Timeline
from sre.incidents.suspects.ranking import rank_suspects
from sre.incidents.suspects.seasons import season

STEP_MS = 300_000
DAY_STEPS = 288
# A Monday, 00:00 UTC, 2026-01-05; the incident begins three days later, at 18:00.
MONDAY_MS = 1_767_571_200_000
START = 3 * DAY_STEPS + 216
STEPS = START + 12


def timeline() -> Timeline:
    times = MONDAY_MS + STEP_MS * np.arange(STEPS, dtype=np.int64)
    return Timeline.around(times, incident_start_ms=int(times[START]), incident_end_ms=int(times[-1]) + 1)


def evening(level: float, *, noise: float, seed: int) -> FloatArray:
    """Return a level that trebles between 18:00 and 21:00, every day."""
    hour = (np.arange(STEPS) % DAY_STEPS) / 12
    rng = np.random.default_rng(seed)
    return level * (1 + 2 * ((hour >= 18) & (hour < 21))) + noise * rng.standard_normal(STEPS)


def ranking(**others: FloatArray) -> Ranking:
    """Rank five services with evening traffic, and `others` (service=values)."""
    series = [
        Behaviour(f"shop-{number}", "cpu_usage", evening(10, noise=0.4, seed=number), kind="resource")
        for number in range(5)
    ]
    series += [Behaviour(name, "cpu_usage", values, kind="resource") for name, values in others.items()]
    return rank_suspects(series, timeline())


def test_the_evening_peak_is_no_incident() -> None:
    """Our choice: what happens at the same time every day did not happen to the system."""
    found = ranking()
    assert not found.is_visible, found.reason
    assert all(one.score < 0.2 for one in found.suspects)


def test_a_peak_twice_as_high_as_every_evening_is_found() -> None:
    """Our choice: measured from what the earlier evenings lead one to expect."""
    wild = evening(10, noise=0.4, seed=9)
    wild[START:] += 20
    found = ranking(payments=wild)
    first = found.suspects[0]
    assert (found.is_visible, first.service) == (True, "payments")
    assert first.during == pytest.approx(50, abs=1)


def test_a_missing_peak_is_found() -> None:
    """Our choice: to stay at the usual level when it should have trebled is a change."""
    quiet = evening(10, noise=0.4, seed=9)
    quiet[START:] -= 20
    found = ranking(payments=quiet)
    assert (found.is_visible, found.services[0].service, found.suspects[0].direction) == (True, "payments", "down")


def test_a_jump_that_comes_at_this_time_every_day_is_none_even_after_a_flat_day() -> None:
    """Our choice: a nightly job, in a series whose day is otherwise without rhythm."""
    job = 10 + 0.4 * np.random.default_rng(4).standard_normal(STEPS)
    for day in range(4):
        job[day * DAY_STEPS + 216 : day * DAY_STEPS + 228] += 30
    found = ranking(batch=job)
    assert "batch" not in [one.service for one in found.suspects if one.score > 0.2]


def test_without_an_earlier_day_there_is_no_season() -> None:
    """Our choice: four hours of history know no rhythm."""
    times = MONDAY_MS + STEP_MS * np.arange(60, dtype=np.int64)
    short = Timeline.around(times, incident_start_ms=int(times[48]), incident_end_ms=int(times[-1]) + 1)
    assert season(np.zeros((2, 60)), short) is None


def test_the_expected_level_is_the_mean_of_the_same_time_on_earlier_days() -> None:
    """Source: arithmetic; two days with the levels 1 and 3 foretell 2."""
    count = 3 * DAY_STEPS
    times = MONDAY_MS + STEP_MS * np.arange(count, dtype=np.int64)
    cut = 2 * DAY_STEPS + 100
    values = np.repeat([1.0, 3.0, 50.0], DAY_STEPS)[None, :]
    found = season(
        values, Timeline.around(times, incident_start_ms=int(times[cut]), incident_end_ms=int(times[cut + 50]))
    )
    assert found is not None
    np.testing.assert_allclose(found.expected[0, cut : cut + 50], 2.0)
    assert np.isnan(found.expected[0, : DAY_STEPS - 1]).all()
