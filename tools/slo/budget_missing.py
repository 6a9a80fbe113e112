"""Where the source does not hold what a budget needs: nothing at all, or not for the whole period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.errors import NoDataError
from sre.core.figures import seconds_text
from sre.core.text import nearest_names, quoted
from sre.core.times import Window
from tools.slo.young_counters import YOUNG_CAUSE, YOUNG_STEP, are_young

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import MetricSource
    from sre.core.slo.windows import Period
    from sre.slo.history import EventHistory


async def no_series(
    source: MetricSource, period: Period, *, text: str, metrics: Sequence[str], counters: Sequence[str] = ()
) -> NoDataError:
    """Return the error that says why a query counts nothing, with the nearest names that exist.

    Args:
        metrics: Names the query reads.
        counters: Counters that it adds up.
    """
    nothing = (
        f"{quoted(text)} counts nothing at {quoted(source.name)} between {period.start:%Y-%m-%d %H:%M} "
        f"and {period.at:%Y-%m-%d %H:%M} UTC."
    )
    if await are_young(source, counters, window=Window(period.start, period.at)):
        return NoDataError(nothing, causes=(YOUNG_CAUSE,), next_steps=(YOUNG_STEP,))
    names: tuple[str, ...] = ()
    if metrics:
        known = await source.label_values("__name__", window=Window(period.start, period.at))
        names = nearest_names(metrics[0], known)
    is_known = bool(metrics) and metrics[0] in names
    cause = "no series has these labels" if is_known else "no metric of this name exists in the window"
    return NoDataError(
        nothing,
        causes=(cause, "the window lies outside the recorded data"),
        nearest=() if is_known else names,
        next_steps=("use find_metrics to look for the counter, or query_prometheus to see its labels.",),
    )


def coverage_note(history: EventHistory, *, period_seconds: float) -> str | None:
    """Return a warning when data do not cover the whole window."""
    ratio = history.coverage_ratio
    if ratio >= 1.0:
        return None
    covered = f"about {seconds_text(ratio * period_seconds)}" if ratio > 0 else "next to nothing"
    whole = seconds_text(period_seconds)
    start = history.data_start
    since = f", since about {start:%Y-%m-%d %H:%M} UTC" if start and start > history.start else ", with gaps"
    return f"Data cover {covered} of {whole}{since}; the figures are of the events that were seen."
