"""The tool `track_action_items`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tools.answer import Answer, Instant
from tools.context import ToolContext, deps_of
from tools.incidents.records import IncidentReference
from tools.incidents.records_answer import ActionRow

_Short = Annotated[str, Field(max_length=200)]
_Line = Annotated[str, Field(max_length=2_000)]


class TrackActionItemsAnswer(Answer):
    """Actions after incidents; with a change, the one that was changed first."""

    RANKED: ClassVar[tuple[str, ...]] = ("actions",)

    changed: ActionRow | None = None
    changes: list[str] = Field(default_factory=list)
    actions: list[ActionRow] = Field(default_factory=list, description="Overdue first, then by date")
    action_count: int = Field(0, description="That fit the question")
    open_count: int = 0
    overdue_count: int = 0
    done_count: int = 0
    dropped_count: int = 0
    open_by_kind: dict[str, int] = Field(default_factory=dict)
    now: Instant


async def track_action_items(
    ctx: ToolContext,
    *,
    incident: IncidentReference = "",
    item: IncidentReference = "",
    title: _Line = "",
    kind: _Short = "",
    owner: _Short = "",
    due: _Short = "",
    status: _Short = "",
    link: _Line = "",
    note: _Line = "",
    author: _Short = "",
) -> TrackActionItemsAnswer:
    """List the actions after incidents, overdue first; add one; or change one.

    Use when asked what is still to do, or an action is agreed, moves or is done. To list: incident, kind, owner, status
    (open, overdue, in_progress, done, dropped, all). To add: incident and `title`. To change: `item`, its number or
    INC-7#2. kind: prevent, mitigate, detect, process; due: YYYY-MM-DD, 14d or none. A finished one opens again with
    status open and a note. Not for other parts of the record (`update_incident`).
    """
    from tools.incidents.track_action_items_steps import ActionCall, changed_answer, listed_answer

    call = ActionCall(incident, item, title, kind, owner, due, status, link, note, author)
    return await (
        changed_answer(ctx, deps_of(ctx), call) if (item + title).strip() else listed_answer(deps_of(ctx), call)
    )
