"""The tool `page_oncall`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.context import ToolContext, deps_of
from tools.incidents.page_oncall_answer import PageOncallAnswer
from tools.incidents.records import IncidentReference

_Short = Annotated[str, Field(max_length=200)]


async def page_oncall(
    ctx: ToolContext,
    *,
    action: Literal["trigger", "acknowledge", "resolve", "note"],
    incident: IncidentReference = "",
    text: Annotated[str, Field(max_length=2_000)] = "",
    severity: _Short = "",
    service: _Short = "",
    confirm: Annotated[str, Field(max_length=200)] = "",
) -> PageOncallAnswer:
    """Wake people through PagerDuty, or answer its pages: a preview first; with its `confirm` code, for real.

    Use when somebody must be woken, or a page taken, closed or noted. incident: INC-7, or PagerDuty's id or #number; a
    trigger without one needs text and severity. The preview says who is on call and what would change: confirm only
    with a person's consent. A record's open page is never doubled.
    Not for seeing pages and who is on call (`get_incidents`), nor for quiet (`silence_alert`).
    """
    from tools.incidents.page_oncall_situation import Asked
    from tools.incidents.page_oncall_steps import paged_or_previewed

    return await paged_or_previewed(ctx, deps_of(ctx), Asked(action, incident, text, severity, service, confirm))
