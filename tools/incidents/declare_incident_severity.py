"""The severity of a declaration: as said, or as its facts ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sre.core.text import cleaned
from sre.incidents.model import SEVERITIES
from sre.incidents.records.severity_words import severity_said
from sre.incidents.severity import Assessment, assessment
from tools.incidents.severity_facts import ImpactFacts, told_impact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sre.incidents.model import Severity

# When it began and was noticed are arguments of their own.
_IMPACT_FACTS = frozenset(ImpactFacts.model_fields) - {"started_at", "detected_at"}
_UNSURE = "The severity is not sure, so the higher one is taken; update_incident lowers it when more is known."
_MAX_REASON_CHARS = 200


@dataclass(frozen=True, slots=True)
class StatedSeverity:
    """A severity and what is to be said about it.

    Attributes:
        reasons: The rules that led to it; empty where it was said.
        warnings: That it is not sure, or less than the facts ask for.
    """

    severity: Severity
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def facts_of_impact(facts: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the facts that the rules of severity know, and all others."""
    impact = {name: value for name, value in facts.items() if name in _IMPACT_FACTS}
    return impact, {name: value for name, value in facts.items() if name not in impact}


def stated_severity(said: str, impact: Mapping[str, Any], *, now: datetime) -> StatedSeverity:
    """Return the severity that was said; where none was, the one that the facts ask for.

    Raises:
        InputError: Neither was given, or one of them is wrong.
    """
    if not impact:
        return _as_said(said)
    found = assessment(told_impact(impact, now=now).known)
    reasons = _reasons(found)
    if not said.strip():
        return StatedSeverity(found.severity, reasons, () if found.is_sure else (_UNSURE,))
    stated = _as_said(said)
    if SEVERITIES.index(found.severity) < SEVERITIES.index(stated.severity):
        less = f"The facts ask for {found.severity}, not {stated.severity}: {'; '.join(reasons)}."
        return StatedSeverity(stated.severity, (), (*stated.warnings, less))
    return stated


def _as_said(said: str) -> StatedSeverity:
    found = severity_said(said)
    return StatedSeverity(found.severity, (), (_UNSURE,) if found.is_unsure else ())


def _reasons(found: Assessment) -> tuple[str, ...]:
    return tuple(
        cleaned(f"{one.rule.words} ({', '.join(one.because)})", limit=_MAX_REASON_CHARS) for one in found.deciding
    )
