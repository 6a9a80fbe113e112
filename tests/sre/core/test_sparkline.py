import math

import pytest

from sre.core.sparkline import sparkline


def test_each_level_has_its_own_block() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"


def test_a_single_peak_survives_being_squeezed() -> None:
    values = [1.0] * 241
    values[100] = 50.0
    line = sparkline(values, width=20)
    assert len(line) == 20
    assert line.count("█") == 1
    assert line.index("█") == 100 * 20 // 241


def test_missing_slices_are_dots() -> None:
    assert sparkline([1.0, None, math.nan, 2.0]) == "▁··█"


@pytest.mark.parametrize(
    ("values", "line"),
    [([], ""), ([5.0, 5.0], "▁▁"), ([None, None], "··"), ([math.inf, 1.0, 2.0], "·▁█"), ([-1.7e308, 1.7e308], "▁█")],
)
def test_edges(values: list[float | None], line: str) -> None:
    assert sparkline(values) == line
