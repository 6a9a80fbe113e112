"""The tool `assess_severity`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tools.context import ToolContext
from tools.incidents.severity_answer import SeverityAnswer

_Name = Annotated[str, Field(max_length=200)]


async def assess_severity(
    ctx: ToolContext,
    *,
    facts: dict[str, Any] = {},  # noqa: B006  # never changed
    services: Annotated[list[_Name], Field(max_length=20)] = [],  # noqa: B006  # never changed
    incident: _Name = "",
    at: Annotated[str, Field(max_length=64)] = "now",
    source: _Name = "",
) -> SeverityAnswer:
    """Assess how severe an incident is (P0 to P3), rule by rule, with the times to respond and repair.

    Use when it has to be said how bad something is. Give `facts`, or `services` to measure (errors, latency, traffic,
    budgets), or both; neither measures all. Unsure takes the worse.
    `facts`: flags yes/no/maybe security, data_loss, full_outage, slow, core, workaround, budget_gone; failing_ratio,
    users_ratio, users_count, latency_factor, burn_rate, started_at, detected_at.
    Not for details (`check_service_health`, `compute_error_budget`).
    """
    from tools.incidents.severity_steps import assessed

    return await assessed(ctx, facts=facts, services=services, incident=incident, at=at, source=source)
