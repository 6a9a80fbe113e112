"""Dashboards taken apart for tests: panels by title, their queries as Prometheus gets them."""

import json
from datetime import UTC, datetime
from typing import Any

from sre.core.slo.model import Slo
from sre.core.slo.sli_queries import sli_queries
from sre.dashboards.grafana_json import dashboard_json, dashboard_text
from sre.dashboards.model import Dashboard, Panel
from sre.dashboards.runnable import PanelTime, runnable
from sre.dashboards.slo import SloSubject, slo_dashboard
from sre.dashboards.slo_queries import queries_of
from sre.dashboards.structure import structure_checks
from sre.slo.alert_tiers import alert_tiers

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def dashboard_of(slo: Slo, *, is_recorded: bool, elapsed: str = "") -> Dashboard:
    """Return the dashboard of an SLO as the tool makes it."""
    tiers = alert_tiers(slo)
    left = tuple((one.name, one.reason) for one in tiers.left_out)
    queries = queries_of(slo, is_recorded=is_recorded, elapsed=elapsed)
    return slo_dashboard(SloSubject(slo, tiers.used, queries, (0.0, 0.2, 0.5), tiers.period_seconds, left))


def panel(dashboard: Dashboard, title: str) -> Panel:
    """Return the one panel of a title."""
    (found,) = [one for one in dashboard.panels() if one.title == title]
    return found


def queries(dashboard: Dashboard, *, choice: str = "", range_seconds: float = 3600) -> list[str]:
    """Return every panel query as Prometheus gets it; `choice` stands for what is chosen above the dashboard."""
    time = PanelTime(range_seconds, 60, 60)
    found = []
    for one in dashboard.panels():
        for target in one.targets:
            text = target.expr
            for variable in dashboard.variables if choice else ():
                text = text.replace(variable.reference, choice)
            found.append(runnable(text, time=time, choices=[variable.name for variable in dashboard.variables]))
    return found


def checked_json(dashboard: Dashboard) -> dict[str, Any]:
    """Return a dashboard's JSON, its structure checked and its text proved to be the same."""
    document = json.loads(dashboard_text(dashboard))
    assert document == json.loads(json.dumps(dashboard_json(dashboard)))
    assert [problem for check in structure_checks(document) for problem in check.problems] == []
    return dict(document)


def base_seconds(slo: Slo) -> float:
    """Return the length of the window whose counts an SLO's rules record."""
    return sli_queries(slo).base_seconds
