import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from sre.core.labels import Labels
from sre.metrics.series_figures import Measured
from tests.support.hand_built import measured
from tools.charts import Line, lines_png, series_chart_png, set_value_ticks, telling_labels

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


@pytest.mark.parametrize(
    ("unit", "low", "high", "expected"),
    [
        ("bytes", 50 * 2**30, 100 * 2**30, {"60 GiB", "80 GiB"}),
        ("bytes", 0, 900, {"200 B", "400 B"}),
        ("seconds", 0, 12 * 86_400, {"4 d", "8 d"}),
        ("seconds", 0, 600, {"2 min", "4 min"}),
        ("seconds", 0, 0.5, {"100 ms", "200 ms"}),
        ("ratio", 0, 1, {"20 %", "40 %"}),
    ],
)
def test_ticks_stand_at_numbers_that_are_round_in_their_unit(
    unit: str, low: float, high: float, expected: set[str]
) -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    axes.set_ylim(low, high)
    set_value_ticks(axes, unit)
    ticks = [axes.yaxis.get_major_formatter()(tick, 0) for tick in axes.get_yticks()]
    assert expected <= set(ticks)


def test_a_legend_names_the_fewest_labels_that_tell_series_apart() -> None:
    disks = [
        Labels({"device": device, "fstype": "ext4", "instance": host, "mountpoint": mount})
        for host, device, mount in [("db", "sdb", "/data"), ("db", "sda", "/"), ("n1", "sda", "/"), ("n2", "sda", "/")]
    ]
    assert telling_labels(disks) == ("instance", "device")
    assert telling_labels(disks[:1]) == ()
    assert telling_labels([Labels({"__name__": "a"}), Labels({"__name__": "b"})]) == ()


def test_a_legend_with_long_labels_leaves_the_plot_its_width() -> None:
    """The axis at the bottom spans most of the picture, as it does without a legend."""
    flat = np.full(100, 1.0)
    times = np.arange(100, dtype=np.int64) * 60_000
    long = [Line("instance=" + letter * 40, times, flat) for letter in "abcd"]
    shown = np.asarray(picture(lines_png(long, title="x", unit="")).convert("L"))
    widest_dark_run = max(int((row < 64).sum()) for row in shown)
    assert widest_dark_run > 0.85 * shown.shape[1]
