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
    from sre.core.slo.model import Slo
    from sre.dashboards.model import Dashboard, Link

# A record of half an hour ago is one whose rules are no longer loaded.
_RECENT = timedelta(minutes=30)
_MAX_SERIES = 5_000
_ASKING_SECONDS = 10.0


async def dashboard_of_slo(
    slo: Slo, source: MetricSource | None, *, now: datetime, title: str, links: tuple[Link, ...]
) -> Dashboard:
    """Return the dashboard of an SLO; without a source it reads the records that its rules would keep.

    Raises:
        InputError: A counter expression of the SLO is not one, or no tier of it can alert.
    """
    from dataclasses import replace

    from sre.core.slo.sli_queries import sli_queries
    from sre.dashboards.slo import SloSubject, slo_dashboard
    from sre.dashboards.slo_queries import queries_of, records_of
    from sre.slo.alert_tiers import alert_tiers
    from sre.slo.policy import default_policy

    tiers = alert_tiers(slo)
    records = records_of(tiers.used, base_seconds=sli_queries(slo).base_seconds)
    missing = await _missing(source, slo, records, now) if source else ()
    subject = SloSubject(
        slo,
        tiers.used,
        queries_of(slo, is_recorded=not missing, elapsed=_elapsed(slo, now)),
        tuple(sorted(level.above_ratio for level in default_policy() if level.above_ratio is not None)),
        tiers.period_seconds,
        tuple((left.name, left.reason) for left in tiers.left_out),
    )
    made = slo_dashboard(subject, title=title, links=links)
    if source is not None and 0 < len(missing) < len(records):
        partly = f"Of {len(records)} records it would read, {len(missing)} are missing at {source.name}: {missing[0]}."
        return replace(made, notes=(*made.notes, partly))
    return made


def _elapsed(slo: Slo, now: datetime) -> str:
    """Return PromQL of the share of a calendar period that has passed; empty for a rolling window."""
    from sre.core.slo.windows import CalendarWindow
    from sre.slo.calendar_rules import calendar_queries

    if not isinstance(slo.window, CalendarWindow):
        return ""
    calendar = calendar_queries(slo.window, at=now)
    return f"(time() - ({calendar.start})) / ({calendar.length})"


async def _missing(source: MetricSource, slo: Slo, records: tuple[str, ...], now: datetime) -> tuple[str, ...]:
    chosen = selector("", [("__name__", "=~", "slo:.+"), (SLO_LABEL, "=", slo.name)])
    window = Window(now - _RECENT, now)
    found = await attempted(
        lambda: source.series([chosen], window=window, limit=_MAX_SERIES), seconds=min(_ASKING_SECONDS, seconds_left())
    )
    names = {labels.metric for labels in found or ()}
    return tuple(name for name in records if name not in names)
