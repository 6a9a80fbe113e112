"""Whom an alert reaches, told from its labels: teams spell severities in many ways."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from sre.core.conventions import SEVERITY_LABEL

Urgency: TypeAlias = Literal["page", "ticket", "none", "unknown"]

URGENCY_LABELS: Final = (SEVERITY_LABEL, "priority", "urgency", "level", "sev")
# Our choice, from the spellings of public rule collections. Where a word is used both ways it counts as a page: an
# alert ranked too high costs a look, one ranked too low an outage.
_WORDS: Final[Mapping[Urgency, frozenset[str]]] = {
    "page": frozenset(
        ("page", "paging", "pager", "critical", "crit", "emergency", "emerg", "fatal", "disaster", "urgent", "high",
         "p0", "p1", "sev0", "sev1", "s0", "s1")
    ),
    "ticket": frozenset(
        ("ticket", "warning", "warn", "error", "major", "minor", "medium", "moderate", "low", "average",
         "p2", "p3", "p4", "sev2", "sev3", "sev4", "s2", "s3", "s4")
    ),
    "none": frozenset(("none", "info", "informational", "information", "notice", "debug", "heartbeat", "deadman")),
}  # fmt: skip

# What the same team would write on a ticket.
_TICKET_FOR: Final[Mapping[str, str]] = {
    "critical": "warning", "crit": "warn", "p0": "p2", "p1": "p2", "sev0": "sev2", "sev1": "sev2", "s0": "s2",
    "s1": "s2",
}  # fmt: skip


def ticket_word(severity: str) -> str:
    """Return the severity that makes a ticket of a page, in the words of a team that spells a page like this."""
    return _TICKET_FOR.get(severity.lower(), "ticket")


def urgency_of(labels: Mapping[str, str]) -> Urgency:
    """Return whether an alert wakes somebody, waits, or only informs; `unknown` where no label says so."""
    for name in URGENCY_LABELS:
        word = labels.get(name, "").strip().lower().replace("-", "").replace("_", "")
        for urgency, words in _WORDS.items():
            if word in words:
                return urgency
    return "unknown"


def severity_of(labels: Mapping[str, str]) -> str:
    """Return the severity as the team spells it, or an empty string; text from outside."""
    return next((labels[name] for name in URGENCY_LABELS if name in labels), "")
