"""Answers in a sentence."""

from sre.core.figures import figure_text
from sre.core.labels import Labels
from sre.core.times import Window, format_duration, format_instant
from sre.metrics.series_figures import Measured, SeriesFigures
from sre.metrics.series_names import sentence_name


def query_summary(measured: Measured, top: SeriesFigures | None, *, unit: str, window: Window, shared: Labels) -> str:
    """Return what a query found; the first series by rank is described, in words of its unit."""
    over = f"over {format_duration(window.seconds)} to {format_instant(window.end)}"
    if top is None:
        return f"A text value {over}."
    count = len(measured)
    figures = (
        f"last {figure_text(top.last, unit)}, mean {figure_text(top.mean, unit)}, "
        f"between {figure_text(top.minimum, unit)} and {figure_text(top.maximum, unit)}"
    )
    if top.last is None:
        figures = "no finite value"
    if count == 1:
        return f"One series {over}: {figures} ({top.point_count} points)."
    name = sentence_name(top.labels, leave_out=shared)
    first = f"First by rank{f' is {name}' if name else ''}"
    return f"{count} series {over}, {measured.point_count} points. {first}: {figures}."
