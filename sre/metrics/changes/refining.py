"""Dating what was found again, on finer points of a short time around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from sre.core.deploy_matching import Moment
from sre.metrics.changes.dating import moment_of
from sre.metrics.changes.location import step_in
from sre.metrics.changes.ramps import ramp_in
from sre.metrics.changes.usual import without_usual

if TYPE_CHECKING:
    from sre.core.changes.model import Direction
    from sre.core.series import FloatArray
    from sre.metrics.changes.location import Step
    from sre.metrics.changes.model import DatedAnomaly, DatedChange, Rows
    from sre.metrics.changes.ramps import Ramp

# What is found finely has to be the same step: as much of its size at least (our choice).
_SAME_SIZE: Final = 0.5
# Beyond so many robust standard deviations of the calm side a value still belongs to an anomaly (our choice).
_STILL_ODD: Final = 3.0
_MAD_TO_SD: Final = 1.4826
# A value or two between the levels are noise, or a scrape that fell into the change (our choice).
_LEAST_RAMP: Final = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The same series at finer points of a short time.

    Attributes:
        fine, row: Where the finer points are.
        coarse, coarse_row: Where the search found it: what is usual at a time of the day is known from there.
        since_ms, until_ms: Nothing else happens between these.
        has_season: The search took a daily pattern out of some series.
    """

    fine: Rows
    row: int
    coarse: Rows
    coarse_row: int
    since_ms: int
    until_ms: int
    has_season: bool = False

    def stretch(self, *, before_ms: int) -> tuple[int, FloatArray]:
        """Return the number of the first point, and the values from there on without the usual course of a day."""
        grid = self.fine.grid
        first = max(0, -(-(self.since_ms - grid.start_ms) // grid.step_ms))
        last = max(first, min(grid.count, (self.until_ms - grid.start_ms) // grid.step_ms + 1))
        values = self.fine.values[self.row, first:last]
        if not self.has_season or values.size == 0:
            return first, values
        times = grid.times_ms()[first:last]
        return first, without_usual(self.coarse, self.coarse_row, times_ms=times, values=values, before_ms=before_ms)


def refined_change(change: DatedChange, look: Look) -> DatedChange:
    """Return a change with the moment that finer points tell, or as it was where they do not show the same one.

    A change that takes its time is dated by its beginning. Where the points are those of the search itself, which knows
    more of the series than a stretch of it, only that is added.
    """
    fine = look.fine
    first, values = look.stretch(before_ms=change.moment.earliest_ms)
    step = step_in(values)
    if step is None or not _is_same(step, change.after - change.before):
        return change
    middle = moment_of(fine, first + step.index, earliest=first + step.earliest, latest=first + step.latest)
    if not _is_near(middle, change.moment, look.coarse.grid.step_ms):
        return change
    ramp = ramp_in(values, least_steps=_LEAST_RAMP + fine.range_ms / fine.grid.step_ms)
    if ramp is not None:
        return _begun(change, fine, first, ramp)
    return change if look.fine is look.coarse else replace(change, moment=middle)


def _begun(change: DatedChange, fine: Rows, first: int, ramp: Ramp) -> DatedChange:
    grid = fine.grid
    begins, earliest, latest, full = (
        grid.start_ms + grid.step_ms * (first + index) for index in (ramp.begins, ramp.earliest, ramp.latest, ramp.full)
    )
    moment = Moment(begins, earliest - grid.step_ms - fine.range_ms, latest)
    return replace(change, moment=moment, full_ms=max(begins, full - fine.range_ms))


def refined_anomaly(anomaly: DatedAnomaly, look: Look, *, edge: Literal["start", "end"]) -> DatedAnomaly:
    """Return an anomaly with one edge dated by finer points, or as it was where they do not show it."""
    first, values = look.stretch(before_ms=anomaly.start.earliest_ms)
    step = step_in(values)
    away = anomaly.worst - anomaly.expected
    if step is None or not _is_same(step, away if edge == "start" else -away, size=0.0):
        return anomaly
    index = first + _edge(values, step, edge=edge, direction=anomaly.direction)
    earliest, latest = min(index, first + step.earliest), max(index, first + step.latest)
    moment = moment_of(look.fine, index, earliest=earliest, latest=latest)
    known = anomaly.start if edge == "start" else anomaly.end
    if not _is_near(moment, known, look.coarse.grid.step_ms):
        return anomaly
    return replace(anomaly, start=moment) if edge == "start" else replace(anomaly, end=moment)


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
