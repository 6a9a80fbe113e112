"""From what was read to the answer of `compute_error_budget`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre.core.errors import NoDataError
from sre.core.text import quoted
from sre.core.times import format_instant
from tools.answer import WindowAnswer
from tools.slo.budget_answer import (
    ErrorBudgetAnswer,
    GroupAnswer,
    MaintenanceAnswer,
    PolicyAnswer,
    summary_of,
    tier_rows,
    whole_events,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sre.core.labels import Labels
    from sre.core.slo.burn_rate import BurnRateTier
    from sre.core.slo.windows import Period
    from sre.slo.report import BudgetFacts, BudgetReport, Exhaustion
    from tools.slo.budget_question import BudgetQuestion

# Rows beyond these would drown the answer; the rest is named by its number.
_MAX_GROUPS = 25
_MAX_MAINTENANCE = 10


@dataclass(frozen=True, slots=True)
class BudgetCase:
    """One question placed in time.

    Attributes:
        counted: What is counted, in the plural: events, samples, slices of 5m.
        thing: The same in the singular.
    """

    question: BudgetQuestion
    period: Period
    tiers: tuple[BurnRateTier, ...]
    notes: tuple[str, ...]
    counted: str = "events"
    thing: str = "event"


@dataclass(frozen=True, slots=True)
class JudgedGroup:
    """One group and its budget; `report` is None where there were no events."""

    labels: Labels
    facts: BudgetFacts
    report: BudgetReport | None


def judged_groups(facts: Mapping[Labels, BudgetFacts]) -> list[JudgedGroup]:
    """Return all groups, the one with the least budget left first, those without events last."""
    groups = [JudgedGroup(labels, one, _report(one)) for labels, one in facts.items()]
    return sorted(groups, key=_badness)


def _badness(group: JudgedGroup) -> tuple[bool, float, float, str]:
    if group.report is None:
        return True, 0.0, 0.0, str(group.labels)
    rates = [state.long_burn_rate or 0.0 for state in group.report.tiers]
    return False, group.report.budget.remaining_ratio, -max(rates, default=0.0), str(group.labels)


def _report(facts: BudgetFacts) -> BudgetReport | None:
    from sre.slo.report import budget_report

    try:
        return budget_report(facts)
    except NoDataError:
        return None


def answer_of(
    case: BudgetCase, facts: BudgetFacts, *, counting: str, spent: Exhaustion | None = None, name: str = ""
) -> ErrorBudgetAnswer:
    """Return the answer for the events of one budget.

    Args:
        counting: How they were counted.
        name: For the summary, where it is not that of the question.
        spent: Since when a spent rolling budget is, where that is known.
    """
    from sre.core.slo.budget import budget_ratio

    answer = ErrorBudgetAnswer(
        summary="",
        window=WindowAnswer(start=case.period.start, end=case.period.at),
        objective_ratio=facts.objective_ratio,
        slo_window=str(case.question.window),
        total_events=whole_events(facts.counts.total),
        bad_events=whole_events(facts.counts.bad),
        counted=case.counted,
        counting=counting,
        budget_ratio=budget_ratio(facts.objective_ratio),
        warnings=list(case.notes),
    )
    _add_maintenance(answer, case)
    report = _report(facts)
    if report is None:
        return _without_traffic(answer, case, name=name or case.question.name)
    _fill(answer, case, facts, report, spent)
    answer.summary = summary_of(
        name or case.question.name,
        facts,
        report,
        slo_window=str(case.question.window),
        spent_since=answer.exhausted_at if report.budget.is_exhausted else None,
        counted=case.counted,
    )
    return answer


def group_name(group: JudgedGroup) -> str:
    """Return the labels of a group for a sentence; text from outside, quoted."""
    return quoted(", ".join(f"{name}={value}" for name, value in group.labels.items()) or "without these labels")


def _without_traffic(answer: ErrorBudgetAnswer, case: BudgetCase, *, name: str) -> ErrorBudgetAnswer:
    answer.summary = f"{name}: no {case.thing}s in {case.question.window}, so neither an SLI nor a budget exists."
    answer.warnings.append("No traffic: null means unknown, not good; no policy level follows from it.")
    answer.deploy_reason = "Unknown: without events the budget cannot be judged."
    return answer


def _fill(
    answer: ErrorBudgetAnswer, case: BudgetCase, facts: BudgetFacts, report: BudgetReport, spent: Exhaustion | None
) -> None:
    from sre.slo.low_traffic import budget_note

    budget = report.budget
    answer.sli_ratio, answer.allowed_bad_events = budget.sli_ratio, budget.allowed_bad
    answer.consumed_ratio, answer.remaining_ratio = budget.consumed_ratio, budget.remaining_ratio
    answer.remaining_minutes, answer.window_burn_rate = budget.remaining_minutes, report.period_burn_rate
    answer.budget_basis = _basis(case, facts)
    answer.elapsed_consumed_ratio = report.period_burn_rate if case.period.is_calendar else None
    answer.burn_rates = tier_rows(
        report.tiers, window_counts=facts.window_counts, budget_ratio=budget.budget_ratio, thing=case.thing
    )
    exhaustion = spent or report.exhaustion
    answer.exhausted_at, answer.exhausted_at_basis = exhaustion.at, exhaustion.basis
    answer.policy = PolicyAnswer(level=report.policy.level, action=report.policy.action)
    answer.deploy_allowed, answer.deploy_reason = report.deploy.is_allowed, report.deploy.reason
    answer.warnings += [note for note in (budget_note(budget.allowed_bad, thing=case.thing),) if note]


def _basis(case: BudgetCase, facts: BudgetFacts) -> str:
    period = case.period
    left_out = " without its maintenance" if facts.elapsed_seconds < period.elapsed_seconds else ""
    if not period.is_calendar:
        return f"the rolling window{left_out}"
    return (
        f"the whole period to {format_instant(period.end)}{left_out}, its traffic projected from the "
        f"{facts.elapsed_seconds / facts.period_seconds:.0%} that has passed"
    )


def _add_maintenance(answer: ErrorBudgetAnswer, case: BudgetCase) -> None:
    from sre.slo.maintenance import maintenance_within

    period = case.period
    during = maintenance_within(case.question.maintenance, start=period.start, end=period.end)
    shown = during[-_MAX_MAINTENANCE:]
    answer.maintenance = [MaintenanceAnswer(start=one.start, end=one.end, reason=one.reason) for one in shown]
    if len(during) > _MAX_MAINTENANCE:
        answer.left_out.append(f"{len(during) - _MAX_MAINTENANCE} earlier maintenance windows, left out likewise.")


def add_groups(answer: ErrorBudgetAnswer, case: BudgetCase, groups: Sequence[JudgedGroup]) -> None:
    """Put the groups of a grouped SLO beside the figures of its worst one."""
    answer.groups_total = len(groups)
    exhausted = [group for group in groups if group.report is not None and group.report.budget.is_exhausted]
    unknown = [group for group in groups if group.report is None]
    answer.groups_exhausted = len(exhausted)
    answer.groups = [_group_row(group) for group in groups[:_MAX_GROUPS]]
    if len(groups) > _MAX_GROUPS:
        answer.left_out.append(
            f"{len(groups) - _MAX_GROUPS} groups that stand better than these; narrow the SLO's queries to see them."
        )
    if unknown:
        answer.warnings.append(
            f"{len(unknown)} of {len(groups)} groups had no {case.thing}s; nothing is known of them."
        )
    within = len(groups) - len(exhausted) - len(unknown)
    answer.summary = (
        f"{case.question.name} by {', '.join(case.question.group_by)}: {len(exhausted)} of {len(groups)} groups have "
        f"spent their budget, {within} are within it. {answer.summary}"
    )
    _refuse_deploys_of_any(answer, groups)


def _refuse_deploys_of_any(answer: ErrorBudgetAnswer, groups: Sequence[JudgedGroup]) -> None:
    refusing = [group for group in groups if group.report is not None and not group.report.deploy.is_allowed]
    if not answer.deploy_allowed or not refusing:
        return
    report = refusing[0].report
    answer.deploy_allowed = False
    answer.deploy_reason = f"Group {group_name(refusing[0])}: {report.deploy.reason if report else ''}"
    answer.summary = answer.summary.replace("Deploys are allowed.", "Deploys are not allowed: another group burns.")


def _group_row(group: JudgedGroup) -> GroupAnswer:
    counts, report = group.facts.counts, group.report
    row = GroupAnswer(
        labels=dict(group.labels), total_events=whole_events(counts.total), bad_events=whole_events(counts.bad)
    )
    if report is None:
        return row
    row.sli_ratio, row.remaining_ratio = report.budget.sli_ratio, report.budget.remaining_ratio
    row.fast_burn_rate = report.tiers[0].long_burn_rate if report.tiers else None
    row.slow_burn_rate = report.tiers[-1].long_burn_rate if report.tiers else None
    row.firing_tiers = [state.tier.name for state in report.tiers if state.is_firing]
    row.policy = report.policy.level
    return row
