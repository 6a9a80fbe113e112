"""The tool `build_timeline`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.context import ToolContext
from tools.incidents.timeline_answer import TimelineAnswer

_Name = Annotated[str, Field(max_length=200)]


async def build_timeline(
    ctx: ToolContext,
    *,
    incident: _Name = "",
    start: _Name = "",
    end: _Name = "",
    services: Annotated[list[_Name], Field(max_length=20)] = [],  # noqa: B006  # never changed
    source: _Name = "",
) -> TimelineAnswer:
    """Build the timeline of an incident from all systems: ordered, the same thing once, each event with its evidence.

    Use when asked what happened when: deploys, restarts, settings; first deviations and recovery of golden signals;
    alerts (recorded or replayed), pages, annotations, notes; delays to alert, detect, acknowledge, recover. Looks 1h
    before `start` and 30m after `end`. Give `incident`, or `start`, `end`, `services`. Names systems not heard.
    Not for the cause (`investigate_incident`).
    """
    from tools.incidents.timeline_steps import built_timeline

    return await built_timeline(ctx, incident=incident, start=start, end=end, services=services, source=source)
