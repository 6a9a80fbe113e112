"""The picture of a forecast: history, expected path, interval, threshold and crossing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.text import cleaned
from tools.charts import new_chart, png_of, set_frame, set_value_ticks, utc

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sre.capacity.model import CapacityForecast, Exhaustion

_WIDTH_PX, _HEIGHT_PX = 1100, 550
_MAX_TITLE = 100
# Okabe and Ito (2008), colours that people with any colour vision tell apart.
_PAST, _AHEAD, _LIMIT = "#000000", "#0072B2", "#D55E00"
# More history than this many horizons makes the forecast too small to read.
_PAST_HORIZONS = 6


def forecast_png(forecast: CapacityForecast, *, title: str, interval: float, unit: str = "") -> bytes:
    """Return a PNG of at most 1,100 x 550 pixels."""
    figure, axes = new_chart(_WIDTH_PX, _HEIGHT_PX)
    _draw_past(axes, forecast)
    ahead = utc(forecast.times_ms)
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
    set_frame(axes, _plain(title))
    axes.legend(loc="best", fontsize=8, frameon=False)
    set_value_ticks(axes, unit)
    return png_of(figure)


def _draw_past(axes: Axes, forecast: CapacityForecast) -> None:
    history = forecast.history
    if history is None:
        return
    import numpy as np

    shown = history.values[-_PAST_HORIZONS * forecast.expected.size :]
    distance = round(history.step.seconds * 1000)
    times = history.last_ms - distance * np.arange(shown.size - 1, -1, -1, dtype=np.int64)
    axes.plot(utc(times), shown, color=_PAST, linewidth=1.0, label="history")


def _draw_threshold(axes: Axes, found: Exhaustion) -> None:
    axes.axhline(found.threshold, color=_LIMIT, linestyle="--", linewidth=1.4, label="threshold")
    for at, style, label in (
        (found.earliest_ms, ":", "earliest crossing"),
        (found.expected_ms, "-", "expected crossing"),
        (found.latest_ms, ":", "latest crossing"),
    ):
        if at is not None and found.outcome in {"crosses", "does_not_cross"}:
            axes.axvline(_instant(at), color=_LIMIT, linestyle=style, linewidth=1.0, label=label)


def _plain(text: str) -> str:
    # The font lacks most of Unicode, and a missing glyph warns; a chart's title can do without.
    return cleaned(text, limit=_MAX_TITLE).encode("ascii", "replace").decode()


def _instant(at_ms: int) -> float:
    from matplotlib.dates import date2num

    from sre.core.times import instant_from_ms

    return float(date2num(instant_from_ms(at_ms)))  # type: ignore[no-untyped-call]
