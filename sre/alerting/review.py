"""Lint and replay put together: what each mending saves, and what comes first.

Order: interruptions by the minutes a week they cost the people on call, then what leaves an outage unnoticed, then
hygiene. Minutes come from the replay with the assumptions of `review_assumptions.yaml`; nothing is made up for alerts
that were not replayed.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Final

from sre.alerting.interruptions import RuleHistory, format_days
from sre.alerting.review_model import Finding, ReviewedRule
from sre.alerting.symptoms import Symptoms, true_calls
from sre.core.rules import AlertRule

# Findings that say why an alert cannot fire at all.
DEAD_CHECKS: Final = frozenset(
    {"unreadable", "failing", "quantile_without_le", "absent_metric", "absent_label", "misspelt_value", "out_of_reach"}
)
# Among findings that cost nobody any time so far.
_KIND_ORDER: Final = {"risk": 0, "interruption": 1, "hygiene": 2}
# Findings after which the rule is no longer there.
_REMOVES: Final = frozenset({"duplicate", "coincident"})
_URGENCY_ORDER: Final = {"page": 0, "unknown": 1, "ticket": 2, "none": 3}


@dataclass(frozen=True, slots=True)
class Ranked:
    """Findings in the order in which they are worth mending.

    Attributes:
        dead: Indexes of alerts that cannot fire.
    """

    findings: tuple[Finding, ...]
    dead: frozenset[int]


def ranked_findings(
    findings: Sequence[Finding],
    rules: Sequence[ReviewedRule],
    histories: Mapping[int, RuleHistory],
    *,
    symptoms: Symptoms | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Ranked:
    """Return the findings with what they cost, the costliest first.

    Args:
        histories: By the rule's index, for those that were replayed.
        symptoms: When users felt something; None where nobody knows.
        should_stop: Asked before each; what is not reached is told without its cost.
    """
    dead = frozenset(one.rule for one in findings if one.check in DEAD_CHECKS and one.rule is not None)
    checks_of: dict[int | None, set[str]] = {}
    for one in findings:
        checks_of.setdefault(one.rule, set()).add(one.check)
    kept = [one for one in findings if not _is_said_better(one, checks_of[one.rule], dead)]
    priced = [one if should_stop() else _priced(one, histories, symptoms) for one in kept]
    return Ranked(tuple(sorted(priced, key=lambda one: _rank(one, rules, dead))), dead)


def most_urgent_first(rules: Sequence[ReviewedRule]) -> tuple[ReviewedRule, ...]:
    """Return the rules in the order in which they deserve limited time: those that wake somebody, then the others."""
    return tuple(sorted(rules, key=lambda one: (_URGENCY_ORDER[one.urgency], one.index)))


def _is_said_better(finding: Finding, others: Set[str], dead: frozenset[int]) -> bool:
    """Whether another finding on the same rule, by its check, says the same with its reason."""
    if others & _REMOVES and finding.check not in _REMOVES and finding.check not in DEAD_CHECKS:
        return True
    if finding.check == "silent":
        return finding.rule in dead or "unseen_value" in others
    if finding.check == "missing_for":
        return bool(others & {"flapping", "short_lived", "always_firing"})
    if finding.check == "raw_limit":
        return "always_firing" in others
    if finding.check == "coincident":
        return "duplicate" in others
    return False


def _priced(
    finding: Finding,
    histories: Mapping[int, RuleHistory],
    symptoms: Symptoms | None,
) -> Finding:
    history = histories.get(finding.rule) if finding.rule is not None else None
    if history is None or finding.minutes_per_week:
        return finding
    match finding.check:
        case "cause_pages":
            return _priced_cause(finding, history, symptoms)
        case "missing_for" | "irate" | "value_in_label":
            return _priced_change(finding, history)
        case "duplicate":
            calls = history.interruptions()
            return replace(finding, minutes_per_week=history.minutes_per_week(calls))
        case _:
            return finding


def _priced_cause(finding: Finding, history: RuleHistory, symptoms: Symptoms | None) -> Finding:
    calls = history.interruptions()
    saved = history.minutes_per_week(calls) - history.minutes_per_week(calls, is_page=False)
    if not calls:
        return finding
    said = f" {len(calls)} page{'s' if len(calls) > 1 else ''} in {format_days(history.days)}"
    if symptoms is not None:
        said += f", {true_calls(calls, symptoms)} of them while many requests failed"
    return replace(finding, evidence=f"{finding.evidence}{said}.", minutes_per_week=saved)


def _priced_change(finding: Finding, history: RuleHistory) -> Finding:
    if not isinstance(finding.changed, AlertRule) or finding.changed.expr != history.rule.expr:
        return finding
    before, after = history.interruptions(), history.interruptions(finding.changed)
    saved = history.minutes_per_week(before) - history.minutes_per_week(after)
    if saved <= 0:
        return finding
    said = f" {len(before) - len(after)} of {len(before)} calls in {format_days(history.days)} would not have been."
    return replace(finding, evidence=finding.evidence + said, minutes_per_week=saved)


def _rank(finding: Finding, rules: Sequence[ReviewedRule], dead: frozenset[int]) -> tuple[float, int, int, int, int]:
    # What is about all rules, such as an outage that nobody was called for, comes before what is about one.
    urgency = 0 if finding.rule is None else _URGENCY_ORDER[rules[finding.rule].urgency]
    is_alive = int(finding.rule not in dead)
    place = -1 if finding.rule is None else finding.rule
    return -finding.minutes_per_week, _KIND_ORDER[finding.kind], urgency, is_alive, place
