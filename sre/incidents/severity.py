"""How severe an incident is, with the reasons rule by rule; between two severities the worse one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sre.incidents.model import SEVERITIES, Severity
from sre.incidents.severity_rules import Fact, Judged, Known, SeverityRules, default_rules, judged


@dataclass(frozen=True, slots=True)
class Assessment:
    """A severity and what led to it.

    Attributes:
        sure_severity: What it is without the rules that only may hold; equal to `severity` where none decided.
        judged: Every rule in the order of the table.
        questions: Facts whose answer could change the severity: down by removing a doubt, up by a harm not asked for.
    """

    severity: Severity
    sure_severity: Severity
    judged: tuple[Judged, ...]
    questions: tuple[Fact, ...]
    known: Mapping[str, Known]

    @property
    def is_sure(self) -> bool:
        """Whether no doubt decided."""
        return self.severity == self.sure_severity

    @property
    def deciding(self) -> tuple[Judged, ...]:
        """The rules that lead to the severity, the sure ones where they suffice; with the one that raised it."""
        counting = [one for one in self.judged if (one.outcome == "met" if self.is_sure else one.counts)]
        base = _worst(counting)
        own = [one for one in counting if one.rule.severity == base]
        raising = [one for one in counting if one.rule.severity is None and base != self.severity]
        return (*own, *raising)


def assessment(known: Mapping[str, Known], *, rules: SeverityRules | None = None) -> Assessment:
    """Return the severity that the facts ask for; P3 where no rule does.

    Args:
        known: Facts by their names in the table; what is not in it is not known.
    """
    table = rules or default_rules()
    results = tuple(judged(rule, known) for rule in table.rules)
    severity = _raised([one for one in results if one.counts])
    sure = _raised([one for one in results if one.outcome == "met"])
    return Assessment(severity, sure, results, _questions(results, severity, is_sure=severity == sure), known)


def _worst(counting: list[Judged]) -> Severity:
    levels = [SEVERITIES.index(one.rule.severity) for one in counting if one.rule.severity]
    return SEVERITIES[min(levels, default=len(SEVERITIES) - 1)]


def _is_worse(severity: Severity, level: int) -> bool:
    return SEVERITIES.index(severity) < level


def _raised(counting: list[Judged]) -> Severity:
    index = SEVERITIES.index(_worst(counting))
    is_raised = any(one.rule.severity is None for one in counting)
    return SEVERITIES[max(0, index - is_raised)]


def _questions(results: tuple[Judged, ...], severity: Severity, *, is_sure: bool) -> tuple[Fact, ...]:
    """Return what to ask: the doubts that decided, if any, then harms that would make it worse."""
    level = SEVERITIES.index(severity)
    doubts = [fact for one in results if one.outcome == "maybe" and not is_sure for fact in one.missing]
    worse = [
        fact
        for one in results
        if one.outcome == "open" and (level > 0 if one.rule.severity is None else _is_worse(one.rule.severity, level))
        for fact in one.missing
        if not fact.is_weight
    ]
    return tuple(dict.fromkeys((*doubts, *worse)))
