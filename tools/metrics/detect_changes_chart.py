"""The picture of `detect_changes`: the series that changed, where they changed, and the deploys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sre.core.text import cleaned
from sre.core.times import instant_from_ms
from tools.charts import new_chart, png_of, set_frame, set_value_ticks, utc

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tools.deploys import KnownDeploys
    from tools.metrics.detect_changes_reading import Reading
    from tools.metrics.detect_changes_search import Search

_WIDTH_PX, _HEIGHT_PX = 1100, 550
_MAX_TITLE: Final = 100
# Okabe and Ito (2008), colours that people with any colour vision tell apart.
_LINES: Final = ("#000000", "#0072B2", "#009E73", "#CC79A7")
_CHANGE, _ODD, _DEPLOY = "#D55E00", "#E69F00", "#56B4E9"


def changes_png(reading: Reading, search: Search, known: KnownDeploys | None, *, title: str) -> bytes:
    """Return a PNG of the series that stand out most, at most 1,100 x 550 pixels."""
    figure, axes = new_chart(_WIDTH_PX, _HEIGHT_PX)
    rows = reading.rows
    leads = [group.lead.row for group in search.changes] + [group.lead.row for group in search.anomalies]
    shown = list(dict.fromkeys([*leads, *range(len(rows))]))[: len(_LINES)]
    times = utc(rows.grid.times_ms())
    for colour, row in zip(_LINES, shown, strict=False):
        axes.plot(times, rows.values[row], color=colour, linewidth=1.0)
    _mark_deploys(axes, reading, known)
    _mark_found(axes, search, set(shown))
    set_frame(axes, _plain(title))
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="best", fontsize=8, frameon=False)
    set_value_ticks(axes, reading.unit)
    return png_of(figure)


def _mark_found(axes: Axes, search: Search, shown: set[int]) -> None:
    label = "change"
    for change in (group.lead for group in search.changes if group.lead.row in shown):
        axes.axvline(_day(change.moment.at_ms), color=_CHANGE, linewidth=1.4, label=label)
        label = "_"
    label = "anomaly"
    for odd in (group.lead for group in search.anomalies if group.lead.row in shown):
        start, end = odd.start.at_ms, max(odd.end.at_ms, odd.start.at_ms + 1)
        axes.axvspan(_day(start), _day(end), color=_ODD, alpha=0.35, linewidth=0, label=label)
        label = "_"


def _mark_deploys(axes: Axes, reading: Reading, known: KnownDeploys | None) -> None:
    label = "deploy"
    start, end = reading.rows.grid.start_ms, reading.rows.grid.end_ms
    for one in known.deploys if known else ():
        if one.kind != "restart" and start <= one.at_ms <= end:
            axes.axvline(_day(one.at_ms), color=_DEPLOY, linewidth=1.0, linestyle="--", label=label)
            label = "_"


def _plain(text: str) -> str:
    # The font lacks most of Unicode, and a missing glyph warns; a chart's title can do without.
    return cleaned(text, limit=_MAX_TITLE).encode("ascii", "replace").decode()


def _day(at_ms: int) -> float:
    from matplotlib.dates import date2num

    return float(date2num(instant_from_ms(at_ms)))  # type: ignore[no-untyped-call]
