"""What follows from a plan: costs, waste, waiting, risks, alert rules; filled into the answer of `plan_capacity`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sre.core.text import cleaned, listed
from tools.artefacts import Artefact, FileAnswer, deliver
from tools.capacity.plan_capacity_answer import AssumptionRow, PlanAnswer
from tools.capacity.plan_capacity_costs import (
    commitment_warnings,
    cost_part,
    cost_sentences,
    total_part,
    waiting_part,
    waiting_sentence,
    waste_part,
    waste_sentence,
)
from tools.capacity.plan_capacity_risks import autoscaling_part, lesser_risk, risk_part, risk_sentence, trigger_part
from tools.concurrent import seconds_left
from tools.context import in_thread

if TYPE_CHECKING:
    from server.deps import Deps
    from sre.capacity.plan.costs import ResourceCost
    from sre.capacity.plan.costs_waiting import Waiting
    from sre.capacity.plan.model import Plan, ResourcePlan
    from sre.capacity.plan.risks_harm import Risk
    from sre.capacity.plan.triggers import CapacityTriggers
    from sre.capacity.plan.waste import Waste

_MAX_RISKS, _MAX_LESSER = 5, 10
_MAX_WAITING = 5
# Left for checking rules and writing the answer.
_SPARE_SECONDS = 15.0
# Content of the rules that is shown where nothing is written.
_MAX_SHOWN_CHARS = 4_000


_PAID_ON_DEMAND = AssumptionRow(
    path="prices",
    value="units of today are paid on demand",
    source="default",
    why="name terms that run already under prices.held",
)


@dataclass(slots=True)
class Consequences:
    """What follows from a plan.

    Attributes:
        late: Resources there was no time for.
    """

    costs: list[ResourceCost] = field(default_factory=list)
    waste: list[Waste] = field(default_factory=list)
    waiting: list[tuple[ResourcePlan, tuple[Waiting, ...]]] = field(default_factory=list)
    risks: list[Risk] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


async def add_consequences(
    answer: PlanAnswer, plan: Plan, *, deps: Deps, output_dir: str, overwrite: bool
) -> list[str]:
    """Fill in what follows from a plan, write the alert rules where that is asked for; returns sentences for a summary.

    Without `output_dir` the rules are shown as far as there is room.
    """
    found = await _computed(plan)
    sentences = await in_thread(lambda: _tell(answer, plan, found))
    files = await _with_triggers(answer, plan, deps=deps)
    if output_dir and files:
        artefacts = [Artefact(path, "yaml", content) for path, content in files.items()]
        await deliver(answer, artefacts, deps=deps, output_dir=output_dir, overwrite=overwrite)
    elif output_dir:
        answer.left_out.append("files: none were written, since no demand is measured by a query.")
    elif files:
        _show(answer, files)
    return [sentence for sentence in (*sentences, _rules_sentence(answer)) if sentence]


async def _computed(plan: Plan) -> Consequences:
    found = Consequences()
    for one in plan.resources:
        if seconds_left(spare_seconds=_SPARE_SECONDS) <= 0:
            found.late.append(cleaned(one.resource.name))
            continue
        await in_thread(lambda one=one: _add(found, one, plan))  # type: ignore[misc]
    return found


def _add(found: Consequences, one: ResourcePlan, plan: Plan) -> None:
    from sre.capacity.plan.costs import resource_cost
    from sre.capacity.plan.costs_waiting import waiting
    from sre.capacity.plan.risks import resource_risks
    from sre.capacity.plan.waste import waste

    cost, wasted = resource_cost(one), waste(one, days=plan.days)
    found.costs += [cost] if cost else []
    found.waste += [wasted] if wasted else []
    found.risks += resource_risks(one, risk_ratio=plan.risk_ratio)
    rows = waiting(one)
    found.waiting += [(one, rows)] if rows else []


def _tell(answer: PlanAnswer, plan: Plan, found: Consequences) -> list[str]:
    from sre.capacity.plan.costs import total_costs
    from sre.capacity.plan.risks import worst_first
    from sre.capacity.plan.triggers_autoscaling import autoscaling

    totals, ranked = total_costs(found.costs), worst_first(found.risks)
    harmful = [one for one in ranked if one.impact != "none"]
    answer.costs = [cost_part(one) for one in found.costs]
    answer.cost_totals = [total_part(one) for one in totals]
    answer.waste = [waste_part(one) for one in found.waste]
    answer.waiting = [waiting_part(one.resource.name, rows) for one, rows in found.waiting[:_MAX_WAITING]]
    answer.risks = [risk_part(one) for one in harmful[:_MAX_RISKS]]
    answer.risks_lesser = [lesser_risk(one) for one in harmful[_MAX_RISKS:][:_MAX_LESSER]]
    answer.risks_carried = [f"{cleaned(one.resource)}: {one.kind}" for one in ranked if one.impact == "none"]
    answer.autoscaling = [autoscaling_part(one) for one in map(autoscaling, plan.resources) if one]
    answer.left_out += _left_out(found, harmful)
    answer.warnings += commitment_warnings(plan.resources, found.costs)
    is_held = any(one.resource.prices and one.resource.prices.held for one in plan.resources)
    answer.assumptions += [_PAID_ON_DEMAND] if found.costs and not is_held else []
    return [
        *cost_sentences(totals, found.costs),
        *_waiting_sentences(found),
        waste_sentence(found.waste),
        risk_sentence(ranked),
    ]


def _waiting_sentences(found: Consequences) -> list[str]:
    if not found.waiting:
        return []
    one, rows = found.waiting[0]
    prices = one.resource.prices
    return [waiting_sentence(one.resource.name, rows, "" if prices is None else prices.currency)]


def _left_out(found: Consequences, harmful: list[Risk]) -> list[str]:
    notes = []
    if len(harmful) > _MAX_RISKS:
        notes.append(f"risks: {len(harmful) - _MAX_RISKS} lesser ones are only named; plan fewer resources at once.")
    if len(found.waiting) > _MAX_WAITING:
        notes.append(f"waiting: {len(found.waiting) - _MAX_WAITING} less urgent resources.")
    if found.late:
        notes.append(f"costs and risks of {listed(found.late)}: there was no time; plan them in a call of their own.")
    return notes


async def _with_triggers(answer: PlanAnswer, plan: Plan, *, deps: Deps) -> dict[str, str]:
    """Put the levels of the alert rules and their checks into the answer; returns the files by path."""
    from tools.rule_checks import rule_checks

    made = await in_thread(lambda: _triggers(plan, deps.runbook_url))
    answer.triggers = [trigger_part(one) for one in made.triggers]
    for why in dict.fromkeys(why for _, why in made.left_out):
        names = listed([cleaned(name) for name, reason in made.left_out if reason == why])
        answer.left_out.append(f"alert rules of {names}: {why}.")
    files = await in_thread(made.files)
    if files:
        answer.checks = await rule_checks(deps, files=files, rules=[made.file], scenarios=made.scenarios)
    return files


def _rules_sentence(answer: PlanAnswer) -> str:
    """Return what is to be known of the alert rules without looking further."""
    failed = [check.name for check in answer.checks if check.ok is False]
    if failed:
        return f"The alert rules are NOT ready: {listed(failed)} failed."
    return ""


def _triggers(plan: Plan, runbook_url: str) -> CapacityTriggers:
    from sre.capacity.plan.triggers import capacity_triggers

    return capacity_triggers(plan.resources, risk_ratio=plan.risk_ratio, runbook_url=runbook_url)


def _show(answer: PlanAnswer, files: dict[str, str]) -> None:
    """Show the rules where they are short; the plan itself is what the answer is for."""
    from sre.capacity.plan.triggers import RULES_PATH

    is_short = len(files[RULES_PATH]) <= _MAX_SHOWN_CHARS
    answer.files = [
        FileAnswer(path=path, language="yaml", content=content if is_short and path == RULES_PATH else None)
        for path, content in files.items()
    ]
    hidden = [one.path for one in answer.files if one.content is None]
    answer.left_out.append(f"content of {listed(hidden)}: pass output_dir to have the files written.")
