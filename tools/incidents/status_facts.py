"""What is known of an incident for a status update: from its record, and from what the call adds."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from sre.core.errors import InputError
from sre.core.text import cleaned
from sre.incidents.model import Severity
from sre.incidents.records.facts import began_at
from sre.incidents.records.model import Status
from sre.incidents.status_update import UpdateFacts
from sre.incidents.update_words import Names
from tools.incidents.given import Given, TimesReader, validated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sre.incidents.cadence import Audience
    from sre.incidents.records.model import Incident

_MAX_ITEMS = 50
# A change of status without a word tells what the status line says already.
_STATUS = re.compile(r"^Status: \w+\.\s*")
_Line = Annotated[str, Field(max_length=2_000)]
_Name = Annotated[str, Field(max_length=200)]
_Time = str | int | float


class GivenUpdate(Given):
    """The `facts` argument."""

    title: _Line = ""
    severity: Severity | None = None
    status: Status | None = None
    started_at: _Time | None = None
    mitigated_at: _Time | None = None
    ended_at: _Time | None = None
    services: Annotated[list[_Name], Field(max_length=20, default_factory=list)]
    function: _Name = ""
    impact: _Line = ""
    known: Annotated[list[_Line], Field(max_length=_MAX_ITEMS, default_factory=list)]
    suspected: Annotated[list[_Line], Field(max_length=_MAX_ITEMS, default_factory=list)]
    doing: _Line = ""
    still_works: _Line = ""
    workaround: _Line = ""
    effect: _Line = ""
    need: _Line = ""
    decision: _Line = ""
    commander: _Name = ""
    users_ratio: Annotated[float, Field(ge=0, le=1)] | None = None
    update_number: Annotated[int, Field(ge=1, le=10_000)] | None = None


def facts_for_update(
    given: Mapping[str, Any], record: Incident | None, *, audience: Audience, now: datetime, at: datetime
) -> tuple[UpdateFacts, list[str]]:
    """Return what is known, and what had to be assumed about times; what the call says goes before the record.

    Args:
        at: When the update is given: what was noted for later is not told.

    Raises:
        InputError: A key is unknown or a value wrong, or there is neither a record nor a title or impact.
    """
    told = validated(GivenUpdate, given)
    times = TimesReader(now=now)
    if record is None and not (told.title.strip() or told.impact.strip()):
        raise InputError(
            "Say which incident, or at least what users see.",
            field="incident",
            next_steps=('pass incident="INC-7", or facts such as {"title": ..., "severity": "P1", "impact": ...}.',),
        )
    known = _recorded(record, audience, at=at) if record is not None else UpdateFacts("", None, "investigating")
    texts = (
        "title",
        "function",
        "impact",
        "doing",
        "still_works",
        "workaround",
        "effect",
        "need",
        "decision",
        "commander",
    )
    changes: dict[str, Any] = {name: value for name in texts if (value := getattr(told, name).strip())}
    changes |= {
        name: value for name in ("severity", "status", "users_ratio") if (value := getattr(told, name)) is not None
    }
    for name in ("started_at", "mitigated_at", "ended_at"):
        if (told_at := times.maybe_at(getattr(told, name), f"facts.{name}")) is not None:
            changes[name] = told_at
    if told.services:
        changes["services"] = tuple(cleaned(name) for name in told.services if name.strip())
    if told.update_number is not None:
        changes["number"] = told.update_number
    facts = replace(known, **changes)
    return replace(facts, known=(*facts.known, *told.known), suspected=(*facts.suspected, *told.suspected)), times.notes


def names_of(record: Incident | None, facts: UpdateFacts) -> dict[str, list[str]]:
    """Return the names that the record and the facts hold, by kind."""
    people = [facts.commander]
    services, slos = list(facts.services), list[str]()
    if record is not None:
        people += [*record.roles.values(), record.declared_by, *(note.who for note in record.notes)]
        people += [entry.new.author for entry in record.entries] + [action.owner for action in record.actions]
        services += record.services
        slos += record.slos
    return {"service": services, "slo": slos, "person": [*people, *_parts(people)]}


def joined_names(own: Mapping[str, list[str]], others: Mapping[str, list[str]]) -> Names:
    """Return the names to look for."""
    return Names(own, others)


def _parts(people: list[str]) -> list[str]:
    """Return given and family names, which people are called by as well."""
    return [part for name in people if " " in name.strip() for part in name.split()]


def _recorded(record: Incident, audience: Audience, *, at: datetime) -> UpdateFacts:
    sent = [update.at for update in record.updates if update.audience == audience]
    since = max(sent, default=None)
    told = ((note, _STATUS.sub("", note.text)) for note in record.notes if note.at <= at)
    notes = [replace(note, text=text) for note, text in told if text]
    fresh = [note for note in notes if since is None or note.at > since] or notes[-1:]
    # What was never recorded is not known: the declaration is no start of the harm.
    start = began_at(record) if record.times.get("start") or record.times.get("detected") else None
    return UpdateFacts(
        title=record.title,
        severity=record.severity,
        status=record.status,
        started_at=start,
        mitigated_at=record.times.get("mitigated"),
        ended_at=record.times.get("end"),
        services=record.services,
        impact=record.impact,
        known=tuple(f"{note.at:%H:%M} {note.text}" for note in fresh),
        suspected=tuple(
            str(entry.new.data.get("text", ""))
            for entry in record.entries
            if entry.new.kind == "cause" and entry.new.at <= at
        ),
        commander=record.roles.get("incident_commander", ""),
        number=len(sent) + 1,
    )
