"""Dating what was found again, on finer points of a short time around it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from sre.metrics.changes.dating import moment_of
from sre.metrics.changes.location import step_in

if TYPE_CHECKING:
    from sre.core.changes.model import Direction
    from sre.core.deploy_matching import Moment
    from sre.core.series import FloatArray
    from sre.metrics.changes.location import Step
    from sre.metrics.changes.model import DatedAnomaly, DatedChange, Rows

# What is found finely has to be the same step: as much of its size at least (our choice).
_SAME_SIZE: Final = 0.5
# Beyond so many robust standard deviations of the calm side a value still belongs to an anomaly (our choice).
_STILL_ODD: Final = 3.0
_MAD_TO_SD: Final = 1.4826


def refined_change(
    fine: Rows, row: int, change: DatedChange, *, since_ms: int, until_ms: int, slack_ms: int
) -> DatedChange:
    """Return a change with the moment that finer points tell, or as it was where they do not show the same step.

    Args:
        fine: The same series at finer points; `row` is its number there.
        since_ms, until_ms: Nothing else happens between these.
        slack_ms: How far outside its interval the change may turn out to be: a coarse step.
    """
    first, values = _slice(fine, row, since_ms, until_ms)
    step = step_in(values)
    if step is None or not _is_same(step, change.after - change.before):
        return change
    moment = moment_of(fine, first + step.index, earliest=first + step.earliest, latest=first + step.latest)
    return replace(change, moment=moment) if _is_near(moment, change.moment, slack_ms) else change


def refined_anomaly(
    fine: Rows,
    row: int,
    anomaly: DatedAnomaly,
    *,
    edge: Literal["start", "end"],
    since_ms: int,
    until_ms: int,
    slack_ms: int,
) -> DatedAnomaly:
    """Return an anomaly with one edge dated by finer points, or as it was where they do not show it."""
    first, values = _slice(fine, row, since_ms, until_ms)
    step = step_in(values)
    away = anomaly.worst - anomaly.expected
    if step is None or not _is_same(step, away if edge == "start" else -away, size=0.0):
        return anomaly
    index = first + _edge(values, step, edge=edge, direction=anomaly.direction)
    moment = moment_of(fine, index, earliest=min(index, first + step.earliest), latest=max(index, first + step.latest))
    known = anomaly.start if edge == "start" else anomaly.end
    if not _is_near(moment, known, slack_ms):
        return anomaly
    return replace(anomaly, start=moment) if edge == "start" else replace(anomaly, end=moment)


def _slice(fine: Rows, row: int, since_ms: int, until_ms: int) -> tuple[int, FloatArray]:
    grid = fine.grid
    # A value before the end of its range still holds some of what was before.
    first = max(0, -(-(since_ms - grid.start_ms) // grid.step_ms))
    last = min(grid.count - 1, (until_ms - grid.start_ms) // grid.step_ms)
    return first, fine.values[row, first : max(first, last + 1)]


def _is_same(step: Step, expected_move: float, *, size: float = _SAME_SIZE) -> bool:
    move = step.after - step.before
    return move * expected_move > 0 and abs(move) >= size * abs(expected_move)


def _is_near(moment: Moment, known: Moment, slack_ms: int) -> bool:
    return known.earliest_ms - slack_ms <= moment.at_ms <= known.latest_ms + slack_ms


def _edge(values: FloatArray, step: Step, *, edge: Literal["start", "end"], direction: Direction) -> int:
    """Return where an anomaly begins or is over: a slow beginning or end belongs to it."""
    calm = values[: step.index] if edge == "start" else values[step.index :]
    calm = calm[np.isfinite(calm)]
    middle = float(np.median(calm))
    bound = _STILL_ODD * _MAD_TO_SD * float(np.median(np.abs(calm - middle)))
    sign = 1.0 if direction == "up" else -1.0
    is_odd = sign * (values - middle) > bound
    index = step.index
    if edge == "start":
        while index > 0 and is_odd[index - 1]:
            index -= 1
    else:
        while index < values.size and is_odd[index]:
            index += 1
    return index
