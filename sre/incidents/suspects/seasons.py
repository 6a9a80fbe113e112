"""What a series usually does at this time of day, learnt from the same time on earlier days."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import BoolArray, FloatArray, IntArray
from sre.incidents.suspects.model import Timeline
from sre.incidents.suspects.rows import row_median

_DAY_MS: Final = 86_400_000
_MOST_DAYS: Final = 7
# Neighbours of the same time of day that are taken along: earlier days are noisy too.
_NEIGHBOURS: Final = (-1, 0, 1)
_LEAST_STEPS: Final = 8
# Our choice: the earlier days must foretell the normal steps clearly better than their median does, by the sum of
# errors, because a peak may last for an hour of the day only.
_BETTER_RATIO: Final = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Season:
    """What earlier days lead one to expect.

    Attributes:
        expected: shape (series, steps), mean of the same time on up to seven earlier days; NaN where there is none.
        is_better: shape (series,), whether that foretells the normal steps better than their median.
    """

    expected: FloatArray
    is_better: BoolArray


def season(values: FloatArray, timeline: Timeline) -> Season | None:
    """Return what the same time on earlier days foretells; None where the incident has no such time.

    Args:
        values: shape (series, steps), NaN where no sample.
        timeline: Its normal steps are what may be learnt from.
    """
    partners = _partners(timeline)
    has_partner = (partners >= 0).any(axis=0)
    if 2 * (has_partner & timeline.is_incident).sum() < timeline.is_incident.sum():
        return None
    expected = _expected(values, partners)
    return Season(expected, _is_better(values, expected, timeline.is_normal & has_partner, timeline.is_normal))


def without_season(values: FloatArray, found: Season, timeline: Timeline) -> FloatArray:
    """Return the values less what the season explains, at the level expected in the incident.

    Only of the series whose season foretells better; their steps without an earlier day are NaN.
    """
    expected = found.expected[found.is_better]
    during = row_median(expected[:, timeline.is_incident])
    adjusted = values.copy()
    adjusted[found.is_better] += during[:, None] - expected
    return adjusted


def _partners(timeline: Timeline) -> IntArray:
    """Return for each day and neighbour the index of the normal step at that time, -1 for none; shape (many, steps)."""
    times, step = timeline.times_ms, timeline.step_ms
    wanted = np.concatenate(
        [[times - day * _DAY_MS + side * step for side in _NEIGHBOURS] for day in range(1, _MOST_DAYS + 1)]
    )
    right = np.clip(np.searchsorted(times, wanted), 1, max(1, len(times) - 1))
    left = right - 1
    right = np.minimum(right, len(times) - 1)
    nearest = np.where(wanted - times[left] <= times[right] - wanted, left, right)
    is_found = (np.abs(times[nearest] - wanted) <= step // 2) & timeline.is_normal[nearest]
    found: IntArray = np.where(is_found, nearest, -1)
    return found[is_found.any(axis=1)] if is_found.any() else np.full((1, len(times)), -1, dtype=np.int64)


def _expected(values: FloatArray, partners: IntArray) -> FloatArray:
    """Return the mean over the partners of each step that have a sample, without ever holding them all."""
    total, count = np.zeros_like(values), np.zeros(values.shape, dtype=np.int64)
    for chosen in partners:
        steps = np.flatnonzero(chosen >= 0)
        earlier = values[:, chosen[steps]]
        total[:, steps] += np.nan_to_num(earlier)
        count[:, steps] += np.isfinite(earlier)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _is_better(values: FloatArray, expected: FloatArray, comparable: BoolArray, normal: BoolArray) -> BoolArray:
    if comparable.sum() < _LEAST_STEPS:
        return np.zeros(len(values), dtype=np.bool_)
    error = values[:, comparable] - expected[:, comparable]
    plain = np.where(np.isfinite(error), values[:, comparable] - row_median(values[:, normal])[:, None], np.nan)
    known = np.isfinite(error).sum(axis=1) >= _LEAST_STEPS
    better: BoolArray = known & (_total(np.abs(error)) < _BETTER_RATIO * _total(np.abs(plain)))
    return better


def _total(values: FloatArray) -> FloatArray:
    total: FloatArray = np.nan_to_num(values).sum(axis=1)
    return total
