"""A severity as people say it: unsure means the higher one."""

import re
from dataclasses import dataclass
from typing import cast

from sre.core.errors import InputError
from sre.core.text import quoted
from sre.incidents.model import SEVERITIES, Severity

# `P1`, `p1`, `P0/P1`, `P1 or P2`, `P1-P2`, `P1?`: one or more severities, and nothing else that could mean another.
_SAID = re.compile(r"p?[0-3](?:\s*(?:/|-|or|,|to|\.\.)\s*p?[0-3])*\s*\??", re.IGNORECASE)
# The handbook's table in short: incident-management.
SEVERITY_RULES = (
    "P0: most users cannot use the core of the product, data is being lost, or security is breached",
    "P1: a core function fails for many users or is badly slow, and there is no way round",
    "P2: a function is degraded or few users are hit, and there is a way round",
    "P3: cosmetic or internal, no user notices",
)


@dataclass(frozen=True, slots=True)
class SaidSeverity:
    """A severity, and whether several were said."""

    severity: Severity
    is_unsure: bool


def severity_said(text: str, *, field: str = "severity") -> SaidSeverity:
    """Return the severity that was said; of several the highest.

    Raises:
        InputError: None or something else was said; the rules are in its next steps.
    """
    spelt = text.strip()
    if not _SAID.fullmatch(spelt):
        problem = f"is none of these: {quoted(text, limit=80)}" if spelt else "is needed"
        raise InputError(
            f"The severity {problem}. Unsure between two means the higher one; it can be lowered later.",
            field=field,
            valid=SEVERITIES,
            next_steps=(*SEVERITY_RULES, "assess_severity measures it, or asks the facts that decide"),
        )
    numbers = sorted(set(re.findall("[0-3]", spelt)))
    return SaidSeverity(cast("Severity", f"P{numbers[0]}"), len(numbers) > 1 or spelt.endswith("?"))
