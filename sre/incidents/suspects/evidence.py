"""The evidence of every series, in the incident and in fault-free windows of the same length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.series import BoolArray, FloatArray
from sre.incidents.suspects.failures import failure_counts, failure_deviations
from sre.incidents.suspects.model import Behaviour, Kind, Timeline
from sre.incidents.suspects.normality import Normal, normal_behaviour, recent_steps
from sre.incidents.suspects.onset import OUTSIDE_DEVIATIONS, Move, moves
from sre.incidents.suspects.presence import Presence, presence
from sre.incidents.suspects.surprise import reference_surprises, surprise, usual_surprise

# Our choice: traffic mostly follows (fewer calls arrive when a caller is slow), so it speaks less.
_KIND_WEIGHTS: Final[Mapping[Kind, float]] = {"traffic": 0.3}
# The Poisson deviance of failures is standard normal by itself where nothing but chance is at work.
_DEVIANCE_SCALE: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What speaks against every series.

    Attributes:
        strength: shape (series,), surprise of the incident above what is usual, weighted by kind, >= 0.
        references: shape (series, windows), the same in fault-free windows.
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
    references: FloatArray
    normal: Normal
    raw: Normal
    values: FloatArray
    change: FloatArray
    deviations: FloatArray
    move: Move
    window: BoolArray
    presence: Presence


def weigh(behaviours: Sequence[Behaviour], timeline: Timeline) -> Evidence:
    """Judge every series against its own normal."""
    values = np.stack([behaviour.values for behaviour in behaviours]).astype(np.float64, copy=False)
    judged, least_scale = _failures_judged(behaviours, values, timeline)
    normal = normal_behaviour(judged, timeline, least_scale=least_scale)
    raw = normal if judged is values else normal_behaviour(values, timeline, least_scale=np.zeros(len(values)))
    weights = np.array([_KIND_WEIGHTS.get(behaviour.kind, 1.0) for behaviour in behaviours])
    deviations = normal.deviations(judged[:, timeline.is_incident])
    references = reference_surprises(normal.plain_deviations(judged[:, timeline.is_normal]), length=deviations.shape[1])
    usual = usual_surprise(references)
    window = timeline.is_incident | recent_steps(timeline)
    found = presence(behaviours, values, timeline)
    excess = np.where(normal.is_usable, np.maximum(surprise(deviations) - usual, 0.0), 0.0)
    return Evidence(
        strength=np.maximum(excess, found.strengths(behaviours)) * weights,
        references=np.maximum(references - usual[:, None], 0.0) * (weights * normal.is_usable)[:, None],
        normal=normal,
        raw=raw,
        values=values,
        change=_change(raw, values[:, timeline.is_incident]),
        deviations=deviations,
        # An early onset is dated from where the series usually is, a late one from where it had moved to.
        move=moves(_dated_deviations(normal, judged[:, window])),
        window=window,
        presence=found,
    )


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


def _dated_deviations(normal: Normal, values: FloatArray) -> FloatArray:
    drifted = np.abs(normal.drift) > OUTSIDE_DEVIATIONS
    return np.where(drifted[:, None], normal.deviations(values), normal.plain_deviations(values))


def _change(normal: Normal, incident: FloatArray) -> FloatArray:
    """Return the mean of the incident beyond the levels before it, 0 within them, shape (series,)."""
    finite = np.isfinite(incident)
    mean = np.where(finite, incident, 0.0).sum(axis=1) / np.maximum(finite.sum(axis=1), 1)
    low, high = np.minimum(normal.median, normal.recent), np.maximum(normal.median, normal.recent)
    return np.where(finite.any(axis=1), np.nan_to_num(mean - np.clip(mean, low, high)), 0.0)
