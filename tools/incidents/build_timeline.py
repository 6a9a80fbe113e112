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

    Use when it has to be said what happened when: deploys, restarts and settings, first deviations of the services'
    golden signals and their recovery, alerts (recorded or replayed), pages and answers, annotations, recorded notes;
    with the delays to alert, detect, acknowledge and recover. Looks an hour before `start`, half an hour after `end`.
    Give a recorded `incident`, or `start`, `end` and `services`. Says which systems were not heard.
    Not for finding the cause among all metrics (`investigate_incident`).
    """
    from tools.incidents.timeline_steps import built_timeline

    return await built_timeline(ctx, incident=incident, start=start, end=end, services=services, source=source)
