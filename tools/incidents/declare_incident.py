"""The tool `declare_incident`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tools.answer import Answer, Instant
from tools.context import ToolContext, deps_of
from tools.incidents.p0_confirmation import P0Reply, confirmed
from tools.incidents.records_answer import IncidentRecord

_Short = Annotated[str, Field(max_length=200)]
_Long = Annotated[str, Field(max_length=4_000)]


class DeclareIncidentAnswer(Answer):
    """The record that was begun."""

    incident: IncidentRecord
    is_new: bool = Field(True, description="False: declared before under this key")
    reasons: list[str] = Field(default_factory=list, description="Of the severity, where the facts led to it")
    similar: list[str] = Field(default_factory=list, description="Open ones that may be the same")
    next_steps: list[str] = Field(default_factory=list)
    now: Instant


async def declare_incident(
    ctx: ToolContext,
    confirmation: P0Reply,
    *,
    title: _Short,
    severity: _Short = "",
    services: Annotated[list[_Short], Field(max_length=20)] = [],  # noqa: B006  # never changed
    impact: _Long = "",
    started_at: _Short = "",
    detected_at: _Short = "",
    roles: dict[str, Any] = {},  # noqa: B006  # never changed
    facts: dict[str, Any] = {},  # noqa: B006  # never changed
    key: _Short = "",
    author: _Short = "",
) -> DeclareIncidentAnswer:
    """Declare an incident: begin its record, with response and repair deadlines, roles to fill, first update due.

    Use when users are hurt, or soon will be. Severity P0-P3, "P0/P1" takes the higher one; or none, with the facts of
    `assess_severity` among `facts`. started_at: of the harm; detected_at: default now. `roles`, `facts` as in
    `update_incident`. `key` (PagerDuty id, alert fingerprint): declared once. A person is asked about a P0 where the
    client can. Not for one that is declared (`update_incident`).
    """
    from tools.incidents.declare_incident_steps import Declaration, declared_answer

    return await declared_answer(
        ctx,
        deps_of(ctx),
        Declaration(
            title,
            severity,
            services,
            impact,
            started_at,
            detected_at,
            roles,
            facts,
            key,
            author,
            confirmed(confirmation),
        ),
    )
