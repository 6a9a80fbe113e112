"""Which incidents are asked for, and which come first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sre.incidents.model import Severity
from sre.incidents.records.facts import began_at
from sre.incidents.records.model import Incident, Status


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """What an incident has to be; empty and None ask for nothing.

    Attributes:
        statuses: One of these.
        since: Began at this time or later; aware UTC.
        until: Began before this time; aware UTC.
        search: Words that all stand somewhere in it, in any case.
    """

    statuses: tuple[Status, ...] = ()
    severities: tuple[Severity, ...] = ()
    service: str = ""
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""
    open_only: bool = False

    def accepts(self, incident: Incident) -> bool:
        """Whether the incident is asked for."""
        return (
            (not self.statuses or incident.status in self.statuses)
            and (not self.severities or incident.severity in self.severities)
            and (not self.service or self.service.casefold() in (name.casefold() for name in incident.services))
            and (not self.open_only or not incident.is_over())
            and self._is_in_window(began_at(incident))
            and self._is_found(incident)
        )

    def _is_in_window(self, at: datetime) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)

    def _is_found(self, incident: Incident) -> bool:
        words = self.search.casefold().split()
        text = searched_text(incident).casefold() if words else ""
        return all(word in text for word in words)


def searched_text(incident: Incident) -> str:
    """Return all that people wrote in an incident, for a search."""
    lessons = [text for texts in incident.lessons.values() for text in texts]
    parts = [
        incident.reference, incident.title, incident.impact, *incident.services, *incident.slos,
        *(note.text for note in incident.notes),
        *(f"{cause.text} {cause.evidence}" for cause in incident.causes),
        *(f"{action.title} {action.owner}" for action in incident.actions),
        *(f"{link.title} {link.url}" for link in incident.links),
        *lessons, *incident.roles.values(),
    ]  # fmt: skip
    return "\n".join(parts)


def by_urgency(incidents: Iterable[Incident]) -> list[Incident]:
    """Return incidents with those that still hurt first, the worst and oldest of them first; then the latest."""
    return sorted(incidents, key=_urgency)


def _urgency(incident: Incident) -> tuple[bool, str, float, int]:
    began = began_at(incident).timestamp()
    if incident.is_over():
        return True, "", -began, -incident.number
    return False, incident.severity, began, incident.number
