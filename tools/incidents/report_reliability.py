"""The tool `report_reliability`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.arguments import DurationText, EndTime, SourceName
from tools.context import ToolContext, deps_of
from tools.incidents.report_reliability_answer import ReportReliabilityAnswer


async def report_reliability(
    ctx: ToolContext,
    *,
    service: Annotated[str, Field(description="Empty: all", max_length=200)] = "",
    window: DurationText = "30d",
    end: EndTime = "now",
    shift_hours: Annotated[float, Field(ge=1, le=168)] = 12,
    source: SourceName = "",
) -> ReportReliabilityAnswer:
    """Report reliability over a window: MTTD, MTTA, MTTR, MTBF from the incident records; availability from the data.

    Use when asked how reliable a service was, for a monthly review, or whether response got faster: medians with p90,
    mean, count and interval, held against the period before; incidents by severity with targets kept; alerts a week,
    pages a shift; overdue actions; toil against 50 %. Few incidents give no verdict.
    Not for one incident (`get_incidents`) or which alerts to mend (`review_alerts`).
    """
    from tools.incidents.report_reliability_steps import ReliabilityQuestion, reliability_answer

    asked = ReliabilityQuestion(service.strip(), window, end, shift_hours, source)
    return await reliability_answer(ctx, deps_of(ctx), asked)
