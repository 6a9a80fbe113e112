"""The picture of a forecast: history, expected path, interval, threshold, and the dates on which it is met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre.core.figures import figure_text
from sre.core.text import cleaned
from sre.core.times import instant_from_ms
from tools.charts import new_chart, png_of, set_frame, set_value_ticks, utc

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sre.capacity.model import CapacityForecast, Exhaustion

_WIDTH_PX, _HEIGHT_PX = 1100, 550
_MAX_TITLE = 100
# Okabe and Ito (2008), colours that people with any colour vision tell apart.
_PAST, _AHEAD, _LIMIT, _WITHOUT = "#000000", "#0072B2", "#D55E00", "#999999"
# More history than this many horizons makes the forecast too small to read.
_PAST_HORIZONS = 6
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Caption:
    """What is written on a chart: a title (text from outside), the unit, the share an interval holds."""

    title: str
    unit: str
    interval_ratio: float


def forecast_png(
    forecast: CapacityForecast, caption: Caption, *, without_scenario: CapacityForecast | None = None
) -> bytes:
    """Return a PNG of at most 1,100 x 550 pixels.

    Args:
        without_scenario: The same forecast with nothing changed, drawn beside it.
    """
    figure, axes = new_chart(_WIDTH_PX, _HEIGHT_PX)
    _draw_past(axes, forecast)
    if without_scenario is not None:
        axes.plot(
            utc(without_scenario.times_ms),
            without_scenario.expected,
            color=_WITHOUT,
            linestyle="--",
            linewidth=1.2,
            label="expected without the scenario",
        )
    _draw_ahead(axes, forecast, caption)
    if forecast.exhaustion is not None:
        _draw_threshold(axes, forecast.exhaustion, caption)
    set_frame(axes, _plain(caption.title))
    axes.margins(x=0.01)
    set_value_ticks(axes, caption.unit)
    legend = axes.legend(
        loc="upper left", bbox_to_anchor=(0, -0.11), ncols=4, fontsize=8, frameon=False, borderaxespad=0
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return png_of(figure)


def _draw_past(axes: Axes, forecast: CapacityForecast) -> None:
    history = forecast.history
    if history is None:
        return
    shown = history.values[-_PAST_HORIZONS * forecast.expected.size :]
    times = history.step.times_until(history.last_ms, shown.size)
    axes.plot(utc(times), shown, color=_PAST, linewidth=1.0, label="history")


def _draw_ahead(axes: Axes, forecast: CapacityForecast, caption: Caption) -> None:
    ahead = utc(forecast.times_ms)
    label = "expected" if forecast.lower is not None else "as given"
    axes.plot(ahead, forecast.expected, color=_AHEAD, linewidth=1.8, label=label)
    if forecast.lower is not None and forecast.upper is not None:
        interval = f"{100 * caption.interval_ratio:.3g} % interval"
        axes.fill_between(ahead, forecast.lower, forecast.upper, color=_AHEAD, alpha=0.2, linewidth=0, label=interval)


def _draw_threshold(axes: Axes, found: Exhaustion, caption: Caption) -> None:
    limit = f"threshold {figure_text(found.threshold, caption.unit)}"
    axes.axhline(found.threshold, color=_LIMIT, linestyle="--", linewidth=1.4, label=limit)
    if found.outcome not in {"crosses", "does_not_cross"}:
        return
    is_close = _is_close(found)
    for at, style, word in (
        (found.earliest_ms, ":", "earliest"),
        (found.expected_ms, "-", "crosses"),
        (found.latest_ms, ":", "latest"),
    ):
        if at is not None and (word == "crosses" or at != found.expected_ms):
            text = f"{word} {_date(at, with_time=is_close)}"
            axes.axvline(_instant(at), color=_LIMIT, linestyle=style, linewidth=1.2, label=text)
    if found.expected_ms is not None:
        _write_date(axes, found.expected_ms, with_time=is_close)


def _write_date(axes: Axes, at_ms: int, *, with_time: bool) -> None:
    """Write the date of the crossing beside its line, on the side where the picture has room."""
    low, high = axes.get_xlim()
    at = _instant(at_ms)
    is_right = (at - low) > 0.75 * (high - low)
    axes.annotate(
        _date(at_ms, with_time=with_time),
        xy=(at, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-5 if is_right else 5, -4),
        textcoords="offset points",
        ha="right" if is_right else "left",
        va="top",
        color=_LIMIT,
        fontsize=9,
        fontweight="bold",
        bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1},
    )


def _is_close(found: Exhaustion) -> bool:
    """Return whether the dates lie so near each other that their hours matter."""
    known = [at for at in (found.earliest_ms, found.expected_ms, found.latest_ms) if at is not None]
    return bool(known) and 0 < max(known) - min(known) < 3 * _DAY_MS


def _date(at_ms: int, *, with_time: bool) -> str:
    at = instant_from_ms(at_ms)
    return f"{at:%Y-%m-%d %H:%M}" if with_time else f"{at:%Y-%m-%d}"


def _plain(text: str) -> str:
    # The font lacks most of Unicode, and a missing glyph warns; a chart's title can do without.
    return cleaned(text, limit=_MAX_TITLE).encode("ascii", "replace").decode()


def _instant(at_ms: int) -> float:
    from matplotlib.dates import date2num

    return float(date2num(instant_from_ms(at_ms)))  # type: ignore[no-untyped-call]
