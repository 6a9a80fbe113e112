"""Charts as PNG, drawn with matplotlib's object interface: no global state, so calls may run side by side."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sre.core.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
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
# Pixels of one letter and of the line and margins beside a label, in a legend of 8 points at this resolution.
_LETTER_PX, _HANDLE_PX, _LEGEND_PX, _MAX_COLUMNS = 6.1, 45, 930, 4
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

    telling = telling_labels(measured.labels)
    values = np.where(measured.usable, measured.values, np.nan)
    lines = [
        Line(_line_label(measured.labels[row], telling), measured.times_ms[row], values[row])
        for row in order[:MAX_LINES]
    ]
    others = [Line("", measured.times_ms[row], values[row]) for row in order[MAX_LINES : MAX_LINES + _MAX_OTHERS_DRAWN]]
    return lines_png(lines, others=others, others_count=len(order) - len(lines), title=title, unit=unit)


def lines_png(
    lines: Sequence[Line], *, others: Sequence[Line] = (), others_count: int = 0, title: str, unit: str
) -> bytes:
    """Return a line chart over UTC time, at most 1,200 pixels wide and well under 300 kB."""
    figure, axes = new_chart(_WIDTH_PX, _HEIGHT_PX)
    for other in others:
        axes.plot(utc(other.times_ms), other.values, color=_OTHERS_COLOUR, linewidth=0.6, zorder=1)
    for index, line in enumerate(lines):
        _draw(axes, line, index)
    _decorate(axes, title=title, unit=unit)
    if len(lines) + others_count > 1:
        _add_legend(axes, lines, others_count)
    return png_of(figure)


def _draw(axes: Axes, line: Line, index: int) -> None:
    # A lone value between two gaps has no line to belong to; a marker shows it.
    marker = "." if line.values.size <= 60 else ""
    axes.plot(
        utc(line.times_ms),
        line.values,
        color=_PALETTE[index % len(_PALETTE)],
        linestyle=_DASHES[index % len(_DASHES)],
        linewidth=1.6 if index else 2.4,
        marker=marker,
        zorder=3 + index,
    )


def _decorate(axes: Axes, *, title: str, unit: str) -> None:
    set_frame(axes, _drawable(title, limit=_TITLE_CHARS))
    # Ticks carry the unit where it is known.
    axes.set_ylabel("" if unit else "value")
    axes.margins(x=0.01)
    low, high = axes.get_ylim()
    # From zero where zero is near: differences then have their true size.
    if 0 < low < 0.5 * high:
        axes.set_ylim(bottom=0)
    set_value_ticks(axes, unit)


def new_chart(width_px: int, height_px: int) -> tuple[Figure, Axes]:
    """Return an empty chart of this size."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_px / _DPI, height_px / _DPI), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def set_frame(axes: Axes, title: str) -> None:
    """Draw what every chart has around its lines: the title, UTC time below, a grid behind."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    heading = axes.set_title(title, loc="left", fontsize=11)
    heading.set_parse_math(False)
    locator = AutoDateLocator(tz="UTC", minticks=4, maxticks=10)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))  # type: ignore[no-untyped-call]
    axes.set_xlabel("time, UTC")
    axes.grid(visible=True, color="#E5E5E5", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def set_value_ticks(axes: Axes, unit: str) -> None:
    """Label the values of an axis in words of their unit, at places that are round in them: 80 GiB, not 74.5 GiB."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    from sre.core.figures import figure_text

    scale = _tick_scale(unit, max(abs(limit) for limit in axes.get_ylim()))

    class ScaledLocator(MaxNLocator):
        """Round numbers of a larger unit than the values are in."""

        def tick_values(self, vmin: float, vmax: float) -> list[float]:
            return [tick * scale for tick in super().tick_values(vmin / scale, vmax / scale)]

    axes.yaxis.set_major_locator(ScaledLocator(nbins=8, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: figure_text(value, unit)))


def _tick_scale(unit: str, size: float) -> float:
    """Return how many of `unit` make the unit in which a value of this size is written."""
    if unit in ("bytes", "bytes_per_second"):
        return float(1024 ** int(math.log2(size) // 10)) if size >= 1024 else 1.0
    if unit in ("seconds", "milliseconds"):
        second = 1.0 if unit == "seconds" else 1000.0
        # Where `sre.core.figures` changes from one unit of time to the next.
        bounds = ((172_800.0, 86_400.0), (7_200.0, 3_600.0), (120.0, 60.0), (0.0, 1.0))
        return second * next(scale for least, scale in bounds if size / second >= least)
    return 1.0


def _add_legend(axes: Axes, lines: Sequence[Line], others_count: int) -> None:
    from matplotlib.lines import Line2D

    handles = list(axes.get_lines()[-len(lines) :]) if lines else []
    labels = [_drawable(line.label, limit=_LABEL_CHARS) or f"series {index + 1}" for index, line in enumerate(lines)]
    if others_count > 0:
        handles.append(Line2D([], [], color=_OTHERS_COLOUR))
        labels.append(f"{others_count} others")
    widest = max(map(len, labels)) * _LETTER_PX + _HANDLE_PX
    legend = axes.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0, -0.14),
        ncols=max(1, min(_MAX_COLUMNS, int(_LEGEND_PX / widest))),
        fontsize=8,
        frameon=False,
        borderaxespad=0,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def telling_labels(labels: Sequence[Labels]) -> tuple[str, ...]:
    """Return the fewest label names, found greedily, that tell these series apart; of one series, none."""
    names = sorted({name for one in labels for name in one if name != "__name__"})
    chosen: list[str] = []
    apart = 1
    while apart < len(labels):
        counts = {name: len({tuple(one.get(n) for n in (*chosen, name)) for one in labels}) for name in names}
        best = max(names, key=lambda name: counts[name], default="")
        if not best or counts[best] <= apart:
            break
        chosen.append(best)
        apart = counts[best]
    return tuple(chosen)


def _line_label(labels: Labels, telling: Sequence[str]) -> str:
    return ", ".join(f"{name}={labels.get(name)}" for name in telling if labels.get(name)) or labels.metric


def utc(times_ms: IntArray) -> NDArray[np.datetime64]:
    """Return epoch milliseconds as matplotlib reads instants."""
    return times_ms.astype("datetime64[ms]")


def _drawable(text: str, *, limit: int) -> str:
    """Return text cleaned and with every character the font lacks replaced, so nothing warns and nothing is hidden."""
    glyphs = _glyphs()
    return "".join(ch if ord(ch) in glyphs else _UNKNOWN_GLYPH for ch in cleaned(text, limit=limit))


def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def png_of(figure: Figure) -> bytes:
    """Return the picture."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
