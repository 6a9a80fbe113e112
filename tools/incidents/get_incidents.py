"""The tool `get_incidents`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tools.answer import Answer, Figure, Instant, Part, WindowAnswer
from tools.context import ToolContext, deps_of
from tools.incidents.page_rows import OnCallRow, PageRow
from tools.incidents.records import IncidentReference
from tools.incidents.records_answer import IncidentRecord

_Short = Annotated[str, Field(max_length=200)]


class IncidentRow(Part):
    """An incident in a list; texts are what people wrote."""

    id: str
    title: str
    severity: str
    status: str
    services: list[str] = Field(default_factory=list)
    began_at: Instant
    ended_at: Instant | None = None
    minutes: Figure = Field(None, description="From start to end, or to now")
    commander: str = ""
    late: list[str] = Field(default_factory=list, description="Deadlines, updates and actions that are late")
    next_update: Instant | None = None
    open_action_count: int = 0
    overdue_action_count: int = 0


class EntryRow(Part):
    """An entry of a record; `recorded_at` is later than `at` where it was written down afterwards."""

    number: int
    at: Instant
    recorded_at: Instant
    kind: str
    text: str
    author: str
    source: str


class GetIncidentsAnswer(Answer):
    """Incidents, or one in full."""

    RANKED: ClassVar[tuple[str, ...]] = ("history", "on_call", "incidents", "pages")

    incidents: list[IncidentRow] = Field(default_factory=list, description="Open ones by severity and age, then latest")
    incident_count: int = Field(0, description="That fit the question")
    open_count: int = 0
    incident: IncidentRecord | None = Field(None, description="Where one was asked for")
    history: list[EntryRow] = Field(default_factory=list, description="Latest first")
    pages: list[PageRow] = Field(
        default_factory=list,
        description="Of one incident; else open in PagerDuty and in no record: urgent, untaken, old",
    )
    page_count: int = 0
    on_call: list[OnCallRow] = Field(default_factory=list, description="In PagerDuty now")
    window: WindowAnswer | None = None
    now: Instant


async def get_incidents(
    ctx: ToolContext,
    *,
    incident: IncidentReference = "",
    status: _Short = "",
    severity: _Short = "",
    service: _Short = "",
    search: _Short = "",
    since: _Short = "",
    until: _Short = "",
    open_only: bool = False,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
) -> GetIncidentsAnswer:
    """List recorded incidents, the most urgent first, with what is late; or one (`incident`, INC-7) with its history.

    Use when asked what is going on, what is overdue, who is on call, or what was done in an incident, when and by
    whom. PagerDuty's open pages that no record knows are listed too. status and severity take one or several,
    comma-separated; since and until bound when it began.
    Not for alerts (`list_alerts`) or open actions over all incidents (`track_action_items`).
    """
    from tools.incidents.get_incidents_steps import Question, answer_of_all, answer_of_one

    deps = deps_of(ctx)
    asked = Question(status, severity, service, search, since, until, open_only, limit)
    return await (answer_of_one(deps, incident, asked) if incident.strip() else answer_of_all(deps, asked))
