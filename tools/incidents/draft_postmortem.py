"""The tool `draft_postmortem`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tools.context import ToolContext
from tools.incidents.postmortem_answer import PostmortemAnswer

# More services make a table nobody reads, and each costs about ten queries.
_MAX_SERVICES = 8

_Short = Annotated[str, Field(max_length=64)]
_Query = Annotated[str, Field(max_length=4000)]


async def draft_postmortem(
    ctx: ToolContext,
    *,
    incident: _Short = "",
    title: Annotated[str, Field(max_length=200)] = "",
    start: _Short = "",
    end: _Short = "",
    services: Annotated[list[_Short], Field(max_length=_MAX_SERVICES)] = [],  # noqa: B006  # never changed
    facts: dict[str, Any] = {},  # noqa: B006  # never changed
    total: _Query = "",
    bad: _Query = "",
    objective: float = 0.0,
    window: _Short = "",
    source: _Short = "",
) -> PostmortemAnswer:
    """Draft a blameless postmortem in Markdown: impact measured, every line cited, gaps marked.

    Use when an incident is over: `incident` (INC-7), or title, start and `facts`, which also add to a record:
    detected_at, acknowledged_at, mitigated_at, severity, impact, users, slos, events [{time, text, who}],
    causes [{text, evidence}], went_well, went_badly, lucky, action_items [{title, kind (prevent, mitigate, detect,
    process), owner, due}]. Budget by SLO, else of `objective` over `window`. `total`, `bad`: PromQL counters.
    Not for SLO state (`compute_error_budget`).
    """
    from tools.incidents.postmortem_steps import PostmortemCall, drafted_postmortem

    return await drafted_postmortem(
        ctx,
        PostmortemCall(incident, title, start, end, services, facts, total, bad, objective, window, source),
    )
