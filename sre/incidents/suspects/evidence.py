"""The evidence of every series, in the incident and in fault-free windows of the same length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sre.core.series import BoolArray, FloatArray, IntArray
from sre.incidents.suspects.failures import failure_counts, failure_deviations
from sre.incidents.suspects.model import Behaviour, Kind, Timeline
from sre.incidents.suspects.normality import Normal, normal_behaviour, recent_steps
from sre.incidents.suspects.onset import OUTSIDE_DEVIATIONS, Move, moves
from sre.incidents.suspects.presence import Presence, presence
from sre.incidents.suspects.seasons import season, without_season
from sre.incidents.suspects.surprise import (
    most_surprising,
    reference_surprises,
    surprise,
    usual_surprise,
    without_earlier_incidents,
)

# Our choice: traffic mostly follows (fewer calls arrive when a caller is slow), so it speaks less.
TRAFFIC_WEIGHT: Final = 0.3
_KIND_WEIGHTS: Final[Mapping[Kind, float]] = {"traffic": TRAFFIC_WEIGHT}
_LARGEST: Final = 1e150
# The Poisson deviance of failures is standard normal by itself where nothing but chance is at work.
_DEVIANCE_SCALE: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What speaks against every series.

    Attributes:
        strength: shape (series,), surprise of the incident above all fault-free windows, weighted by kind, >= 0.
        loudness: shape (series,), the same above what one fault-free window in twenty shows.
        references: shape (series, windows), loudness of fault-free windows.
        normal: The normal behaviour, in the units that the deviations were judged in.
        raw: The normal behaviour in the units of the series.
        values: shape (series, steps), as given.
        change: shape (series,), mean of the incident beyond the level before it, in the units of the series.
        deviations: shape (series, incident steps), beyond both normal and recent level.
        move: How each moved, over the steps of `window`.
        window: shape (steps,), true just before the incident and in it.
        presence: Which series came or went.
    """

    strength: FloatArray
    loudness: FloatArray
    references: FloatArray
    normal: Normal
    raw: Normal
    values: FloatArray
    change: FloatArray
    deviations: FloatArray
    move: Move
    window: BoolArray
    presence: Presence


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """The values in the units they are judged in, and in their own; shape (series, steps) unless said.

    Attributes:
        expected: What earlier days foretell, NaN where nothing.
        least_scale: shape (series,), noise known beforehand.
    """

    judged: FloatArray
    values: FloatArray
    expected: FloatArray
    least_scale: FloatArray


def weigh(behaviours: Sequence[Behaviour], timeline: Timeline) -> Evidence:
    """Judge every series against its own normal."""
    stacked = np.stack([behaviour.values for behaviour in behaviours]).astype(np.float64, copy=False)
    # An infinite quantile is a bucket's edge, and beyond 1e150 squares overflow: neither is a measurement.
    given = np.where(np.abs(stacked) < _LARGEST, stacked, np.nan)
    ready = _prepared(behaviours, given, timeline)
    normal = normal_behaviour(ready.judged, timeline, least_scale=ready.least_scale)
    is_same = ready.judged is ready.values
    raw = normal if is_same else normal_behaviour(ready.values, timeline, least_scale=np.zeros(len(given)))
    incident, window = timeline.is_incident, timeline.is_incident | recent_steps(timeline)
    deviations = normal.deviations(ready.judged[:, incident], expected=ready.expected[:, incident])
    references = reference_surprises(
        _usual_deviations(normal, ready.judged[:, timeline.is_normal]), length=deviations.shape[1]
    )
    most = most_surprising(without_earlier_incidents(references, _by_service(behaviours)))
    usual = usual_surprise(references)
    found = presence(behaviours, given, timeline)
    weights = np.array([_KIND_WEIGHTS.get(behaviour.kind, 1.0) for behaviour in behaviours])
    come_or_gone, seen = found.strengths(behaviours) * weights, surprise(deviations)
    known = weights * normal.is_usable
    return Evidence(
        strength=np.maximum(np.maximum(seen - most, 0.0) * known, come_or_gone),
        loudness=np.maximum(np.maximum(seen - usual, 0.0) * known, come_or_gone),
        references=np.maximum(references - usual[:, None], 0.0) * known[:, None],
        normal=normal,
        raw=raw,
        values=ready.values,
        change=_mean(raw.beyond(ready.values[:, incident], expected=ready.expected[:, incident])),
        deviations=deviations,
        move=moves(_dated_deviations(normal, ready, window)),
        window=window,
        presence=found,
    )


def _prepared(behaviours: Sequence[Behaviour], values: FloatArray, timeline: Timeline) -> _Prepared:
    judged, least_scale = _failures_judged(behaviours, values, timeline)
    found = season(values, timeline)
    if found is None:
        return _Prepared(judged, values, np.full(values.shape, np.nan), least_scale)
    # Failures are judged by their requests; they have no time of day of their own.
    found = replace(found, is_better=found.is_better & (least_scale == 0))
    expected = np.where((found.is_better | (least_scale > 0))[:, None], np.nan, found.expected)
    adjusted = without_season(values, found, timeline)
    return _Prepared(np.where(least_scale[:, None] > 0, judged, adjusted), adjusted, expected, least_scale)


def _failures_judged(
    behaviours: Sequence[Behaviour], values: FloatArray, timeline: Timeline
) -> tuple[FloatArray, FloatArray]:
    """Return the values with shares of failures replaced by their deviance, and the least scale of each row."""
    counts = failure_counts(behaviours, timeline)
    least_scale = np.zeros(len(values))
    if not counts:
        return values, least_scale
    judged = values.copy()
    for index, requests in counts.items():
        judged[index] = failure_deviations(values[index], requests, timeline)
        least_scale[index] = _DEVIANCE_SCALE
    return judged, least_scale


def _by_service(behaviours: Sequence[Behaviour]) -> list[IntArray]:
    rows: dict[str, list[int]] = {}
    for row, behaviour in enumerate(behaviours):
        rows.setdefault(behaviour.service, []).append(row)
    return [np.array(own, dtype=np.int64) for own in rows.values()]


def _usual_deviations(normal: Normal, values: FloatArray) -> FloatArray:
    """Return the deviations of normal steps; a change of level among them is no measure of what is usual."""
    drifted = np.abs(normal.drift) > OUTSIDE_DEVIATIONS
    return np.where(drifted[:, None], normal.deviations(values), normal.plain_deviations(values))


def _dated_deviations(normal: Normal, ready: _Prepared, window: BoolArray) -> FloatArray:
    """Return the deviations that onsets are read from.

    An early onset is dated from where the series usually is, but what had drifted before, from where it had moved to.
    """
    values, expected = ready.judged[:, window], ready.expected[:, window]
    drifted = np.abs(normal.drift) > OUTSIDE_DEVIATIONS
    is_expected = np.isfinite(expected).any(axis=1)
    beyond = normal.deviations(values, expected=expected)
    return np.where((drifted | is_expected)[:, None], beyond, normal.plain_deviations(values))


def _mean(values: FloatArray) -> FloatArray:
    """Return the mean of each row, NaN ignored; 0 for a row without numbers."""
    finite = np.isfinite(values)
    mean: FloatArray = np.where(finite, values, 0.0).sum(axis=1) / np.maximum(finite.sum(axis=1), 1)
    return mean
