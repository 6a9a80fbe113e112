"""The shape of the answer of `page_oncall`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tools.answer import Answer, Instant, Part
from tools.incidents.page_rows import OnCallRow, PageRow

PageStatusWord = Literal["preview", "done", "partly", "accepted", "unchanged"]


class EventRow(Part):
    """What a trigger sends."""

    summary: str
    severity: str
    source: str
    component: str = ""
    key: str
    details: dict[str, str] = Field(default_factory=dict)
    url: str = ""
    goes_to: str | None = Field(None, description="PagerDuty service of the routing key; null: not known")


class PageOncallAnswer(Answer):
    """What would be done in PagerDuty, or was; nothing is sent with a preview."""

    RANKED: ClassVar[tuple[str, ...]] = ("on_call", "pages")

    status: PageStatusWord = Field(description="accepted: PagerDuty took the event, its incident is not to be seen yet")
    action: str
    incident: str | None = Field(None, description="Our record")
    pages: list[PageRow] = Field(default_factory=list, description="Each with what becomes, or became, of it")
    event: EventRow | None = None
    text: str = ""
    on_call: list[OnCallRow] = Field(default_factory=list, description="Now, for these pages")
    confirm: str | None = Field(None, description="Pass it back to do exactly this")
    is_recorded: bool = Field(False, description="The record has an entry of it")
    next_steps: list[str] = Field(default_factory=list)
    now: Instant
