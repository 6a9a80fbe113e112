"""The tool `generate_dashboard`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sre.core.errors import InputError, SreError
from sre.core.text import cleaned
from tools.arguments import SourceName
from tools.artefacts import Artefact, OutputDir, deliver
from tools.context import ToolContext, deps_of, in_thread, report_progress
from tools.dashboards.dashboard_answer import DashboardAnswer
from tools.slo_lookup import SloArgument

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.dashboards.identity import Subject
    from sre.dashboards.model import Dashboard, Link
    from tools.dashboards.panel_run import PanelRun

_MAX_RULES_CHARS = 200_000


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the dashboard is to be of: exactly one of them is not empty."""

    service: str
    slo: str
    rules: str
    title: str

    @property
    def subject(self) -> Subject:
        return "service" if self.service else "slo" if self.slo else "rules"


@dataclass(frozen=True, slots=True)
class _Made:
    """A dashboard and where its queries can be run."""

    dashboard: Dashboard
    name: str
    source: MetricSource | None
    now: datetime


async def generate_dashboard(
    ctx: ToolContext,
    *,
    service: Annotated[str, Field(max_length=200)] = "",
    slo: SloArgument = "",
    rules: Annotated[str, Field(description="Rule file YAML", max_length=_MAX_RULES_CHARS)] = "",
    title: Annotated[str, Field(max_length=120)] = "",
    source: SourceName = "",
    output_dir: OutputDir = "",
    overwrite: bool = False,
) -> DashboardAnswer:
    """Generate a Grafana dashboard: of a service (golden signals), an SLO (budget, burn rates) or a rule file.

    Use when people need to look, not be called. Pass one of service, slo, rules. Every query is run; panels that
    show nothing are named with the reason.
    Not for one look at numbers (use `check_service_health`, `query_prometheus`).
    """
    deps = deps_of(ctx)
    asked = _asked(service, slo, rules, title)
    await report_progress(ctx, 0, 3, "Looking at what there is to show")
    made = await _made(deps, asked, source)
    await report_progress(ctx, 1, 3, "Running every panel's queries")
    answer, runs = await _tried(made)
    await report_progress(ctx, 2, 3, "Checking the dashboard")
    await _handed_over(answer, made, runs, asked, deps=deps, output_dir=output_dir, overwrite=overwrite)
    return answer


def _asked(service: str, slo: str, rules: str, title: str) -> _Asked:
    asked = _Asked(service.strip(), slo.strip(), rules.strip(), cleaned(title, limit=120))
    if sum(bool(one) for one in (asked.service, asked.slo, asked.rules)) != 1:
        raise InputError("Pass exactly one of service, slo and rules.", field="service")
    return asked


async def _made(deps: Deps, asked: _Asked, source_name: str) -> _Made:
    if asked.service:
        return await _of_service(deps, asked, source_name)
    return await (_of_slo if asked.slo else _of_rules)(deps, asked, source_name)


async def _of_service(deps: Deps, asked: _Asked, source_name: str) -> _Made:
    from tools.dashboards.service_reading import dashboard_of_service

    source = deps.sources.metric(source_name or None)
    now = await deps.now_of(source)
    made = await dashboard_of_service(deps, source, asked.service, now=now, title=asked.title, links=())
    return await _with_spacing(_Made(made, asked.service, source, now))


async def _of_slo(deps: Deps, asked: _Asked, source_name: str) -> _Made:
    from sre.core.conventions import budget_burn_alert
    from tools.dashboards.slo_reading import dashboard_of_slo
    from tools.slo_lookup import slo_of

    slo = await slo_of(deps, asked.slo)
    known = slo.source_name if slo.source_name in deps.sources.names() else None
    source = _source(deps, source_name or known or "")
    now = await deps.now_of(source) if source else deps.clock.now()
    links = _runbook(slo.alerting.runbook_url or deps.runbook_url, budget_burn_alert(slo.name))
    made = await dashboard_of_slo(slo, source, now=now, title=asked.title, links=links)
    return await _with_spacing(_Made(made, slo.name, source, now))


async def _of_rules(deps: Deps, asked: _Asked, source_name: str) -> _Made:
    from sre.core.rules import read_rule_file
    from sre.dashboards.rules import rules_dashboard

    file = await in_thread(lambda: read_rule_file(asked.rules))
    made = await in_thread(
        lambda: rules_dashboard(file, unit_of=_unit_of, title=asked.title, runbook_url=deps.runbook_url)
    )
    source = _source(deps, source_name)
    now = await deps.now_of(source) if source else deps.clock.now()
    return await _with_spacing(_Made(made, asked.title or file.groups[0].name, source, now))


def _source(deps: Deps, name: str) -> MetricSource | None:
    """Return the source to try the queries at; None where none is configured and none was named."""
    return deps.sources.metric(name or None) if name or deps.sources.metric_sources else None


def _runbook(url: str, alert: str) -> tuple[Link, ...]:
    from sre.dashboards.rules import web_link

    return web_link("Runbook", url.replace("{alert}", alert))


def _unit_of(query: str) -> str:
    from sre.core.promql import parse
    from sre.metrics.query_unit import unit_of_query

    try:
        return unit_of_query(parse(query).ast)
    except SreError:
        return ""


async def _with_spacing(made: _Made) -> _Made:
    """Return it with the distance of samples, which Grafana's own setting may not know."""
    from tools.dashboards.panel_run import scrape_seconds

    if made.source is None:
        return made
    seconds = await scrape_seconds(made.source, now=made.now)
    return replace(made, dashboard=replace(made.dashboard, scrape_seconds=seconds))


async def _tried(made: _Made) -> tuple[DashboardAnswer, tuple[PanelRun, ...]]:
    from tools.dashboards.dashboard_answer import data_check, problem_lines
    from tools.dashboards.panel_run import DEFAULT_SCRAPE_SECONDS, RunTimes, run_panels

    runs: tuple[PanelRun, ...] = ()
    answer = DashboardAnswer(summary="", uid=made.dashboard.uid, title=made.dashboard.title)
    if made.source is not None:
        times = RunTimes(made.now, made.dashboard.scrape_seconds or DEFAULT_SCRAPE_SECONDS)
        runs = await run_panels(made.source, made.dashboard, times)
        answer.source, answer.at = made.source.name, made.now
    why_not = "" if made.source else "no metric source is configured."
    answer.checks.append(data_check(runs, source=answer.source, why_not=why_not))
    answer.warnings += [*made.dashboard.notes, *problem_lines(runs)]
    return answer, runs


async def _handed_over(
    answer: DashboardAnswer,
    made: _Made,
    runs: tuple[PanelRun, ...],
    asked: _Asked,
    *,
    deps: Deps,
    output_dir: str,
    overwrite: bool,
) -> None:
    from sre.dashboards.grafana_json import dashboard_json, dashboard_text
    from sre.dashboards.identity import file_name
    from sre.dashboards.structure import structure_checks
    from tools.dashboards.dashboard_answer import panel_rows, structure_answers, summary_of

    answer.panels = panel_rows(made.dashboard, runs)
    answer.checks[:0] = structure_answers(structure_checks(dashboard_json(made.dashboard)))
    answer.summary = summary_of(answer, runs)
    file = Artefact(file_name(asked.subject, made.name), "json", dashboard_text(made.dashboard))
    await deliver(answer, [file], deps=deps, output_dir=output_dir, overwrite=overwrite)
