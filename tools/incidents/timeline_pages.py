"""Whom the paging system woke, who answered and what they wrote there, for a timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.text import cleaned, quoted
from sre.incidents.chronicle import Evidence, Happening, announced_kind
from tools.concurrent import seconds_left
from tools.incidents.pagerduty_entries import PagerDutyEntries, pagerduty_entries
from tools.incidents.timeline_window import Asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import OncallSource
    from sre.incidents.chronicle import Kind
    from sre.incidents.model import TimelineEvent
    from tools.incidents.timeline_window import TimelineWindow

_READ_SECONDS = 20.0
_MAX_TEXT, _MAX_NAME = 300, 80
# What is asked of it: its log, its incidents, its changes.
_PART_COUNT = 3
_ANNOUNCED = "Change announced: "
_NOTIFIED = "Notified "
# The record says the same of an incident.
_ACKNOWLEDGED = "milestone:acknowledged"


async def read_pages(source: OncallSource, window: TimelineWindow, *, services: Sequence[str]) -> Asked:
    """Return what happened to any page in the window, and the changes that were announced to the paging system."""
    asked = Asked(source.name, "pages, answers, announced changes")
    seconds = min(_READ_SECONDS, seconds_left())
    found = await pagerduty_entries(source, window=window.searched, services=services, seconds=seconds)
    notes = (*found.problems, *found.left_out)
    asked.note = " ".join(dict.fromkeys(notes))
    if found.problems:
        asked.status = "partly" if found.events or len(found.problems) < _PART_COUNT else "failed"
    asked.happenings = [_happening(event, source.name, found) for event in found.events]
    return asked


def _happening(event: TimelineEvent, system: str, found: PagerDutyEntries) -> Happening:
    kind = _kind(event, found)
    return Happening(
        at=event.at,
        kind=kind,
        text=f"{cleaned(system, limit=_MAX_NAME)}: {quoted(event.text, limit=_MAX_TEXT)}.",
        who=cleaned(event.who, limit=_MAX_NAME),
        evidence=(Evidence(system, "", event.at),),
        key=_ACKNOWLEDGED if kind == "acknowledged" else "",
        becomes=announced_kind(event.text) if event.text.startswith(_ANNOUNCED) else None,
    )


def _kind(event: TimelineEvent, found: PagerDutyEntries) -> Kind:
    if event.text.startswith(_ANNOUNCED):
        # Told with the deploy it announces, where metrics show that.
        return "note"
    if event.text.startswith(_NOTIFIED):
        return "other"
    if any(event.at == page.paged_at for page in found.pages):
        return "page"
    if any(event.at == page.acknowledged_at for page in found.pages):
        return "acknowledged"
    if any(event.at == page.resolved_at for page in found.pages):
        return "resolved"
    return "note" if event.who else "other"
