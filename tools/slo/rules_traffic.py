"""How little traffic an SLO has at its quietest, for pages that a single event would send."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.times import Duration, Window
from tools.concurrent import outcome_of, seconds_left

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.series import FloatArray
    from sre.core.slo.burn_rate import BurnRateTier
    from sre.core.slo.model import Slo

_PATIENCE_SECONDS = 8.0


def traffic_source(deps: Deps, slo: Slo, *, source: str) -> MetricSource | None:
    """Return the source to look at, or None where it is not clear which.

    Raises:
        InputError: The named source does not exist.
    """
    if source:
        return deps.sources.metric(source)
    if slo.source_name in deps.sources.names():
        return deps.sources.metric(slo.source_name)
    try:
        return deps.sources.metric()
    except SreError:
        return None


async def quietest_windows(
    deps: Deps, metrics: MetricSource, slo: Slo, tiers: Sequence[BurnRateTier]
) -> dict[str, float] | SreError:
    """Return by tier the fewest events its long window held in the last day, of the quietest group; empty for none."""
    from sre.core.slo.sli_queries import sli_queries
    from sre.slo.quietest import HOUR_SECONDS, HOURS
    from sre.slo.quietest import quietest_windows as fewest

    async def hourly() -> list[FloatArray]:
        now = await deps.now_of(metrics)
        window = Window(now - timedelta(hours=HOURS - 1), now)
        query = sli_queries(slo).total_over(HOUR_SECONDS)
        result = await metrics.range_query(query, window=window, step=Duration(HOUR_SECONDS))
        series = result.series
        return [values[there] for values, there in zip(series.values, series.present, strict=True)]

    outcome = await outcome_of(hourly, seconds=min(_PATIENCE_SECONDS, seconds_left()), system=metrics.name)
    if isinstance(outcome, SreError):
        return outcome
    return fewest(outcome, tiers)
