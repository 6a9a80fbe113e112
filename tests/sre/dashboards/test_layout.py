"""Panels find their places: no two on the same cell, ids unique, order kept."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from sre.dashboards.layout import COLUMNS, GridPosition, placed
from sre.dashboards.model import Panel, Section

PANELS = st.builds(
    lambda width, height: Panel("p", "d", width=width, height=height), st.integers(1, COLUMNS), st.integers(1, 12)
)
SECTIONS = st.lists(
    st.builds(
        lambda title, panels: Section(title, tuple(panels)), st.sampled_from(["", "Row"]), st.lists(PANELS, max_size=8)
    ),
    max_size=4,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(SECTIONS)
def test_no_two_panels_share_a_cell_and_none_leaves_the_grid(sections: list[Section]) -> None:
    """Source: Grafana JSON model, gridPos: 24 columns; counted cell by cell."""
    found = placed(sections)
    cells = [
        (x, y)
        for one in found
        for x in range(one.position.x, one.position.x + one.position.w)
        for y in range(one.position.y, one.position.y + one.position.h)
    ]
    assert len(cells) == len(set(cells))
    assert all(0 <= x < COLUMNS for x, _ in cells)
    assert [one.id for one in found] == list(range(1, len(found) + 1))
    assert [one.panel for one in found if one.panel] == [panel for section in sections for panel in section.panels]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(
        st.builds(GridPosition, st.integers(0, 5), st.integers(0, 5), st.integers(1, 4), st.integers(1, 4)),
        min_size=2,
        max_size=5,
    )
)
def test_overlap_is_sharing_a_cell(places: list[GridPosition]) -> None:
    """Our choice: touching edges are no overlap."""

    def cells(place: GridPosition) -> set[tuple[int, int]]:
        return {(x, y) for x in range(place.x, place.x + place.w) for y in range(place.y, place.y + place.h)}

    for one, other in combinations(places, 2):
        assert one.overlaps(other) == bool(cells(one) & cells(other)) == other.overlaps(one)


def test_a_row_is_as_high_as_its_highest_panel() -> None:
    """Our choice."""
    panels = (Panel("a", "", width=12, height=4), Panel("b", "", width=12, height=9), Panel("c", "", width=24))
    assert [one.position.y for one in placed([Section("", panels)])] == [0, 0, 9]


def test_a_section_without_panels_has_no_heading() -> None:
    """Our choice."""
    assert placed([Section("Empty", ())]) == ()
