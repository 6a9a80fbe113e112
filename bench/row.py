"""A line of the benchmark: what was measured, against whom, and what was promised."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Literal

Unit = Literal["s", "bytes", "ratio", "number"]


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        ours: Our figure, in `unit`.
        peer: The figure of what we compare with, in the same unit and from the same run; None without one.
        peer_name: What we compare with.
        limit: The most that was promised; None where nothing was.
        at_least: The least that was promised, of our own figure; None where nothing was.
        is_ratio_limited: Whether the promise is about ours / peer, not about ours.
        detail: Everything needed to read the figures right.
    """

    what: str
    ours: float
    unit: Unit
    peer: float | None = None
    peer_name: str = ""
    limit: float | None = None
    is_ratio_limited: bool = False
    at_least: float | None = None
    detail: Mapping[str, object] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's."""
        return self.ours / self.peer if self.peer else None

    @property
    def is_met(self) -> bool | None:
        """Whether the promise is kept; None where there is none, or nothing to compare with."""
        measured = self.ratio if self.is_ratio_limited else self.ours
        is_below = None if self.limit is None or measured is None else measured <= self.limit
        if self.at_least is None:
            return is_below
        return self.ours >= self.at_least and is_below is not False

    def as_json(self) -> dict[str, object]:
        """Return the row as it is recorded."""
        return {**asdict(self), "ratio": self.ratio, "is_met": self.is_met}


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| What | Ours | Peer | Ratio | Target | Met |", "|---|---|---|---|---|---|"]
    for row in rows:
        peer = f"{shown(row.peer, row.unit)} ({row.peer_name})" if row.peer is not None else row.peer_name or "-"
        ratio = f"{row.ratio:.3g}" if row.ratio is not None else "-"
        lines.append(f"| {row.what} | {shown(row.ours, row.unit)} | {peer} | {ratio} | {_target(row)} | {_met(row)} |")
    return "\n".join(lines)


def _target(row: Row) -> str:
    if row.at_least is not None:
        least = shown(row.at_least, row.unit)
        return f">= {least}" if row.limit is None else f"{least} to {shown(row.limit, row.unit)}"
    if row.limit is None:
        return "-"
    return f"ratio <= {row.limit:g}" if row.is_ratio_limited else f"<= {shown(row.limit, row.unit)}"


def _met(row: Row) -> str:
    return {None: "-", True: "yes", False: "NO"}[row.is_met]


def shown(value: float, unit: Unit) -> str:
    """Return a figure for people."""
    if unit == "number":
        return f"{value:.3g}"
    if unit == "ratio":
        return f"{value * 100:.3g} %"
    if unit == "s":
        return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"
    for size, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.0f} B"


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, least and most, for the record."""
    return {"median": median(values), "min": min(values), "max": max(values), "count": len(values)}
