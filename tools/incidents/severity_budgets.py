"""How fast an incident burns the error budgets of the SLOs that are defined."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import ConfigError, SreError
from sre.core.text import listed, quoted
from sre.core.times import format_instant
from sre.incidents.harm import BudgetHarm
from tools.answer import QueryEvidence
from tools.concurrent import all_of, attempted, outcome_of, seconds_left
from tools.slo_lookup import slo_registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.slo.burn_rate import BurnRateTier
    from sre.core.slo.model import Slo

# Each costs five queries, the longest over the whole SLO window.
_MAX_SLOS = 12
_READ_SECONDS = 20.0


@dataclass(slots=True)
class BudgetsRead:
    """What was read of SLOs."""

    budgets: list[BudgetHarm] = field(default_factory=list)
    queries: list[QueryEvidence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def read_budgets(
    deps: Deps, source: MetricSource, *, services: Sequence[str], names: Sequence[str], at: datetime
) -> BudgetsRead:
    """Return how the budgets of these services burn; what cannot be read is a note.

    Args:
        services: Whose SLOs; empty for all.
        names: Names of SLOs to read as well.
    """
    found = BudgetsRead()
    try:
        registered = (await slo_registry(deps).load_all()).slos
    except ConfigError as error:
        found.notes.append(f"Budgets are not judged: {error.message}")
        return found
    wanted = [one.slo for one in registered if not services or one.slo.service in services or one.slo.name in names]
    chosen = [
        slo for slo in wanted if slo.source_name in (None, source.name) or slo.source_name not in deps.sources.names()
    ]
    if not chosen:
        of_them = f" of {listed([quoted(name, limit=80) for name in services])}" if services else ""
        found.notes.append(f"Budgets are not judged: no SLO{of_them} is defined.")
        return found
    if len(chosen) > _MAX_SLOS:
        found.notes.append(f"{len(chosen) - _MAX_SLOS} of {len(chosen)} SLOs were not read; name fewer services.")
    read = [partial(_budget, source, slo, at, found) for slo in chosen[:_MAX_SLOS]]
    found.budgets = [one for one in await all_of(read) if one is not None]
    found.notes += await _coverage_notes(source, chosen, at)
    return found


async def _coverage_notes(source: MetricSource, slos: Sequence[Slo], at: datetime) -> list[str]:
    from sre.core.slo.windows import period_at

    covered = await attempted(source.coverage)
    begins = min(period_at(slo.window, at=at).start for slo in slos)
    if covered is None or covered.start <= begins:
        return []
    return [
        f"Data begin at {format_instant(covered.start.replace(microsecond=0))}; budgets are those of the time since."
    ]


async def _budget(source: MetricSource, slo: Slo, at: datetime, into: BudgetsRead) -> BudgetHarm | None:
    from sre.core.slo.budget import budget_ratio
    from sre.core.slo.sli_queries import sli_queries
    from sre.core.slo.windows import period_at
    from sre.slo.period_tiers import period_tiers

    queries = sli_queries(slo)
    period = period_at(slo.window, at=at)
    base = queries.base_seconds if queries.counted == "slices" else None
    tiers = [
        one for one in period_tiers(slo, period_seconds=period.seconds, base_seconds=base) if one.severity == "page"
    ]
    fast, slow = (*tiers, None, None)[:2]
    allowed = budget_ratio(slo.objective_ratio)

    async def rate(seconds: float | None) -> float | None:
        if seconds is None or seconds < 1:
            return None
        query = queries.error_ratio_over(seconds)
        patience = min(_READ_SECONDS, seconds_left())
        outcome = await outcome_of(lambda: source.instant_query(query, at=at), seconds=patience, system=source.name)
        if isinstance(outcome, SreError):
            into.notes.append(f"SLO {quoted(slo.name, limit=80)} was not wholly read: {outcome.message}")
            return None
        values = [float(one) for one in outcome.values.tolist() if math.isfinite(one)]
        into.queries.append(
            QueryEvidence(query=query, series_count=len(values), sample_count=outcome.samples_read or len(values))
        )
        return max(values) / allowed if values else None

    windows = [period.elapsed_seconds, *_windows(fast), *_windows(slow)]
    spent, *rates = await all_of([partial(rate, seconds) for seconds in windows])
    if spent is None and all(one is None for one in rates):
        return None
    return BudgetHarm(
        slo=slo.name,
        service=slo.service,
        objective_ratio=slo.objective_ratio,
        fast=(rates[0], rates[1]),
        fast_factor=fast.factor if fast else None,
        slow=(rates[2], rates[3]),
        slow_factor=slow.factor if slow else None,
        # The allowance of a calendar period under way is that of the whole period, at the traffic so far.
        consumed_ratio=None if spent is None else spent * period.elapsed_ratio,
    )


def _windows(tier: BurnRateTier | None) -> tuple[float | None, float | None]:
    return (tier.long_seconds, tier.short_seconds) if tier else (None, None)
