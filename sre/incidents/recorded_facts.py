"""A record as the facts of a postmortem, each with the entry that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from sre.core.journal import Entry
from sre.incidents.model import ActionItem, Cause, IncidentFacts, TimelineEvent
from sre.incidents.records.entries import incident_of
from sre.incidents.records.facts import facts_of
from sre.incidents.records.model import LESSONS, Incident, Lesson, Milestone, TrackedAction

_Cited = TypeVar("_Cited", TimelineEvent, Cause)
_FIELDS: Mapping[Milestone, str] = {
    "start": "start", "detected": "detected_at", "acknowledged": "acknowledged_at", "mitigated": "mitigated_at",
    "end": "end",
}  # fmt: skip
_PLAIN = ("title", "impact", "services", "slos", "severity")


def recorded_facts(incident: Incident, *, today: date) -> IncidentFacts:
    """Return what a record says, every statement with the entry it stands in.

    Updates that were given to people are events too; actions that were dropped are kept and say so.

    Args:
        today: Decides which actions are overdue, UTC.
    """
    parts = tuple(_Part(entry, _alone(incident, entry)) for entry in incident.entries)
    book = _Citations(incident, parts)
    updates = [
        TimelineEvent(sent.at, f"Update to {sent.audience}: {sent.text}", cite=book.cite(part.entry))
        for sent, part in zip(incident.updates, (part for part in parts if part.adds.updates), strict=True)
    ]
    return replace(
        facts_of(incident),
        events=(*book.cited(incident.notes, lambda adds: adds.notes), *updates),
        causes=book.cited(incident.causes, lambda adds: adds.causes),
        action_items=tuple(book.action(action, today) for action in incident.actions),
        is_start_assumed="start" not in incident.times,
        slos=incident.slos,
        roles=tuple((role.replace("_", " "), who) for role, who in incident.roles.items()),
        links=tuple((link.url, link.title) for link in incident.links),
        cites={**book.plain(), **book.milestones(), **book.lessons()},
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """An entry, and what it adds to a record that was only declared."""

    entry: Entry
    adds: Incident


def _alone(incident: Incident, entry: Entry) -> Incident:
    first = incident.entries[0]
    return incident_of((first,) if entry is first else (first, entry))


@dataclass(frozen=True, slots=True)
class _Citations:
    """Finds the entries behind what a record says."""

    incident: Incident
    parts: tuple[_Part, ...]

    def cite(self, entry: Entry) -> str:
        """Return how a document names an entry: `INC-7 #12, ana, 14:20`, with the day where it is another one."""
        day = self.incident.times.get("start", self.incident.declared_at).date()
        at = entry.new.at
        clock = f"{at:%H:%M}" if at.date() == day else f"{at:%Y-%m-%d %H:%M}"
        author = f", {entry.new.author}" if entry.new.author else ""
        return f"{self.incident.reference} #{entry.number}{author}, {clock}"

    def cited(self, said: tuple[_Cited, ...], added: Callable[[Incident], tuple[_Cited, ...]]) -> tuple[_Cited, ...]:
        """Return statements with the entries that added them, which come in the same order."""
        behind = (part.entry for part in self.parts if added(part.adds))
        return tuple(replace(one, cite=self.cite(entry)) for one, entry in zip(said, behind, strict=True))

    def plain(self) -> dict[str, str]:
        """Return the entries that set the plain fields and roles last; the declaration where none did."""
        found = {name: self._last(name) for name in _PLAIN}
        for part in self.parts:
            if part.entry.new.kind == "role":
                found |= {role.replace("_", " "): part.entry for role in part.adds.roles}
        return {name: self.cite(entry) for name, entry in found.items()}

    def milestones(self) -> dict[str, str]:
        """Return the entries that gave the milestones their times: by name, or by the status they reached."""
        return {
            _FIELDS[milestone]: self.cite(part.entry)
            for milestone, at in self.incident.times.items()
            for part in self.parts
            if part.adds.times.get(milestone) == at
        }

    def lessons(self) -> dict[str, str]:
        """Return the entries of the lessons."""
        return {name: cite for lesson in LESSONS for name, cite in self._of_lesson(lesson)}

    def action(self, action: TrackedAction, today: date) -> ActionItem:
        """Return an action with the last entry about it."""
        about = [
            part.entry for part in self.parts if part.adds.actions and part.adds.actions[0].number == action.number
        ]
        return ActionItem(
            title=action.title,
            kind=action.kind,
            owner=action.owner,
            due=action.due.isoformat() if action.due else "",
            id=f"{self.incident.reference}#{action.number}",
            status=action.status,
            link=action.link,
            is_overdue=action.is_overdue(today),
            cite=self.cite(about[-1]),
        )

    def _of_lesson(self, lesson: Lesson) -> list[tuple[str, str]]:
        behind = (part.entry for part in self.parts if lesson in part.adds.lessons)
        return [(f"{lesson}[{number}]", self.cite(entry)) for number, entry in enumerate(behind)]

    def _last(self, kind: str) -> Entry:
        about = [part.entry for part in self.parts if part.entry.new.kind == kind]
        return about[-1] if about else self.incident.entries[0]
