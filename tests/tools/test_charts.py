import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from sre.core.labels import Labels
from sre.metrics.series_figures import Measured
from tests.support.hand_built import measured
from tools.charts import Line, lines_png, series_chart_png

PNG = b"\x89PNG\r\n\x1a\n"


def picture(png: bytes) -> Image.Image:
    assert png.startswith(PNG)
    return Image.open(io.BytesIO(png)).convert("RGB")


def pixels_of(png: bytes, colour: str) -> int:
    """Count the pixels that have exactly this colour."""
    shown = picture(png)
    counts = shown.getcolors(maxcolors=shown.width * shown.height) or []
    return {found: count for count, found in counts}.get(ImageColor.getrgb(colour), 0)


def many(count: int) -> Measured:
    return measured(*[[float(row + step) for step in range(30)] for row in range(count)])


def test_a_chart_is_a_picture_of_modest_size() -> None:
    png = series_chart_png(many(100), tuple(range(100)), title="rate(x_total[5m])", unit="per_second")
    shown = picture(png)
    assert shown.width <= 1200
    assert shown.height <= 800
    assert len(png) < 300_000


def test_the_first_lines_have_colours_and_the_others_are_grey() -> None:
    png = series_chart_png(many(40), tuple(range(40)), title="x", unit="")
    for colour in ("#0072B2", "#D55E00", "#009E73"):
        assert pixels_of(png, colour) > 200, colour
    alone = series_chart_png(many(1), (0,), title="x", unit="")
    assert pixels_of(alone, "#0072B2") > 200
    assert pixels_of(alone, "#D55E00") == 0
    # Smoothed edges of letters are grey too, but few.
    assert pixels_of(png, "#BBBBBB") > 3 * max(pixels_of(alone, "#BBBBBB"), 1)


@pytest.mark.parametrize(
    "text",
    [
        "$unbalanced {",
        "\\frac{",
        "名前 🙂",
        "\x1b[31mred\x1b[0m",
        "_hidden",
        "a" * 5000,
        "line\nbreak",
        "",
        "\u202ertl",
    ],
)
def test_no_label_or_title_breaks_a_chart(text: str) -> None:
    times = 1000 * np.arange(3, dtype=np.int64)
    lines = [Line(text, times, np.array([1.0, np.nan, 2.0])), Line("other", times, np.array([2.0, 2.0, 2.0]))]
    assert len(lines_png(lines, title=text, unit="seconds")) > 5_000


def test_series_without_any_value_can_be_drawn() -> None:
    empty = Measured(
        (Labels({"a": "b"}),), np.zeros((1, 2), np.int64), np.full((1, 2), np.nan), np.ones((1, 2), np.bool_)
    )
    assert series_chart_png(empty, (0,), title="x", unit="ratio").startswith(PNG)
