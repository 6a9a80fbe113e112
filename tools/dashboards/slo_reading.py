"""What a dashboard of an SLO is made from: its tiers, its policy, and whether its rules are recorded at the source."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sre.core.conventions import SLO_LABEL
from sre.core.promql_text import selector
from sre.core.times import Window
from tools.concurrent import attempted, seconds_left

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.slo.burn_rate import BurnRateTier
    from sre.core.slo.model import Slo
    from sre.dashboards.model import Dashboard, Link

# A record of half an hour ago is one whose rules are no longer loaded.
_RECENT = timedelta(minutes=30)
_MAX_SERIES = 5_000
_ASKING_SECONDS = 10.0


async def dashboard_of_slo(
    slo: Slo, source: MetricSource | None, *, now: datetime, title: str, links: tuple[Link, ...]
) -> Dashboard:
    """Return the dashboard of an SLO; without a source it reads the records that its rules would keep."""
    from dataclasses import replace

    from sre.core.slo.burn_rate import tiers_for
    from sre.core.slo.tiers import default_tiers
    from sre.core.slo.windows import period_at
    from sre.dashboards.slo import SloSubject, slo_dashboard
    from sre.dashboards.slo_queries import queries_of
    from sre.slo.policy import default_policy

    seconds = period_at(slo.window, at=now).seconds
    tiers = tiers_for(default_tiers(), objective_ratio=slo.objective_ratio, period_seconds=seconds)
    missing = await _missing_records(source, slo, tiers, now) if source else ()
    levels = tuple(sorted(level.above_ratio for level in default_policy() if level.above_ratio is not None))
    subject = SloSubject(slo, tiers, queries_of(slo, is_recorded=not missing), levels, seconds)
    made = slo_dashboard(subject, title=title, links=links)
    if source is not None and 0 < len(missing) < len(_records(tiers)):
        partly = f"Of the records of this SLO's rules, {len(missing)} are missing at {source.name}: {missing[0]} first."
        return replace(made, notes=(*made.notes, partly))
    return made


def _records(tiers: tuple[BurnRateTier, ...]) -> tuple[str, ...]:
    from sre.dashboards.slo_queries import records_of

    return records_of(tiers)


async def _missing_records(
    source: MetricSource, slo: Slo, tiers: tuple[BurnRateTier, ...], now: datetime
) -> tuple[str, ...]:
    chosen = selector("", [("__name__", "=~", "slo:.+"), (SLO_LABEL, "=", slo.name)])
    window = Window(now - _RECENT, now)
    found = await attempted(
        lambda: source.series([chosen], window=window, limit=_MAX_SERIES), seconds=min(_ASKING_SECONDS, seconds_left())
    )
    names = {labels.metric for labels in found or ()}
    return tuple(name for name in _records(tiers) if name not in names)
