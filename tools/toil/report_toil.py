"""The tool `report_toil`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tools.answer import Answer, Figure, Instant, Part, WindowAnswer
from tools.arguments import DurationText, EndTime
from tools.context import ToolContext, deps_of


class TaskToil(Part):
    """A task of the window; texts are what people wrote. The interval is 95 %, by the count of its times."""

    id: str
    task: str
    kind: str | None = None
    people: list[str] = Field(default_factory=list)
    times: int
    hours: Figure = None
    hours_a_month: Figure = None
    low_hours_a_month: Figure = None
    high_hours_a_month: Figure = None
    basis: str = Field(description="recorded, stated (how_often), or unknown: once is no rate")
    automation_hours: Figure = None
    payback_months: Figure = None
    payback_range_months: list[Figure] = Field(default_factory=list)
    break_even: str | None = Field(None, description="If it is built by the end of the window")
    worth_hours: Figure = Field(None, description="Build hours earned back within a year")


class PersonToilRow(Part):
    """A person's toil; no hours where nothing was recorded."""

    who: str
    hours: Figure = None
    share_ratio: Figure = None


class ToilWeek(Part):
    """Seven days."""

    start: Instant
    hours: Figure = None
    times: int


class ReportToilAnswer(Answer):
    """Toil of a window against the budget."""

    RANKED: ClassVar[tuple[str, ...]] = ("people", "weeks", "tasks")

    verdict: str = Field("", description="over_budget, within_budget, too_short, nothing_recorded")
    hours: Figure = None
    share_ratio: Figure = Field(None, description="Of the people's time; the least it can be")
    budget_ratio: Figure = None
    available_hours: Figure = None
    people: list[PersonToilRow] = Field(default_factory=list, description="Most hours first")
    tasks: list[TaskToil] = Field(default_factory=list, description="By pay-back, then hours a month")
    task_count: int = 0
    hours_by_kind: dict[str, Figure] = Field(default_factory=dict)
    weeks: list[ToilWeek] = Field(default_factory=list, description="Oldest first")
    trend: str = Field("", description="rising, falling, no_clear_trend, too_few_weeks")
    trend_hours_a_week: Figure = None
    definitions: list[str] = Field(default_factory=list)
    window: WindowAnswer
    observed_since: Instant


async def report_toil(
    ctx: ToolContext,
    *,
    window: DurationText = "4w",
    end: EndTime = "now",
    who: Annotated[str, Field(description="The team, comma-separated; empty: all who recorded", max_length=2_000)] = "",
    hours_available: Annotated[float, Field(description="A person and week", gt=0, le=168)] = 40,
) -> ReportToilAnswer:
    """Report toil: hours by task and person, share of the team's time against the 50 % budget, trend by week.

    Use when asked how much toil there is, or what to automate first: tasks ranked by pay-back of the build hours, with
    break-even dates; a task recorded once is not extrapolated. Names who recorded nothing.
    Not for recording (`record_toil`) or the load of alerts (`review_alerts`).
    """
    from tools.toil.report_toil_steps import ToilQuestion, reported_answer

    return await reported_answer(deps_of(ctx), ToilQuestion(window, end, who, hours_available))
