"""The tool `update_incident`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tools.answer import Answer, Instant
from tools.context import ToolContext, deps_of
from tools.incidents.records import IncidentReference
from tools.incidents.records_answer import IncidentRecord

_Short = Annotated[str, Field(max_length=200)]
_Long = Annotated[str, Field(max_length=4_000)]


class UpdateIncidentAnswer(Answer):
    """What changed, and the record as it is now."""

    RANKED: ClassVar[tuple[str, ...]] = ("changed",)

    changed: list[str] = Field(default_factory=list, description="Entry by entry, as recorded")
    unchanged: list[str] = Field(default_factory=list)
    incident: IncidentRecord
    next_statuses: list[str] = Field(default_factory=list)
    now: Instant


async def update_incident(
    ctx: ToolContext,
    *,
    incident: IncidentReference,
    status: _Short = "",
    severity: _Short = "",
    note: _Long = "",
    title: _Short = "",
    roles: dict[str, Any] = {},  # noqa: B006  # never changed
    times: dict[str, Any] = {},  # noqa: B006  # never changed
    events: Annotated[list[Any], Field(max_length=100)] = [],  # noqa: B006  # never changed
    facts: dict[str, Any] = {},  # noqa: B006  # never changed
    at: _Short = "",
    author: _Short = "",
) -> UpdateIncidentAnswer:
    """Add to an incident's record, any parts in one call: all are recorded or none; history is kept.

    Use when something happened, was decided, or proved wrong. Status: investigating, identified, mitigated, resolved,
    closed. `roles` {incident_commander, tech_lead, communications: person}; `times` {start, detected, acknowledged,
    mitigated, end: time or null}; `events` [{text, time, who, evidence}]; `facts`: impact, services, slos, evidence
    (of note), causes [{text, evidence}], went_well, went_badly, lucky, links, sent_update {audience, text}.
    Not for action items (`track_action_items`).
    """
    from tools.incidents.update_incident_steps import Update, updated_answer

    return await updated_answer(
        ctx,
        deps_of(ctx),
        Update(incident, status, severity, note, title, roles, times, events, facts, at, author),
    )
