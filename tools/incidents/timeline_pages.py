"""Whom the paging system woke, who answered and what they wrote there, for a timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.text import cleaned, quoted
from sre.incidents.chronicle import Evidence, Happening
from tools.concurrent import outcome_of, seconds_left
from tools.incidents.timeline_window import Asked

if TYPE_CHECKING:
    from connectors.base import OncallSource
    from sre.core.oncall import LogEntry, LogKind
    from sre.incidents.chronicle import Kind
    from tools.incidents.timeline_window import TimelineWindow

_READ_SECONDS = 20.0
_MAX_TEXT, _MAX_NAME = 300, 80
_KINDS: dict[LogKind, Kind] = {
    "trigger": "page",
    "acknowledge": "acknowledged",
    "resolve": "resolved",
    "annotate": "note",
    "escalate": "other",
    "assign": "other",
    "snooze": "other",
    "priority": "other",
    "merge": "other",
    "status_update": "update",
    "responder": "other",
    "unacknowledge": "other",
}


async def read_pages(source: OncallSource, window: TimelineWindow) -> Asked:
    """Return what happened to any page in the window; the mere sending of messages is left out."""
    asked = Asked(source.name, "pages and answers")
    outcome = await outcome_of(
        lambda: source.log_entries(window=window.searched),
        seconds=min(_READ_SECONDS, seconds_left()),
        system=source.name,
    )
    if isinstance(outcome, SreError):
        asked.status, asked.note = "failed", outcome.message
        return asked
    if not outcome.is_whole:
        asked.status, asked.note = "partly", outcome.left_out
    asked.happenings = [_happening(entry, source.name) for entry in outcome.items if entry.kind in _KINDS]
    return asked


def _happening(entry: LogEntry, system: str) -> Happening:
    kind = _KINDS[entry.kind]
    of = f" ({quoted(str(entry.incident), limit=_MAX_NAME)})" if entry.incident else ""
    said = f": {quoted(entry.detail, limit=_MAX_TEXT)}" if entry.detail and kind in ("note", "update") else ""
    return Happening(
        at=entry.at,
        kind=kind,
        text=f"{quoted(entry.summary, limit=_MAX_TEXT)}{of}{said}.",
        service=cleaned(str(entry.service), limit=_MAX_NAME) if entry.service else "",
        who=cleaned(str(entry.agent), limit=_MAX_NAME) if entry.agent and entry.is_by_a_person else "",
        evidence=(Evidence(system, "", entry.at),),
        # The record says when an incident was acknowledged, too.
        key="milestone:acknowledged" if kind == "acknowledged" else "",
    )
