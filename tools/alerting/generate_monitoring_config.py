"""The tool `generate_monitoring_config`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tools.alerting.config_answer import JobRow, MonitoringConfigAnswer, RouteRow, SecretRow
from tools.artefacts import OutputDir, deliver
from tools.context import ToolContext, deps_of, report_progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sre.alerting.scrape_model import Discovery
    from tools.alerting.config_files import ConfigSet

_Yaml = Annotated[str, Field(description="YAML", max_length=100_000)]


async def generate_monitoring_config(
    ctx: ToolContext,
    *,
    services: _Yaml = "",
    receivers: _Yaml = "",
    existing: Annotated[str, Field(description="Files to add to, YAML parted by ---", max_length=500_000)] = "",
    output_dir: OutputDir = "",
    overwrite: bool = False,
) -> MonitoringConfigAnswer:
    """Write prometheus.yml and alertmanager.yml: scrape jobs, routes, inhibition, message templates; all checked.

    Use when services are to be scraped or alerts to reach people. `services`: list of {name, targets: [host:port]} or
    {name, discovery: {kind: kubernetes|ec2|consul|file, ...}}. `receivers`: {pages, tickets, watchdog: {pagerduty |
    slack | webhook | email: {...}}}. Secrets by file only, never in the call.
    Not for alert rules (`generate_alert_rules`, `generate_slo_rules`).
    """
    from tools.alerting.config_checks import config_checks
    from tools.alerting.config_files import config_set

    deps = deps_of(ctx)
    made = await config_set(deps, services=services, receivers=receivers, existing=existing)
    await report_progress(ctx, 1, 2, "Checking the configuration")
    checks = await config_checks(deps, made)
    answer = MonitoringConfigAnswer(summary="", checks=checks)
    _describe(answer, made)
    answer.summary = _summary(answer, made)
    await deliver(answer, made.files, deps=deps, output_dir=output_dir, overwrite=overwrite)
    return answer


def _describe(answer: MonitoringConfigAnswer, made: ConfigSet) -> None:
    from sre.alerting.alertmanager_config import minimum_version
    from tools.alerting.config_checks import routed

    answer.warnings += made.notes
    if made.scrape is not None:
        answer.needs_prometheus = "2.42 or later"
        answer.jobs = [_job(service.name, service.discovery) for service in made.scrape.services]
        answer.warnings += _scrape_warnings(made)
    if made.notification is not None:
        answer.needs_alertmanager = f"{minimum_version(made.notification)} or later"
        answer.routes = [
            RouteRow(alert=_spelt(alert.labels), receiver=", ".join(reached), ok=alert.receiver in reached)
            for alert, reached in routed(made)
        ]
        answer.warnings += _notification_warnings(made)
    answer.secret_files = [SecretRow(path=one.path, holds=one.purpose, owner=one.reader) for one in made.secrets]
    answer.warnings += _merge_notes(made)
    answer.next_steps = _next_steps(made)


def _spelt(labels: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in labels.items())


def _job(name: str, discovery: Discovery) -> JobRow:
    from sre.alerting.scrape_model import ConsulTargets, Ec2Targets, FileTargets, KubernetesTargets, StaticTargets

    match discovery:
        case StaticTargets(targets):
            return JobRow(job=name, found_by="static", targets=list(targets))
        case FileTargets(files, targets):
            return JobRow(job=name, found_by=f"file {', '.join(files)}", targets=list(targets))
        case KubernetesTargets() as found:
            chosen = found.selector or "annotation prometheus.io/scrape"
            return JobRow(job=name, found_by=f"kubernetes {found.role}: {chosen}")
        case Ec2Targets() as machines:
            return JobRow(job=name, found_by=f"ec2 {machines.region}: port {machines.port}")
        case ConsulTargets() as registered:
            return JobRow(job=name, found_by=f"consul {registered.server}: {', '.join(registered.services)}")


def _scrape_warnings(made: ConfigSet) -> list[str]:
    from sre.alerting.scrape_model import KubernetesTargets

    warnings = []
    for service in made.scrape.services if made.scrape else ():
        if isinstance(service.discovery, KubernetesTargets) and service.discovery.role == "service":
            warnings.append(
                f"{service.name}: role service scrapes one random pod behind each service; use role endpoints for all."
            )
        if service.access.is_unverified:
            warnings.append(f"{service.name}: certificates are not verified, so anybody may answer in its place.")
    return warnings


def _notification_warnings(made: ConfigSet) -> list[str]:
    from sre.alerting.receiver_model import Webhook

    plan = made.notification
    if plan is None:
        return []
    warnings = []
    if not plan.watchdog:
        warnings.append(
            "No watchdog receiver: nothing notices when alerts stop arriving; give "
            "watchdog: {webhook: {url_file: ...}} of a dead man's switch."
        )
    plain = [
        one.url
        for one in (*plan.pages, *plan.tickets)
        if isinstance(one, Webhook) and one.url.startswith("http://") and not _is_local(one.url)
    ]
    if plain:
        warnings.append("A webhook address is http, not https: alerts travel readable, and a token with them.")
    if set(plan.pages) & set(plan.tickets):
        warnings.append("Pages and tickets go to the same place: people will learn to overlook both.")
    return warnings


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.", "http://localhost", "http://[::1]"))


def _merge_notes(made: ConfigSet) -> list[str]:
    notes = []
    if made.is_merged:
        notes.append("Comments of the existing files are not in the new ones.")
    for name, merged in (("prometheus.yml", made.prometheus), ("alertmanager.yml", made.alertmanager)):
        if merged is not None and merged.added:
            notes.append(f"{name}: added {', '.join(merged.added)}.")
        if merged is not None and merged.kept:
            notes.append(f"{name}: kept as it was, though ours differs: {', '.join(merged.kept)}.")
    return notes


def _next_steps(made: ConfigSet) -> list[str]:
    steps = []
    if made.secrets:
        steps.append(
            "Make each of secret_files (mode 0400, owned by its program) before the start; no newline at the end."
        )
    if made.notification and any(not one.path.startswith("/") for one in made.secrets if one.reader == "alertmanager"):
        steps.append("Start the Alertmanager in its folder: it does not resolve relative paths of keys.")
    if made.scrape is not None:
        steps.append("Put rules of services and SLOs into rules/, then reload.")
    return steps


def _summary(answer: MonitoringConfigAnswer, made: ConfigSet) -> str:
    parts = []
    if made.scrape is not None:
        parts.append(f"prometheus.yml scrapes {len(made.scrape.services)} service(s)")
    if made.notification is not None:
        right = sum(row.ok for row in answer.routes)
        parts.append(f"alertmanager.yml brings {right} of {len(answer.routes)} kinds of alerts to their receiver")
    failed = [check.name for check in answer.checks if check.ok is False]
    unknown = sum(check.ok is None for check in answer.checks)
    passed = sum(check.ok is True for check in answer.checks)
    verdict = f"NOT ready: {'; '.join(failed)} failed" if failed else f"{passed} checks passed"
    more = f", {unknown} could not be made" if unknown else ""
    secrets = f" {len(made.secrets)} secret file(s) are to be made by hand." if made.secrets else ""
    return f"{'; '.join(parts)}. {verdict}{more}.{secrets}"
