"""The tool `generate_slo_rules`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import anyio
from pydantic import Field

from sre.core.errors import InputError, SreError
from sre.core.text import quoted
from tools.arguments import SourceName
from tools.artefacts import Artefact, OutputDir, deliver
from tools.context import ToolContext, deps_of, in_thread, report_progress
from tools.slo.rules_answer import GenerateSloRulesAnswer, SloRulesAnswer, left_out_answer, summary_of, tier_answer
from tools.slo_lookup import MAX_DOCUMENT_CHARS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.slo.model import Slo
    from sre.slo.tier_facts import TierFacts
    from tools.slo.rules_checks import CheckedRules

_ALL = "all"
_MAX_SLOS = 100
_AT_ONCE = 4


async def generate_slo_rules(
    ctx: ToolContext,
    *,
    slo: Annotated[str, Field(description="Names, all, or OpenSLO YAML", max_length=MAX_DOCUMENT_CHARS)],
    source: SourceName = "",
    output_dir: OutputDir = "",
    overwrite: bool = False,
) -> GenerateSloRulesAnswer:
    """Write an SLO's Prometheus rules: records, budget, burn-rate alerts, and promtool unit tests of them.

    Use when an SLO should page and keep its budget in Prometheus. Says for each tier how fast it fires and at which
    traffic one event pages; `source` shows the traffic. Rules are checked and tested before they are shown.
    Not for alerts without an SLO (`generate_alert_rules`).
    """
    deps = deps_of(ctx)
    slos = await _slos(deps, slo)
    await report_progress(ctx, 0, 3, "Looking at the traffic")
    least = await _low_traffic(deps, slos, source=source)
    await report_progress(ctx, 1, 3, "Writing rules and tests")
    made = [await in_thread(lambda one=one: _made(deps, one, least.get(one.name, {}))) for one in slos]  # type: ignore[misc]
    await report_progress(ctx, 2, 3, "Running the tests")
    return await _answer(deps, made, output_dir=output_dir, overwrite=overwrite)


async def _answer(deps: Deps, made: list[CheckedRules], *, output_dir: str, overwrite: bool) -> GenerateSloRulesAnswer:
    from tools.slo.rules_checks import rule_checks

    answer = GenerateSloRulesAnswer(summary="", slos=[_described(one) for one in made])
    answer.checks = await rule_checks(deps, made)
    answer.summary = summary_of(answer)
    answer.warnings = _warnings(made)
    files = [Artefact(path, "yaml", text) for one in made for path, text in one.files().items()]
    is_bad = any(check.ok is False for check in answer.checks)
    if is_bad and output_dir:
        answer.warnings.insert(0, "Nothing was written, because a check failed.")
    await deliver(answer, files, deps=deps, output_dir="" if is_bad else output_dir, overwrite=overwrite)
    return answer


async def _slos(deps: Deps, text: str) -> list[Slo]:
    from tools.slo_lookup import is_document, slo_of, slo_registry

    if is_document(text):
        return [await slo_of(deps, text)]
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == [_ALL]:
        names = list(await slo_registry(deps).names())
    if not names or len(names) > _MAX_SLOS:
        raise InputError(
            f"slo names {len(names)} SLOs; it takes 1 to {_MAX_SLOS}.",
            field="slo",
            next_steps=("give names with commas between them, or an OpenSLO document; define_slo makes one.",),
        )
    return [await slo_of(deps, name) for name in dict.fromkeys(names)]


async def _low_traffic(deps: Deps, slos: list[Slo], *, source: str) -> dict[str, dict[str, float]]:
    """Return the least number of bad events by SLO and tier, for pages that one event would send otherwise."""
    from sre.slo.tier_facts import low_traffic_min
    from tools.slo.rules_traffic import quietest_windows, traffic_source

    facts = {one.name: _facts(one) for one in slos}
    looked = [(one, traffic_source(deps, one, source=source)) for one in slos]
    found: dict[str, dict[str, float]] = {}
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def look(one: Slo, metrics: MetricSource) -> None:
        tiers = [fact.tier for fact in facts[one.name].values()]
        async with limiter:
            quietest = await quietest_windows(deps, metrics, one, tiers)
        if not isinstance(quietest, SreError):
            thresholds = {fact.tier: fact.threshold for fact in facts[one.name].values()}
            found[one.name] = low_traffic_min(thresholds, quietest=quietest)

    async with anyio.create_task_group() as group:
        for one, metrics in looked:
            has_events = all(fact.single_event_per_hour is not None for fact in facts[one.name].values())
            if metrics is not None and has_events and not one.alerting.min_bad_events:
                group.start_soon(look, one, metrics)
    return found


def _facts(slo: Slo) -> dict[str, TierFacts]:
    from sre.slo.alert_tiers import alert_tiers
    from sre.slo.tier_facts import tier_facts
    from sre.slo.window_expressions import WindowExpressions

    shape = WindowExpressions(slo)
    return {
        tier.name: tier_facts(
            tier, objective_ratio=slo.objective_ratio, counted=shape.counted, base_seconds=shape.base_seconds
        )
        for tier in alert_tiers(slo).used
    }


def _made(deps: Deps, slo: Slo, least: Mapping[str, float]) -> CheckedRules:
    from sre.slo.rule_tests import rule_test_files
    from sre.slo.rules import slo_rules
    from sre.slo.scenarios import scenarios
    from sre.slo.trial import Subject
    from tools.slo.rules_checks import CheckedRules

    rules = slo_rules(slo, at=deps.clock.now(), runbook_url=deps.runbook_url, low_traffic_min=least)
    subject = Subject.of(rules)
    tried = scenarios(subject)
    return CheckedRules(subject, tried, rule_test_files(subject, tried))


def _described(made: CheckedRules) -> SloRulesAnswer:
    from sre.slo.period_rules import window_label
    from sre.slo.scenarios import untested_tiers

    rules = made.subject.rules
    slo, counted = rules.slo, rules.expressions.counted
    tiers = [
        tier_answer(facts, min_bad_events=rules.min_bad_events.get(name, 0.0), counted=counted)
        for name, facts in _facts(slo).items()
    ]
    return SloRulesAnswer(
        slo=slo.name,
        objective_ratio=slo.objective_ratio,
        window=window_label(slo),
        counted=counted,
        alerts=list(dict.fromkeys(rule.alert for rule in rules.file.alerts())),
        tiers=tiers,
        left_out_tiers=[left_out_answer(tier) for tier in rules.tiers.left_out],
        scenarios=len(made.scenarios),
        untested_tiers=list(untested_tiers(made.subject, made.scenarios)),
        valid_until=f"{rules.valid_until:%Y-%m-%d}" if rules.valid_until else None,
        notes=_notes(made),
    )


def _notes(made: CheckedRules) -> list[str]:
    slo, rules = made.subject.rules.slo, made.subject.rules
    notes = []
    if made.subject.is_recorded:
        notes.append(
            "The SLI's own query is not steered by series that could be found, so the tests begin at the recorded "
            "ratios: run the query yourself once."
        )
    added = [name for name, count in rules.min_bad_events.items() if count != slo.alerting.min_bad_events]
    if added:
        notes.append(
            f"Traffic is so low at its quietest that one bad event would page ({', '.join(added)}): such a page needs "
            f"{rules.min_bad_events[added[0]]:g} bad events. Set min_bad_events in the definition to choose otherwise."
        )
    if rules.expressions.maintenance:
        notes.append(
            "Rules leave maintenance out; its windows lie in the future of promtool's clock, which begins in 1970, so "
            "no unit test is about them."
        )
    return notes


def _warnings(made: list[CheckedRules]) -> list[str]:
    from sre.core.times import format_duration

    longest = max((one.subject.rules for one in made), key=lambda rules: rules.tiers.period_seconds)
    keep = format_duration(longest.tiers.period_seconds)
    warnings = [
        f"The budget of a period adds up records: Prometheus must keep {keep} "
        "(--storage.tsdb.retention.time, by itself 15d); the budget is whole once the rules have run that long.",
    ]
    without = [quoted(one.name) for one in made if not one.subject.rules.slo.service]
    if without:
        warnings.append(f"No service label, since the definition names no service: {', '.join(without[:5])}.")
    return warnings
