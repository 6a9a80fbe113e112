"""Charts as PNG, drawn with matplotlib's object interface: no global state, so calls may run side by side."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sre.core.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter
    from numpy.typing import NDArray

    from sre.core.labels import Labels
    from sre.core.series import FloatArray, IntArray
    from sre.metrics.series_figures import Measured

MAX_LINES: Final = 8
_WIDTH_PX, _HEIGHT_PX, _DPI = 1100, 600, 100
# Seven of the eight colours of Okabe and Ito (2008), "Color Universal Design", which people with any colour vision tell
# apart; their yellow is too pale for thin lines, so wine of Tol's muted scheme takes its place.
_PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255")
# A second mark besides colour, for print and for those who see none; where lines lie on each other, the dashes of the
# upper one let the lower one through.
_DASHES: Final = ("-", "--", "-.", ":")
_OTHERS_COLOUR: Final = "#BBBBBB"
_TITLE_CHARS, _LABEL_CHARS = 110, 48
_MAX_OTHERS_DRAWN: Final = 200
_UNKNOWN_GLYPH: Final = "□"


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line: times in epoch milliseconds and values of the same length, NaN where there is none."""

    label: str
    times_ms: IntArray
    values: FloatArray


def series_chart_png(measured: Measured, order: Sequence[int], *, title: str, unit: str) -> bytes:
    """Return a picture of the first series by rank, the rest in grey.

    Args:
        order: Row numbers, most important first.
        unit: As `sre.core.figures` spells it.
    """
    import numpy as np

    from sre.metrics.series_figures import shared_labels

    shared = shared_labels(measured.labels)
    values = np.where(measured.usable, measured.values, np.nan)
    lines = [
        Line(_line_label(measured.labels[row], shared), measured.times_ms[row], values[row])
        for row in order[:MAX_LINES]
    ]
    others = [Line("", measured.times_ms[row], values[row]) for row in order[MAX_LINES : MAX_LINES + _MAX_OTHERS_DRAWN]]
    return lines_png(lines, others=others, others_count=len(order) - len(lines), title=title, unit=unit)


def lines_png(
    lines: Sequence[Line], *, others: Sequence[Line] = (), others_count: int = 0, title: str, unit: str
) -> bytes:
    """Return a line chart over UTC time, at most 1,200 pixels wide and well under 300 kB."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_PX / _DPI, _HEIGHT_PX / _DPI), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for other in others:
        axes.plot(_utc(other.times_ms), other.values, color=_OTHERS_COLOUR, linewidth=0.6, zorder=1)
    for index, line in enumerate(lines):
        _draw(axes, line, index)
    _decorate(axes, title=title, unit=unit)
    if len(lines) + others_count > 1:
        _add_legend(axes, lines, others_count)
    return _png(figure)


def _draw(axes: Axes, line: Line, index: int) -> None:
    # A lone value between two gaps has no line to belong to; a marker shows it.
    marker = "." if line.values.size <= 60 else ""
    axes.plot(
        _utc(line.times_ms),
        line.values,
        color=_PALETTE[index % len(_PALETTE)],
        linestyle=_DASHES[index % len(_DASHES)],
        linewidth=1.6 if index else 2.4,
        marker=marker,
        zorder=3 + index,
    )


def _decorate(axes: Axes, *, title: str, unit: str) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    heading = axes.set_title(_drawable(title, limit=_TITLE_CHARS), loc="left", fontsize=11)
    heading.set_parse_math(False)
    locator = AutoDateLocator(tz="UTC", minticks=4, maxticks=10)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    dates = ConciseDateFormatter(locator, tz="UTC")  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(dates)
    axes.set_xlabel("time, UTC")
    # Ticks carry the unit where it is known.
    axes.set_ylabel("" if unit else "value")
    axes.yaxis.set_major_formatter(_value_ticks(unit))
    axes.grid(visible=True, color="#E5E5E5", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    low, high = axes.get_ylim()
    # From zero where zero is near: differences then have their true size.
    if 0 < low < 0.5 * high:
        axes.set_ylim(bottom=0)


def _value_ticks(unit: str) -> FuncFormatter:
    from matplotlib.ticker import FuncFormatter

    from sre.core.figures import figure_text

    return FuncFormatter(lambda value, _: figure_text(value, unit))


def _add_legend(axes: Axes, lines: Sequence[Line], others_count: int) -> None:
    from matplotlib.lines import Line2D

    handles = list(axes.get_lines()[-len(lines) :]) if lines else []
    labels = [_drawable(line.label, limit=_LABEL_CHARS) or f"series {index + 1}" for index, line in enumerate(lines)]
    if others_count > 0:
        handles.append(Line2D([], [], color=_OTHERS_COLOUR))
        labels.append(f"{others_count} others")
    legend = axes.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0, -0.14),
        ncols=3,
        fontsize=8,
        frameon=False,
        borderaxespad=0,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _line_label(labels: Labels, shared: Labels) -> str:
    own = labels.without(*shared)
    return ", ".join(f"{name}={value}" for name, value in own.items() if name != "__name__") or labels.metric


def _utc(times_ms: IntArray) -> NDArray[np.datetime64]:
    return times_ms.astype("datetime64[ms]")


def _drawable(text: str, *, limit: int) -> str:
    """Return text cleaned and with every character the font lacks replaced, so nothing warns and nothing is hidden."""
    glyphs = _glyphs()
    return "".join(ch if ord(ch) in glyphs else _UNKNOWN_GLYPH for ch in cleaned(text, limit=limit))


def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
