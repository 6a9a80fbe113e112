"""A status update as a draft: what is known, what users feel, what is done, when the next one comes; nothing else.

What is not known is said to be so; what only a person can say is marked to be filled in. The words are in `templates/`,
in the order of the handbook's forms (sre://templates/status-update).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sre.core.figures import figure_text
from sre.core.text import cleaned, quoted
from sre.incidents.cadence import Audience, UpdateDue
from sre.incidents.harm import Harm
from sre.incidents.model import Severity
from sre.incidents.records.model import Status
from sre.incidents.update_words import WordFilter, WordFinding

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES: Final = Path(__file__).parent / "templates"
_MAX_NAME: Final = 80
_MAX_KNOWN: Final = 5
# What customers are told of a share of requests (our choice); exact figures are for those inside.
_MOST, _SOME = 0.5, 0.05
_LEAST_FAILING: Final = 0.01
_SLOW_FACTOR: Final = 2.0
_STATUS_WORDS: Final[Mapping[Status, str]] = {
    "declared": "We are looking into it.",
    "investigating": "We are looking for what helps.",
    "identified": "We know where to act and are working on it.",
    "mitigated": "The harm has stopped, and we are watching whether it holds.",
    "resolved": "It is over.",
    "closed": "It is over.",
}
_OVER: Final = ("resolved", "closed")


@dataclass(frozen=True, slots=True)
class UpdateFacts:
    """What is known of an incident for an update; texts are from outside, empty where not told.

    Attributes:
        function: What users call the thing that is hit.
        known: What was seen and done, the newest last.
        suspected: Causes that are written down; nobody but those who help reads them.
        number: Which update to this audience it is, from 1.
        harm: What the data say of the service that is hit most; None where nothing was measured.
        budget: What is left of an error budget, for people.
        users_ratio: Share of users hit, 0..1.
    """

    title: str
    severity: Severity | None
    status: Status
    started_at: datetime | None = None
    mitigated_at: datetime | None = None
    ended_at: datetime | None = None
    services: tuple[str, ...] = ()
    function: str = ""
    impact: str = ""
    known: tuple[str, ...] = ()
    suspected: tuple[str, ...] = ()
    doing: str = ""
    still_works: str = ""
    workaround: str = ""
    effect: str = ""
    need: str = ""
    decision: str = ""
    commander: str = ""
    number: int = 1
    harm: Harm | None = None
    budget: str = ""
    users_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """A draft.

    Attributes:
        unknown: What is not known and said to be so in the text.
        to_fill: What only a person can say; marked in the text.
        findings: Words that were kept out, or should be looked at.
    """

    text: str
    unknown: tuple[str, ...]
    to_fill: tuple[str, ...]
    findings: tuple[WordFinding, ...]


def status_update(facts: UpdateFacts, audience: Audience, *, due: UpdateDue | None, words: WordFilter) -> StatusUpdate:
    """Return the draft for an audience.

    Args:
        due: When the next one comes; None where the severity is not known.
        words: What this audience may read.
    """
    draft = _Draft(facts, words)
    values = {"internal": draft.internal, "executive": draft.executive, "customer": draft.customer}[audience]()
    values["next_update"] = draft.next_update(due)
    text = _environment().get_template(f"status_update_{audience}.txt.j2").render(values)
    tidy = "\n".join(re.sub(r" {2,}", " ", line).strip() for line in text.strip().splitlines() if line.strip())
    return StatusUpdate(tidy, tuple(draft.unknown), tuple(draft.to_fill), tuple(words.findings))


class _Draft:
    """Turns facts into the sentences of the forms."""

    def __init__(self, facts: UpdateFacts, words: WordFilter) -> None:
        self._facts = facts
        self._words = words
        self.unknown: list[str] = []
        self.to_fill: list[str] = []

    def internal(self) -> dict[str, str]:
        facts = self._facts
        return {
            "severity": facts.severity or self._fill("severity"),
            "subject": ", ".join(cleaned(name, limit=_MAX_NAME) for name in facts.services) or "service not known yet",
            "title": self._passed(facts.title, "title") or self._fill("what fails"),
            "span": self._span(),
            "status": facts.status,
            "number": str(facts.number),
            "users": " ".join([self._measured(), self._said(facts.impact, "impact", "what users see")]),
            "known": self._known(),
            "suspected": self._list(facts.suspected, "suspected") or "nothing that is written down.",
            "doing": self._doing(),
            "need": self._passed(facts.need, "need") or "nothing was asked for.",
            "commander": cleaned(facts.commander, limit=_MAX_NAME) or self._fill("commander"),
        }

    def executive(self) -> dict[str, str]:
        facts = self._facts
        is_over = facts.status in _OVER
        return {
            "function": _capital(self._function()),
            "state": "works again; it was failing" if is_over else "is failing or slow",
            "span": self._span(),
            "users": " ".join([self._share(), self._said(facts.impact, "impact", "what users see")]),
            "effect": self._passed(facts.effect, "effect") or self._unknown("effect", "not known yet."),
            "doing": self._doing(),
            "budget": facts.budget or self._unknown("error budget", "not known yet"),
            "decision": self._passed(facts.decision, "decision") or "none.",
        }

    def customer(self) -> dict[str, str]:
        facts = self._facts
        function = self._function()
        stage, is_impact_told = self._stage(), facts.status in _OVER
        return {
            "stage": stage,
            "function": function,
            "function_first": _capital(function),
            "span": self._span(),
            "harm": self._harm() if stage in ("first", "going_on") else "",
            "impact": self._passed(facts.impact, "impact")
            or (self._fill("what customers may have seen, and what they have to do") if is_impact_told else ""),
            "mitigated_since": f" since {facts.mitigated_at:%H:%M} UTC" if facts.mitigated_at else "",
            "doing": self._doing() if stage == "going_on" else "",
            "still_works": self._passed(facts.still_works, "still_works"),
            "workaround": self._passed(facts.workaround, "workaround"),
        }

    def next_update(self, due: UpdateDue | None) -> str:
        if self._facts.status in _OVER:
            return "This is the last update"
        if due is None:
            return f"Next update by {self._fill('time')}"
        if due.at is None:
            return "No further update is planned" if due.words.startswith("none") else f"Next update {due.words}"
        return f"Next update by {due.at:%H:%M} UTC"

    def _stage(self) -> str:
        if self._facts.status in _OVER:
            return "resolved"
        if self._facts.status == "mitigated":
            return "mitigated"
        return "first" if self._facts.number == 1 else "going_on"

    def _function(self) -> str:
        return cleaned(self._facts.function, limit=200) or self._fill("function, as users call it")

    def _span(self) -> str:
        start, end = self._facts.started_at, self._facts.ended_at
        if start is None:
            return self._unknown("start", "(we do not yet know since when)")
        if self._facts.status in _OVER and end is not None:
            return f"between {start:%H:%M} and {end:%H:%M} UTC"
        return f"since {start:%H:%M} UTC"

    def _measured(self) -> str:
        """Return what the data say, with figures."""
        harm = self._facts.harm
        if harm is None or harm.failing_ratio is None:
            return self._unknown("share of requests", "We do not yet know which share of requests fails.")
        usual = f" (usually {figure_text(harm.usual_ratio, 'ratio')})" if harm.usual_ratio is not None else ""
        whom = quoted(harm.service, limit=_MAX_NAME)
        if self._facts.status in _OVER and harm.failed is not None and harm.requests is not None:
            return f"{harm.failed:,.0f} of {harm.requests:,.0f} requests to {whom} failed in that time."
        now = f"{figure_text(harm.failing_ratio, 'ratio')} of requests to {whom} fail now{usual}"
        if harm.failed is None or harm.requests is None:
            return f"{now}."
        since = "since it began" if self._facts.started_at else "in the last hour"
        return f"{now}; {harm.failed:,.0f} of {harm.requests:,.0f} failed {since}."

    def _share(self) -> str:
        facts = self._facts
        if facts.users_ratio is not None:
            return f"Hit: {figure_text(facts.users_ratio, 'ratio')} of users."
        harm = facts.harm
        if harm is None or harm.failed is None or not harm.requests:
            return self._unknown("share of users", "We do not yet know how many users are hit.")
        share = figure_text(harm.failed / harm.requests, "ratio")
        unknown = self._unknown("share of users", "how many users that are is not known yet")
        is_over = facts.status in _OVER
        since = "in that time" if is_over else "since it began" if facts.started_at else "in the last hour"
        return f"{harm.failed:,.0f} of {harm.requests:,.0f} requests failed {since} ({share}); {unknown}."

    def _harm(self) -> str:
        """Return what customers feel, in words rather than figures."""
        since = f"Since {self._facts.started_at:%H:%M} UTC " if self._facts.started_at else ""
        what = _felt(self._facts.harm) or self._unknown("share of requests", "some requests fail or are slow")
        sentence = f"{since}{what}."
        return _capital(sentence)

    def _doing(self) -> str:
        return self._passed(self._facts.doing, "doing") or _STATUS_WORDS[self._facts.status]

    def _known(self) -> str:
        told = self._list(self._facts.known[-_MAX_KNOWN:], "known")
        return told or self._unknown("facts", "nothing is written down yet.")

    def _list(self, texts: Sequence[str], where: str) -> str:
        kept = [self._passed(text, f"{where}[{place}]").rstrip(".") for place, text in enumerate(texts)]
        return "; ".join(text for text in kept if text) + ("." if any(kept) else "")

    def _said(self, text: str, where: str, what: str) -> str:
        return self._passed(text, where) or self._unknown(where, f"We do not yet know {what}.")

    def _passed(self, text: str, where: str) -> str:
        passed = self._words.passed(text, where=where)
        return passed if not passed or passed[-1] in ".!?" or where == "title" else f"{passed}."

    def _unknown(self, name: str, words: str) -> str:
        self.unknown.append(name)
        return words

    def _fill(self, what: str) -> str:
        self.to_fill.append(what)
        return f"[TO FILL: {what}]"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _felt(harm: Harm | None) -> str:
    if harm is None:
        return ""
    if harm.failing_ratio is not None and harm.failing_ratio >= _LEAST_FAILING and not harm.is_by_chance:
        share = "most" if harm.failing_ratio >= _MOST else "some" if harm.failing_ratio >= _SOME else "a few"
        return f"{share} requests fail"
    if harm.latency_factor is not None and harm.latency_factor >= _SLOW_FACTOR:
        return "requests take longer than usual"
    return ""


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Plain text: what comes from outside is one line each, without control characters.
    return Environment(  # noqa: S701
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
