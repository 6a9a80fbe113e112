"""What people and tools marked on dashboards, for a timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.text import cleaned, quoted
from sre.incidents.chronicle import Evidence, Happening, announced_kind
from tools.concurrent import outcome_of, seconds_left
from tools.incidents.timeline_window import Asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import DashboardStore
    from sre.core.dashboards import Annotation
    from tools.incidents.timeline_window import TimelineWindow

_READ_SECONDS = 15.0
_MAX_ANNOTATIONS = 200
_MAX_TEXT, _MAX_NAME = 300, 80


async def read_annotations(store: DashboardStore, window: TimelineWindow, *, services: Sequence[str]) -> Asked:
    """Return the annotations of the window; a deploy that metrics show as well is told with it."""
    asked = Asked(store.name, "annotations")
    outcome = await outcome_of(
        lambda: store.annotations(window=window.searched, limit=_MAX_ANNOTATIONS),
        seconds=min(_READ_SECONDS, seconds_left()),
        system=store.name,
    )
    if isinstance(outcome, SreError):
        asked.status, asked.note = "failed", outcome.message
        return asked
    if len(outcome) >= _MAX_ANNOTATIONS:
        asked.status, asked.note = "partly", f"Only the latest {_MAX_ANNOTATIONS} were read; ask for a shorter window."
    asked.happenings = [_happening(one, store.name, services) for one in outcome]
    return asked


def _happening(one: Annotation, system: str, services: Sequence[str]) -> Happening:
    tags = f" [{cleaned(', '.join(one.tags), limit=_MAX_NAME)}]" if one.tags else ""
    said = " ".join((one.text, *one.tags))
    return Happening(
        at=one.at,
        kind="note",
        text=f"Marked on dashboards: {quoted(one.text, limit=_MAX_TEXT)}{tags}.",
        who=cleaned(one.author, limit=_MAX_NAME),
        evidence=(Evidence(system, "", one.at),),
        # A mark anywhere may tell of the cause.
        is_relevant=True,
        service=next((name for name in services if name.casefold() in said.casefold()), ""),
        becomes=announced_kind(said),
    )
