"""Windows too long for one request."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.prometheus.split import MAX_PIECES, MAX_POINTS, pieces_of
from sre.core.errors import RefusedError
from sre.core.series import Grid
from sre.core.times import parse_duration


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    start_ms=st.integers(0, 2**42),
    step_ms=st.integers(1, 86_400_000),
    count=st.one_of(st.integers(1, MAX_POINTS * MAX_PIECES), st.integers(0, 3).map(lambda n: MAX_POINTS * 2 - 1 + n)),
)
def test_pieces_are_the_grid_cut_where_prometheus_needs_it(start_ms: int, step_ms: int, count: int) -> None:
    """Source: Prometheus refuses more than 11,000 points a series. An invariant: nothing is asked twice or left out."""
    grid = Grid(start_ms, step_ms, count)
    pieces = pieces_of(grid, query="up")
    assert pieces[0].start_ms == grid.start_ms
    assert pieces[-1].end_ms == grid.end_ms
    assert sum(piece.count for piece in pieces) == count
    assert all(1 <= piece.count <= 11_000 and piece.step_ms == step_ms for piece in pieces)
    assert all(later.start_ms - earlier.end_ms == step_ms for earlier, later in pairwise(pieces))


@pytest.mark.parametrize(("query", "count"), [("up", MAX_POINTS * MAX_PIECES + 1), ("up @ end()", MAX_POINTS + 1)])
def test_the_step_that_a_refusal_names_is_accepted(query: str, count: int) -> None:
    """Our choice: the way round must work."""
    grid = Grid(0, 500, count)
    with pytest.raises(RefusedError) as caught:
        pieces_of(grid, query=query)
    step = parse_duration(caught.value.next_steps[0].split()[4])
    coarser = round(step.seconds * 1000)
    assert pieces_of(Grid(0, coarser, grid.end_ms // coarser + 1), query=query)


@pytest.mark.parametrize("query", ["up @ start()", "up @end()", "sum(up @  end ( ))", "rate(x[5m] @ start ())"])
def test_queries_that_name_the_ends_of_the_request_are_not_cut(query: str) -> None:
    """Source: Prometheus, "@ modifier"."""
    with pytest.raises(RefusedError):
        pieces_of(Grid(0, 1000, MAX_POINTS + 1), query=query)
    assert len(pieces_of(Grid(0, 1000, MAX_POINTS), query=query)) == 1


@pytest.mark.parametrize("query", ["up @ 1700000000", "start_total / end_total", 'up{a="start()"}'])
def test_other_queries_are(query: str) -> None:
    """Source: a fixed @ means the same in every piece."""
    assert len(pieces_of(Grid(0, 1000, MAX_POINTS + 1), query=query)) == 2
