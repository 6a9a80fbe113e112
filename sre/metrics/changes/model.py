"""What was found in series, with instants in place of steps."""

from dataclasses import dataclass

from sre.core.changes.model import Direction
from sre.core.deploy_matching import Moment
from sre.core.labels import Labels
from sre.core.series import BoolArray, FloatArray, Grid


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The series that are searched.

    Attributes:
        values: shape (series, steps), in the unit of the query, counters as rates; NaN where there is none.
        present: shape (series, steps), whether the source had a value.
        range_ms: Length of time before each step that a value sums up: the range of a rate, 0 for a plain gauge.
        is_event_rate: Values are events a second, so how many there were can be told.
    """

    grid: Grid
    labels: tuple[Labels, ...]
    values: FloatArray
    present: BoolArray
    range_ms: int = 0
    is_event_rate: bool = False

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class DatedChange:
    """A lasting change of one series.

    Attributes:
        row: Number of the series.
        before, after: Typical values on both sides, in the unit of the series.
        effect: Size in robust standard deviations of the series' own noise; > 0.
        ratio: after / before; None where that says nothing.
        confidence: 0..1.
        full_ms: When the new level was reached, where the change took its time; then `moment` is when it began.
    """

    row: int
    moment: Moment
    before: float
    after: float
    direction: Direction
    effect: float
    ratio: float | None
    confidence: float
    full_ms: int | None = None


@dataclass(frozen=True, slots=True)
class DatedAnomaly:
    """A passing stretch of one series that is unlike the rest; `is_open` where it lasts to the end of the data."""

    row: int
    start: Moment
    end: Moment
    expected: float
    worst: float
    direction: Direction
    score: float
    is_open: bool = False
