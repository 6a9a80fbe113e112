"""Shares of failed requests, judged by how many requests stand behind them."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from sre.core.series import FloatArray
from sre.incidents.suspects.model import Behaviour, Timeline

_SHARE: Final = re.compile(r"availab|success|ratio|percent|share|%", re.IGNORECASE)


def failure_counts(behaviours: Sequence[Behaviour], timeline: Timeline) -> dict[int, FloatArray]:
    """Return the requests behind each share of failures (or successes), by the index of the series.

    The traffic of the same service with the same labels, or its largest traffic. Whole numbers are requests a step, all
    else requests a second.
    """
    traffic: dict[str, list[int]] = {}
    for index, behaviour in enumerate(behaviours):
        if behaviour.kind == "traffic":
            traffic.setdefault(behaviour.service, []).append(index)
    found: dict[int, FloatArray] = {}
    for index, behaviour in enumerate(behaviours):
        siblings = traffic.get(behaviour.service, [])
        if siblings and _is_share(behaviour):
            found[index] = _requests(behaviours, siblings, behaviour, timeline)
    return found


def failure_deviations(share: FloatArray, requests: FloatArray, timeline: Timeline) -> FloatArray:
    """Return the signed square root of the Poisson deviance of the failures in each step, shape (steps,).

    The expected failures are the requests of the step times the share of failures over all normal steps (half a failure
    more, so that a spotless history does not make one failure infinitely surprising). Positive is more failures.

    Args:
        share: shape (steps,), share of failures or successes, 0..1 or percent.
        requests: shape (steps,), requests in each step, >= 0.
        timeline: Which steps are normal.

    Source:
        McCullagh and Nelder, Generalized Linear Models (1989), section 2.3: deviance of a Poisson variable.
    """
    unit = 1.0 if np.nanmax(share) <= 1 else 100.0
    ratio = np.clip(share / unit, 0.0, 1.0)
    before = ratio[timeline.is_normal & np.isfinite(ratio)]
    failed = 1 - ratio if before.size and np.median(before) > 0.5 else ratio
    usual = np.nanmedian(requests[timeline.is_normal]) if np.isfinite(requests[timeline.is_normal]).any() else 1.0
    known = np.maximum(np.where(np.isfinite(requests), requests, usual), 1.0)
    count = failed * known
    seen = timeline.is_normal & np.isfinite(count)
    expected = known * (count[seen].sum() + 0.5) / (known[seen].sum() + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(count > 0, count * np.log(count / expected), 0.0)
    deviance = np.maximum(2 * (gain - (count - expected)), 0.0)
    return np.where(np.isfinite(share), np.sign(count - expected) * np.sqrt(deviance), np.nan)


def _is_share(behaviour: Behaviour) -> bool:
    if behaviour.kind != "errors" or not _SHARE.search(behaviour.metric):
        return False
    finite = behaviour.values[np.isfinite(behaviour.values)]
    return bool(len(finite) and finite.min() >= 0 and finite.max() <= 100)


def _requests(
    behaviours: Sequence[Behaviour], siblings: Sequence[int], share: Behaviour, timeline: Timeline
) -> FloatArray:
    same = [index for index in siblings if behaviours[index].labels == share.labels]
    candidates = [behaviours[index].values for index in same or siblings]
    with np.errstate(over="ignore"):
        largest = max(candidates, key=lambda values: float(np.nan_to_num(values).sum()))
    finite = largest[np.isfinite(largest)]
    is_count = bool((finite == np.rint(finite)).all())
    return largest if is_count else largest * (timeline.step_ms / 1000)
