"""The tool `generate_alert_rules`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sre.core.errors import InputError
from tools.alerting.alert_rules_answer import AlertRow, AlertRulesAnswer, NotWritten
from tools.answer import WindowAnswer
from tools.arguments import SourceName
from tools.artefacts import Artefact, OutputDir, deliver
from tools.context import ToolContext, deps_of, in_thread, report_progress

if TYPE_CHECKING:
    from sre.alerting.alert_settings import NoiseLimits
    from sre.alerting.planned_alert import PlannedAlert
    from sre.alerting.service_rules import ServicePlan
    from sre.core.rules.scenarios import Scenario
    from tools.alerting.alert_rules_reading import ReadService
    from tools.alerting.alert_rules_replay import Past

_DEFAULT_OBJECTIVE = 0.999
_WEEK_SECONDS = 7 * 86_400.0


async def generate_alert_rules(
    ctx: ToolContext,
    *,
    service: Annotated[str, Field(min_length=1, max_length=200)],
    objective: float = 0.0,
    latency_seconds: float = 0.0,
    thresholds: Annotated[str, Field(description="YAML; unknown names list all", max_length=20_000)] = "",
    source: SourceName = "",
    output_dir: OutputDir = "",
    overwrite: bool = False,
) -> AlertRulesAnswer:
    """Write a service's alert rules with unit tests: errors, latency, traffic, saturation by time to full, absence.

    Use when a service needs alerts. Thresholds come from the arguments (objective 0.999, p95 seconds) or its own
    history; each rule is replayed on 14 days, and noisy pages become tickets.
    Not for burn-rate alerts of an SLO (`generate_slo_rules`).
    """
    from sre.alerting.alert_settings import read_settings
    from sre.alerting.service_rules import service_plan
    from sre.alerting.symptom_rules import SymptomTargets
    from tools.alerting.alert_rules_reading import read_service

    deps = deps_of(ctx)
    settings = read_settings(thresholds)
    targets = SymptomTargets(_objective(objective), _latency(latency_seconds), is_objective_given=bool(objective))
    await report_progress(ctx, 0, 3, "Reading the service and its history")
    read = await read_service(deps, service.strip(), source=source)
    plan = await in_thread(lambda: service_plan(read.facts, targets, settings, runbook_url=deps.runbook_url))
    await report_progress(ctx, 1, 3, "Replaying the rules on history")
    plan, pasts, notes = await _held_to_history(plan, read)
    await report_progress(ctx, 2, 3, "Testing the rules")
    answer = AlertRulesAnswer(summary="", service=plan.service, warnings=[*read.notes])
    files = await _checked_files(answer, plan, runbook_url=deps.runbook_url, ctx=ctx)
    _describe(answer, plan, read, pasts, notes)
    answer.summary = _summary(answer, plan)
    await deliver(answer, files, deps=deps, output_dir=output_dir, overwrite=overwrite)
    return answer


def _objective(value: float) -> float:
    if value and not 0 < value < 1:
        raise InputError(
            "objective is the share of requests that must succeed, between 0 and 1.",
            field="objective",
            valid=("0.99", "0.999", "0.9995"),
        )
    return value or _DEFAULT_OBJECTIVE


def _latency(value: float) -> float:
    if not 0 <= value <= 86_400:
        raise InputError("latency_seconds is a duration in seconds, above 0.", field="latency_seconds")
    return value


async def _held_to_history(plan: ServicePlan, read: ReadService) -> tuple[ServicePlan, list[Past | None], list[str]]:
    """Return the plan with noisy pages made tickets, what each alert would have done, and a note for each."""
    from sre.alerting.alert_settings import noise_limits
    from tools.alerting.alert_rules_replay import pasts_of

    if read.metrics is None or read.window is None:
        return plan, [None] * len(plan.alerts), [""] * len(plan.alerts)
    pasts = await pasts_of(read.metrics, plan.alerts, window=read.window)
    limits, seconds = noise_limits(), read.window.seconds
    alerts, notes = [], []
    for planned, past in zip(plan.alerts, pasts, strict=True):
        reason = _too_noisy(planned, past, limits, seconds=seconds)
        is_noisy_page = bool(reason) and planned.severity == "page"
        alerts.append(planned.demoted(f"a ticket, since it would have {reason}") if is_noisy_page else planned)
        notes.append(_note(past, reason, is_noisy_page=is_noisy_page))
    return replace(plan, alerts=tuple(alerts)), list(pasts), notes


def _too_noisy(planned: PlannedAlert, past: Past, limits: NoiseLimits, *, seconds: float) -> str:
    """Return what an alert would have done too much of, or an empty string."""
    a_week, ratio = past.count / (seconds / _WEEK_SECONDS), past.firing_seconds / seconds
    if ratio > limits.max_page_ratio:
        return f"fired {ratio:.0%} of the time"
    highest = limits.max_pages_a_week if planned.severity == "page" else limits.max_tickets_a_week
    return f"fired {a_week:.2g} times a week" if a_week > highest else ""


def _note(past: Past, reason: str, *, is_noisy_page: bool) -> str:
    if past.problem:
        return f"not replayed: {past.problem}"
    now = "; fires now" if past.fires_now else ""
    if is_noisy_page:
        return f"would have {reason}: a ticket until its cause or its limit is mended{now}"
    return (
        f"noisy, {reason}: mend the cause, or change its limit in thresholds{now}" if reason else now.removeprefix("; ")
    )


async def _checked_files(
    answer: AlertRulesAnswer, plan: ServicePlan, *, runbook_url: str, ctx: ToolContext
) -> list[Artefact]:
    from sre.alerting.delivery_rules import HEADER, RULES_PATH, TESTS_PATH, delivery_rules, delivery_scenarios
    from sre.core.rules.scenarios import promtool_tests
    from sre.core.rules.writing import rule_file_yaml
    from tools.rule_checks import rule_checks

    own, delivery = plan.rule_file(), delivery_rules(runbook_url=runbook_url)
    scenarios = [scenario for planned in plan.alerts for scenario in planned.scenarios]
    both: list[Scenario] = [*scenarios, *delivery_scenarios()]
    files = {
        own.path: rule_file_yaml(own, header=_header(plan)),
        f"tests/{plan.stem}.test.yml": promtool_tests(scenarios, rule_paths=[f"../{own.path}"]),
        RULES_PATH: rule_file_yaml(delivery, header=HEADER),
        TESTS_PATH: promtool_tests(delivery_scenarios(), rule_paths=[f"../{RULES_PATH}"]),
    }
    answer.checks = await rule_checks(deps_of(ctx), files=files, rules=[own, delivery], scenarios=both)
    return [Artefact(path, "yaml", content) for path, content in files.items()]


def _header(plan: ServicePlan) -> str:
    lines = [f"Alerts of {plan.service}. Where each threshold comes from:"]
    lines += [f"  {planned.rule.alert} ({planned.severity}): {planned.basis}" for planned in plan.alerts]
    return "\n".join(lines)


def _describe(
    answer: AlertRulesAnswer, plan: ServicePlan, read: ReadService, pasts: list[Past | None], notes: list[str]
) -> None:
    answer.source = read.metrics.name if read.metrics else None
    if read.window is not None:
        answer.window = WindowAnswer(start=read.window.start, end=read.window.end)
    for planned, past, note in zip(plan.alerts, pasts, notes, strict=True):
        is_known = past is not None and not past.problem
        answer.alerts.append(
            AlertRow(
                alert=planned.rule.alert,
                severity=planned.severity,
                signal=planned.signal,
                basis=planned.basis,
                fired=past.count if past and is_known else None,
                fired_minutes=past.firing_seconds / 60 if past and is_known else None,
                last_fired=past.last if past else None,
                note="; ".join(
                    one for one in (note, f"no unit test: {planned.untested}" if planned.untested else "") if one
                ),
            )
        )
    answer.not_written = [NotWritten(what=one.what, why=one.why) for one in plan.left_out]


def _summary(answer: AlertRulesAnswer, plan: ServicePlan) -> str:
    pages = [row for row in answer.alerts if row.severity == "page"]
    text = f"{plan.service}: {_counted(len(pages), 'page')} and {_counted(len(answer.alerts) - len(pages), 'ticket')}"
    if answer.window is not None:
        days = (answer.window.end - answer.window.start).total_seconds() / 86_400
        paged = sum(row.fired or 0 for row in pages)
        rest = sum(row.fired or 0 for row in answer.alerts) - paged
        past = f"would have paged {_counted(paged, 'time')} and made {_counted(rest, 'ticket')}"
        text += f"; in the last {days:.3g} days they {past}"
    else:
        text += ", by naming convention and not tried on data"
    demoted = sum("a ticket until" in row.note for row in answer.alerts)
    text += f"; {_counted(demoted, 'noisy page')} made a ticket" if demoted else ""
    failed = [check.name for check in answer.checks if check.ok is False]
    verdict = f"NOT ready: {'; '.join(failed)} failed" if failed else "they load and pass their tests"
    return f"{text}. {verdict if failed else verdict[0].upper() + verdict[1:]} ({answer.checks[-1].tool})."


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
