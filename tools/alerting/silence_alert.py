"""The tool `silence_alert`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.alerting.silence_answer import SilenceAnswer
from tools.arguments import DurationText
from tools.context import ToolContext, deps_of


async def silence_alert(
    ctx: ToolContext,
    *,
    matchers: Annotated[str, Field(description='{alertname="X", service="y"}', min_length=1, max_length=5_000)],
    duration: DurationText,
    reason: Annotated[str, Field(description="For whoever wonders why it is quiet", min_length=5, max_length=500)],
    confirm: Annotated[str, Field(description="Code of the preview", max_length=200)] = "",
) -> SilenceAnswer:
    """Silence alerts in the Alertmanager: a preview first; with its `confirm` code, and a person's consent, for real.

    Use when alerts are understood and being worked on, or before planned work. The preview names alerts, pages and
    rules it would hold back; nothing changes until its code comes back. At most 7d.
    Not for seeing what fires or is silenced (use `list_alerts`).
    """
    from tools.alerting.silence_steps import silenced_or_previewed

    info = ctx.session.client_params.client_info if ctx.session.client_params else None
    return await silenced_or_previewed(
        deps_of(ctx),
        matchers=matchers,
        duration=duration,
        reason=reason,
        confirm=confirm,
        client=f"{info.name} {info.version}" if info else "",
    )
