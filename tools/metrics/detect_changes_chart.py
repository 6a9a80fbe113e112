"""The picture of `detect_changes`: the series that changed, where they changed, and the deploys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sre.core.text import cleaned
from sre.core.times import epoch_ms, instant_from_ms
from tools.charts import new_chart, png_of, set_frame, set_value_ticks, utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

    from sre.core.labels import Labels
    from tools.deploys import KnownDeploys
    from tools.metrics.detect_changes_reading import Reading
    from tools.metrics.detect_changes_search import Search

_WIDTH_PX, _HEIGHT_PX = 1100, 700
_MAX_TITLE: Final = 100
# Each series has a panel with a scale of its own, or the small ones would be flat lines.
_MOST_PANELS: Final = 4
# Okabe and Ito (2008), colours that people with any colour vision tell apart.
_LINE, _CHANGE, _ODD, _DEPLOY = "#000000", "#D55E00", "#E69F00", "#0072B2"


def changes_png(reading: Reading, search: Search, known: KnownDeploys | None, *, title: str) -> bytes:
    """Return a PNG of the series that stand out most, at most 1,100 x 700 pixels."""
    figure, whole = new_chart(_WIDTH_PX, _HEIGHT_PX)
    whole.remove()
    rows = reading.rows
    leads = [group.lead.row for group in search.changes] + [group.lead.row for group in search.anomalies]
    shown = list(dict.fromkeys([*leads, *range(len(rows))]))[: _MOST_PANELS if leads else 1]
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    since_ms, times = epoch_ms(reading.asked.start), rows.grid.times_ms()
    asked = times >= since_ms
    for panel, row in zip(panels, shown, strict=True):
        panel.plot(utc(times[asked]), rows.values[row][asked], color=_LINE, linewidth=1.0)
        _mark_found(panel, search, row)
        _mark_deploys(panel, known, since_ms=since_ms, until_ms=rows.grid.end_ms)
        set_frame(panel, _plain(_name(rows.labels[row]) if len(rows) > 1 else title))
        set_value_ticks(panel, reading.unit)
        panel.set_xlabel("")
    panels[-1].set_xlabel("time, UTC")
    _add_legend(panels[0])
    return png_of(figure)


def _mark_found(axes: Axes, search: Search, row: int) -> None:
    changes = [one for group in search.changes for one in group.members if one.row == row]
    for label, change in zip(_labels("change"), changes, strict=False):
        axes.axvline(_day(change.moment.at_ms), color=_CHANGE, linewidth=1.6, label=label)
    anomalies = [one for group in search.anomalies for one in group.members if one.row == row]
    for label, odd in zip(_labels("anomaly"), anomalies, strict=False):
        start, end = odd.start.at_ms, max(odd.end.at_ms, odd.start.at_ms + 1)
        axes.axvspan(_day(start), _day(end), color=_ODD, alpha=0.5, linewidth=1, label=label)


def _mark_deploys(axes: Axes, known: KnownDeploys | None, *, since_ms: int, until_ms: int) -> None:
    shown = [one for one in known.deploys if one.kind != "restart"] if known else []
    inside = [one for one in shown if since_ms <= one.at_ms <= until_ms]
    for label, deploy in zip(_labels("deploy"), inside, strict=False):
        axes.axvline(_day(deploy.at_ms), color=_DEPLOY, linewidth=1.0, linestyle="--", label=label)


def _labels(first: str) -> Iterable[str]:
    """Yield a label for the legend, then what keeps the same mark out of it."""
    yield first
    while True:
        yield "_"


def _add_legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", fontsize=8, frameon=False)


def _name(labels: Labels) -> str:
    return str(labels) or "series"


def _plain(text: str) -> str:
    # The font lacks most of Unicode, and a missing glyph warns; a chart's title can do without.
    return cleaned(text, limit=_MAX_TITLE).encode("ascii", "replace").decode()


def _day(at_ms: int) -> float:
    from matplotlib.dates import date2num

    return float(date2num(instant_from_ms(at_ms)))  # type: ignore[no-untyped-call]
