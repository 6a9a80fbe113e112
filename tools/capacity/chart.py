"""The picture of a forecast: history, expected path, interval, threshold and crossing."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from sre.core.text import cleaned
from tools.charts import set_value_ticks

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sre.capacity.model import CapacityForecast, Exhaustion
    from sre.core.series import IntArray

_WIDTH_INCHES, _HEIGHT_INCHES, _DOTS_PER_INCH = 11.0, 5.5, 100
_MAX_TITLE = 100
# Okabe and Ito (2008), colours that people with any colour vision tell apart.
_PAST, _AHEAD, _LIMIT = "#000000", "#0072B2", "#D55E00"
# More history than this many horizons makes the forecast too small to read.
_PAST_HORIZONS = 6


def forecast_png(forecast: CapacityForecast, *, title: str, interval: float, unit: str = "") -> bytes:
    """Return a PNG of at most 1,100 x 550 pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCHES, _HEIGHT_INCHES), dpi=_DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _draw_past(axes, forecast)
    ahead = _utc(forecast.times_ms)
    axes.plot(ahead, forecast.expected, color=_AHEAD, linewidth=1.8, label="expected")
    if forecast.lower is not None and forecast.upper is not None:
        axes.fill_between(
            ahead,
            forecast.lower,
            forecast.upper,
            color=_AHEAD,
            alpha=0.2,
            linewidth=0,
            label=f"{100 * interval:.0f} % interval",
        )
    if forecast.exhaustion is not None:
        _draw_threshold(axes, forecast.exhaustion)
    _decorate(axes, title)
    set_value_ticks(axes, unit)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _draw_past(axes: Axes, forecast: CapacityForecast) -> None:
    history = forecast.history
    if history is None:
        return
    import numpy as np

    shown = history.values[-_PAST_HORIZONS * forecast.expected.size :]
    distance = round(history.step.seconds * 1000)
    times = history.last_ms - distance * np.arange(shown.size - 1, -1, -1, dtype=np.int64)
    axes.plot(_utc(times), shown, color=_PAST, linewidth=1.0, label="history")


def _draw_threshold(axes: Axes, found: Exhaustion) -> None:
    axes.axhline(found.threshold, color=_LIMIT, linestyle="--", linewidth=1.4, label="threshold")
    for at, style, label in (
        (found.earliest_ms, ":", "earliest crossing"),
        (found.expected_ms, "-", "expected crossing"),
        (found.latest_ms, ":", "latest crossing"),
    ):
        if at is not None and found.outcome in {"crosses", "does_not_cross"}:
            axes.axvline(_instant(at), color=_LIMIT, linestyle=style, linewidth=1.0, label=label)


def _decorate(axes: Axes, title: str) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    heading = axes.set_title(_plain(title), loc="left", fontsize=11)
    heading.set_parse_math(False)
    locator = AutoDateLocator(tz="UTC", minticks=4, maxticks=10)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))  # type: ignore[no-untyped-call]
    axes.set_xlabel("time, UTC")
    axes.grid(visible=True, color="#E5E5E5", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(loc="best", fontsize=8, frameon=False)


def _plain(text: str) -> str:
    # The font lacks most of Unicode, and a missing glyph warns; a chart's title can do without.
    return cleaned(text, limit=_MAX_TITLE).encode("ascii", "replace").decode()


def _utc(times_ms: IntArray) -> NDArray[np.datetime64]:
    return times_ms.astype("datetime64[ms]")


def _instant(at_ms: int) -> float:
    from matplotlib.dates import date2num

    from sre.core.times import instant_from_ms

    return float(date2num(instant_from_ms(at_ms)))  # type: ignore[no-untyped-call]
