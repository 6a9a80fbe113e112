"""The kinds of series there are networks for, by their step, and what a network of each kind reads and answers."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["month", "week", "day", "hour"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network reads and answers, in steps; the words are those of `sre.capacity.network.Network`."""

    reads: int
    horizon: int
    season: int
    span: int

    @property
    def known_each(self) -> int:
        """Of every so many steps it is told whether they were known."""
        return self.season if self.season > 1 else 8

    @property
    def told(self) -> int:
        """How many numbers the first layer reads."""
        return self.reads + -(-self.reads // self.known_each)

    @property
    def least_past(self) -> int:
        """The shortest past that is shown, as `sre.capacity.network.least_history` asks for."""
        return max(2 * self.season, 8)

    @property
    def least_length(self) -> int:
        """The shortest series to learn from."""
        return self.horizon + max(2 * self.season, 12)


SHAPES: dict[Kind, Shape] = {
    "month": Shape(reads=60, horizon=18, season=12, span=12),
    "week": Shape(reads=208, horizon=13, season=1, span=13),
    # 57 weeks: a year and what came before it.
    "day": Shape(reads=399, horizon=28, season=7, span=28),
    "hour": Shape(reads=336, horizon=48, season=24, span=168),
}
