"""Where panels stand: rows of 24 columns, filled from left to right, each with an id of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre.dashboards.model import Panel, Section

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class GridPosition:
    """A place on the grid, in columns and rows."""

    x: int
    y: int
    w: int
    h: int

    def overlaps(self, other: "GridPosition") -> bool:
        """Whether any cell belongs to both."""
        is_beside = self.x + self.w <= other.x or other.x + other.w <= self.x
        is_above = self.y + self.h <= other.y or other.y + other.h <= self.y
        return not (is_beside or is_above)


@dataclass(frozen=True, slots=True)
class Placed:
    """A panel in its place; None is the heading of a section."""

    id: int
    position: GridPosition
    title: str
    panel: Panel | None = None


def placed(sections: Sequence[Section]) -> tuple[Placed, ...]:
    """Return all headings and panels in their places, ids from 1 upwards."""
    found: list[Placed] = []
    y = 0
    for section in sections:
        if section.title and section.panels:
            found.append(Placed(len(found) + 1, GridPosition(0, y, COLUMNS, 1), section.title))
            y += 1
        y = _place_panels(section.panels, y, found)
    return tuple(found)


def _place_panels(panels: Sequence[Panel], y: int, found: list[Placed]) -> int:
    """Append panels from row `y` on and return the first free row."""
    x = row_height = 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        position = GridPosition(x, y, panel.width, panel.height)
        found.append(Placed(len(found) + 1, position, panel.title, panel))
        x += panel.width
        row_height = max(row_height, panel.height)
    return y + row_height
