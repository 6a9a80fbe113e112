"""The tool `list_alerts`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.alerting.alerts_answer import AlertsAnswer, StateFilter
from tools.arguments import SourceName
from tools.context import ToolContext, deps_of, in_thread


async def list_alerts(
    ctx: ToolContext,
    *,
    state: StateFilter = "all",
    service: Annotated[str, Field(description="As in its labels", max_length=200)] = "",
    source: SourceName = "",
) -> AlertsAnswer:
    """List alerts that stand now, Prometheus and Alertmanager joined: who is told, what is held back, what got lost.

    Use when on call, to see what fires (and reaches people), is pending, silenced (by whom, until when), inhibited or
    muted, with age, group and runbook, pages first. Names alerts that never reached the Alertmanager.
    Not for whether a service is well (use `check_service_health`).
    """
    from tools.alerting.alerts_reading import alert_reading
    from tools.alerting.alerts_report import alerts_report

    reading = await alert_reading(deps_of(ctx), source=source)
    return await in_thread(lambda: alerts_report(reading, state=state, service=service))
