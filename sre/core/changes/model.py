"""What is found in a series: lasting changes of level, and passing windows that are unlike the rest."""

from dataclasses import dataclass, replace
from typing import Literal

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Change:
    """A lasting change of level.

    Attributes:
        index: First step of the new level, 0-based in the values given.
        earliest_index, latest_index: The change lies between these, both included, with 95 % confidence.
        before, after: Typical values (medians) of the stretch up to the change and of the one from it on, in the unit
            of the series; of what is left beside the season where there is one.
        effect: Size of the step in robust standard deviations of the noise around the level; > 0.
        ratio: after / before; None where that says nothing (zero, other sign, a season about zero).
        confidence: 0..1, the share of unchanged series of the same noise in which nothing as strong is found.
    """

    index: int
    earliest_index: int
    latest_index: int
    before: float
    after: float
    direction: Direction
    effect: float
    ratio: float | None
    confidence: float

    def at(self, index: int) -> "Change":
        """Return the same change at another step."""
        return replace(self, index=index)


@dataclass(frozen=True, slots=True)
class AnomalyWindow:
    """A passing stretch that is unlike the rest of the series.

    Attributes:
        start_index, end_index: First and last step of it, 0-based, both included.
        expected: Typical value at those steps as the rest of the series has it.
        worst: The value that is farthest from what was expected.
        score: How far that is, in robust standard deviations of what is usual; > 0.
    """

    start_index: int
    end_index: int
    expected: float
    worst: float
    direction: Direction
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """All that was found in one series.

    Attributes:
        changes: Ordered by index.
        anomalies: Ordered by start.
        periods: Seasons in steps that were taken out before the search; empty where there was none.
        notes: What a reader must know to trust the result (too short, gaps, few distinct values, a trend); our words.
    """

    changes: tuple[Change, ...] = ()
    anomalies: tuple[AnomalyWindow, ...] = ()
    periods: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
