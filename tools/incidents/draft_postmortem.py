"""The tool `draft_postmortem`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tools.context import ToolContext, deps_of, report_progress
from tools.incidents.postmortem_answer import PostmortemAnswer

# More services make a table nobody reads, and each costs about ten queries.
_MAX_SERVICES = 8

_Short = Annotated[str, Field(max_length=64)]
_Query = Annotated[str, Field(max_length=4000)]


async def draft_postmortem(
    ctx: ToolContext,
    *,
    title: Annotated[str, Field(max_length=200)],
    start: _Short,
    end: _Short = "",
    services: Annotated[list[_Short], Field(max_length=_MAX_SERVICES)] = [],  # noqa: B006  # never changed
    facts: dict[str, Any] = {},  # noqa: B006  # never changed
    total: _Query = "",
    bad: _Query = "",
    objective: float = 0.999,
    window: _Short = "30d",
    source: _Short = "",
) -> PostmortemAnswer:
    """Draft a blameless postmortem in Markdown, impact measured where a source covers it.

    Use when an incident is over. Nothing is invented; what is missing is listed in `gaps`.
    `facts`, all optional: detected_at, acknowledged_at, mitigated_at, severity (P0-P3), impact, events [{time, text,
    who}], causes [{text, evidence}], went_well, went_badly, lucky, action_items [{title, kind (prevent, mitigate,
    detect, process), owner, due}]. `total`, `bad`: PromQL counters if none are found.
    Not for SLO state (`compute_error_budget`).
    """
    from sre.core.slo.budget import budget_ratio
    from sre.core.slo.windows import parse_slo_window
    from tools.incidents.incident_facts import FactsReader
    from tools.incidents.postmortem_draft import PostmortemDraft

    deps = deps_of(ctx)
    budget_ratio(objective)
    slo_window = parse_slo_window(window)
    metrics = deps.sources.metric(source or None) if source or deps.sources.names() else None
    reader = FactsReader(now=await deps.now_of(metrics) if metrics else deps.clock.now())
    incident = reader.incident(title=title, start=start, end=end, services=services, facts=facts)
    draft = PostmortemDraft(deps, incident, objective_ratio=objective, slo_window=slo_window, now=reader.now)
    if metrics and (incident.services or total):
        await report_progress(ctx, 0, 2, "Measuring the impact")
        await draft.measure(metrics, total=total, bad=bad)
    await report_progress(ctx, 1, 2, "Writing")
    return draft.answer(notes=reader.notes)
