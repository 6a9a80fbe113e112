"""The tool `review_alerts`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.alerting.review_answer import ReviewAnswer
from tools.arguments import EndTime, SourceName, StartTime
from tools.context import ToolContext, deps_of

MAX_RULES_CHARS = 1_000_000


async def review_alerts(
    ctx: ToolContext,
    *,
    rules: Annotated[
        str, Field(description="Rule file YAML; empty: the source's own", max_length=MAX_RULES_CHARS)
    ] = "",
    start: StartTime = "now-14d",
    end: EndTime = "now",
    service: Annotated[str, Field(description="Only alerts that name it", max_length=200)] = "",
    source: SourceName = "",
) -> ReviewAnswer:
    """Review alert rules: linted, replayed on history, ranked by what they cost the person on call, each with a diff.

    Use when alerts are noisy, distrusted, or new rules are to go live. Finds dead, flapping, always firing, short-lived
    and coincident alerts, causes that page, missing runbooks, wrong PromQL; pages a day and a shift.
    Not for what fires now (use `list_alerts`) or the tiers of an SLO (use `backtest_slo`).
    """
    from tools.alerting.review_steps import ReviewQuestion, reviewed

    question = ReviewQuestion(rules=rules, start=start, end=end, service=service.strip(), source=source)
    return await reviewed(ctx, deps_of(ctx), question)
