"""The tool `draft_status_update`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tools.answer import EvidencedAnswer, Instant, Part
from tools.context import ToolContext

_Name = Annotated[str, Field(max_length=200)]


class WordRow(Part):
    """Words that this audience must not read, or that should be looked at."""

    where: str
    phrase: str
    kind: str
    is_kept_out: bool
    why: str
    better: str


class StatusUpdateAnswer(EvidencedAnswer):
    """A draft, to be read and sent by a person."""

    RANKED: ClassVar[tuple[str, ...]] = ("queries", "findings")

    text: str
    audience: str
    severity: str | None = None
    status: str
    update_number: int
    at: Instant
    next_update_due: Instant | None = None
    is_ready: bool = Field(description="Nothing to fill in, nothing left out")
    to_fill: list[str] = Field(default_factory=list)
    unknown: list[str] = Field(default_factory=list, description="Said in the text not to be known")
    findings: list[WordRow] = Field(default_factory=list)
    record_with: str = ""


async def draft_status_update(
    ctx: ToolContext,
    *,
    audience: _Name,
    incident: _Name = "",
    facts: dict[str, Any] = {},  # noqa: B006  # never changed
    at: Annotated[str, Field(max_length=64)] = "now",
    source: _Name = "",
) -> StatusUpdateAnswer:
    """Draft a status update on an incident for an audience: internal, executive or customer. Sends nothing.

    Use when people are to be told: what is known (harm measured where possible), what is not, what is done, when the
    next one is due. Blame, guesses, promises and, for customers, causes and inner names are left out and reported.
    Give `incident`, or `facts`, which go before it: title, severity, status, started_at, mitigated_at, ended_at,
    services, function (as users call it), impact, known [], suspected [], doing, still_works, workaround, effect, need,
    decision, commander, users_ratio, update_number. Not for the report afterwards (`draft_postmortem`).
    """
    from tools.incidents.status_steps import drafted_update

    return await drafted_update(ctx, incident=incident, audience=audience, facts=facts, at=at, source=source)
