"""Answers in a sentence."""

from sre.core.figures import figure_text
from sre.core.labels import Labels
from sre.core.times import Window, format_duration, format_instant, instant_from_ms
from sre.metrics.series_figures import Measured, SeriesFigures
from sre.metrics.series_names import sentence_name


def query_summary(measured: Measured, top: SeriesFigures | None, *, unit: str, window: Window, shared: Labels) -> str:
    """Return what a query found; the first series by rank is described, in words of its unit."""
    over = f"over {format_duration(window.seconds)} to {format_instant(window.end)}"
    if top is None:
        return f"A text value {over}."
    count = len(measured)
    figures = _figures(top, unit)
    if count == 1:
        return f"One series {over}: {figures} ({_points_text(measured, top)})."
    name = sentence_name(top.labels, leave_out=shared)
    first = f"First by rank{f' is {name}' if name else ''}"
    return f"{count} series {over}, {measured.point_count} points. {first}: {figures}."


def _points_text(measured: Measured, top: SeriesFigures) -> str:
    """Return how many points there are; where a condition or a gap leaves some out, also from when to when."""
    present = measured.present[top.row]
    count = f"{top.point_count} point{'s' if top.point_count != 1 else ''}"
    if top.point_count in (0, present.size):
        return count
    times = measured.times_ms[top.row][present]
    first, last = (format_instant(instant_from_ms(int(at))) for at in (times[0], times[-1]))
    when = f"from {first} to {last}" if first != last else f"at {first}"
    return f"{top.point_count} of {present.size} points, {when}"


def _figures(top: SeriesFigures, unit: str) -> str:
    if top.last is None:
        return "no finite value"
    if top.minimum == top.maximum:
        return f"{figure_text(top.last, unit)} at every point"
    return (
        f"last {figure_text(top.last, unit)}, mean {figure_text(top.mean, unit)}, "
        f"between {figure_text(top.minimum, unit)} and {figure_text(top.maximum, unit)}"
    )
