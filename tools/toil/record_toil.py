"""The tool `record_toil`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.answer import Answer, Figure, Instant, Part
from tools.context import ToolContext, deps_of

_Short = Annotated[str, Field(max_length=200)]


class OccurrenceRow(Part):
    """Work that was recorded; `id` is what `void` takes."""

    id: str
    at: Instant
    who: str
    minutes: Figure = Field(description="Of one time")
    times: int
    note: str = ""


class ToilTask(Part):
    """A task as it stands; texts are what people wrote."""

    id: str
    task: str
    kind: str | None = None
    how_often: str = ""
    times_a_month: Figure = Field(None, description="By how_often")
    automation_hours: Figure = None
    times: int = Field(0, description="In all records")
    hours: Figure = Field(None, description="In all records")


class RecordToilAnswer(Answer):
    """What was recorded, and what the task adds up to."""

    task: ToilTask
    recorded: list[OccurrenceRow] = Field(default_factory=list)
    voided: str | None = None
    now: Instant


async def record_toil(
    ctx: ToolContext,
    *,
    task: _Short = "",
    minutes: Annotated[float, Field(ge=0, le=1_440)] = 0,
    who: _Short = "",
    at: _Short = "now",
    times: Annotated[int, Field(ge=1, le=1_000)] = 1,
    kind: _Short = "",
    how_often: _Short = "",
    automation_hours: Annotated[float, Field(ge=0, le=100_000)] = 0,
    note: Annotated[str, Field(max_length=2_000)] = "",
    void: _Short = "",
) -> RecordToilAnswer:
    """Record toil: manual, repetitive work that a machine could do and that leaves nothing better behind.

    Use when somebody did a chore, or says how often it comes up. minutes: of one time and person. who: default you,
    several comma-separated. kind: interrupt, on_call, ticket, release, migration, capacity, troubleshooting, manual.
    how_often: "3 a week". automation_hours: to build it away. void takes back an entry (TOIL-2#3); with minutes,
    replaces it.
    Not for incidents (`declare_incident`) or totals (`report_toil`).
    """
    from tools.toil.record_toil_steps import ToilCall, recorded_answer

    call = ToilCall(task, minutes, who, at, times, kind, how_often, automation_hours, note, void)
    return await recorded_answer(ctx, deps_of(ctx), call)
