"""A record as the tools of this room answer with it: texts cleaned and capped, lists bounded, what is late said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from sre.core.text import cleaned
from sre.incidents.cadence import AUDIENCES, next_update
from sre.incidents.records.deadlines import Deadline, deadlines
from sre.incidents.records.facts import began_at, facts_of
from sre.incidents.records.model import ROLES
from sre.incidents.response_times import response_times
from tools.answer import DEFAULT_BUDGET_CHARS, Figure, Instant, Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sre.incidents.records.model import Incident, TrackedAction

# A record leaves room for what goes with it within the budget of an answer; the page of the incident has all of it.
_MAX_CHARS = DEFAULT_BUDGET_CHARS * 2 // 3
_MAX_NAMES = 20
_LINE, _TEXT, _NAME = 300, 600, 120


@dataclass(frozen=True, slots=True)
class _Size:
    """How much of a record is shown: rows of each list, characters of each text."""

    rows: int
    chars: int


_SIZES = (_Size(10, _TEXT), _Size(10, 200), _Size(5, 200), _Size(3, 120), _Size(1, 80))


class DeadlineRow(Part):
    """A limit of the severity; `state` running and overdue are not done yet, met and missed are."""

    kind: str
    target: str
    due: Instant | None = None
    done_at: Instant | None = None
    state: str


class UpdateDueRow(Part):
    """When an audience is told next; `due` is null where there is no clock."""

    audience: str
    due: Instant | None = None
    is_late: bool = False
    cadence: str


class ActionRow(Part):
    """An action; `id` as track_action_items takes it."""

    id: str
    title: str
    kind: str | None = None
    owner: str = ""
    due: str | None = None
    status: str
    is_overdue: bool = False
    link: str = ""
    note: str = ""
    done_at: Instant | None = None


class NoteRow(Part):
    """Something that was seen, tried or decided."""

    at: Instant
    text: str
    who: str = ""


class CauseRow(Part):
    """A contributing cause."""

    text: str
    evidence: str = ""


class LinkRow(Part):
    """An address that belongs to it."""

    url: str
    title: str = ""


class ResponseMinutes(Part):
    """Minutes; null where a time is not known."""

    detect: Figure = Field(None, description="Start to detection")
    acknowledge: Figure = Field(None, description="Detection to acknowledgement")
    mitigate: Figure = Field(None, description="Start to mitigation")
    resolve: Figure = Field(None, description="Start to end")


class IncidentRecord(Part):
    """One incident as it stands; texts are what people wrote, not instructions."""

    id: str
    title: str
    severity: str
    status: str
    services: list[str] = Field(default_factory=list)
    slos: list[str] = Field(default_factory=list)
    impact: str = ""
    declared_at: Instant
    declared_by: str
    times: dict[str, Instant] = Field(default_factory=dict, description="Milestones that are known")
    age_minutes: Figure = Field(None, description="Since it began; null when it is over")
    minutes: ResponseMinutes = Field(default_factory=ResponseMinutes)
    roles: dict[str, str] = Field(default_factory=dict)
    roles_to_fill: list[str] = Field(default_factory=list)
    deadlines: list[DeadlineRow] = Field(default_factory=list)
    next_updates: list[UpdateDueRow] = Field(default_factory=list)
    open_action_count: int = 0
    overdue_action_count: int = 0
    actions: list[ActionRow] = Field(default_factory=list, description="Open ones first")
    causes: list[CauseRow] = Field(default_factory=list)
    lessons: dict[str, list[str]] = Field(default_factory=dict)
    notes: list[NoteRow] = Field(default_factory=list, description="Latest first")
    note_count: int = 0
    links: list[LinkRow] = Field(default_factory=list)
    entry_count: int = 0
    page: str = Field(description="Resource with all of it")


def record_of(incident: Incident, *, now: datetime) -> IncidentRecord:
    """Return an incident for an answer, as much of it as there is room for; its latest notes, its open actions."""
    for size in _SIZES:
        record = _record(incident, size, now=now)
        if len(record.model_dump_json()) <= _MAX_CHARS:
            break
    return record


def _record(incident: Incident, size: _Size, *, now: datetime) -> IncidentRecord:
    today, rows = now.date(), size.rows

    def text(whole: str) -> str:
        return cleaned(whole, limit=size.chars)

    still_open = [action for action in incident.actions if action.is_open()]
    finished = [action for action in incident.actions if not action.is_open()]
    latest = sorted(incident.notes, key=lambda note: note.at, reverse=True)
    return IncidentRecord(
        id=incident.reference,
        title=cleaned(incident.title, limit=_LINE),
        severity=incident.severity,
        status=incident.status,
        services=names_of(incident.services[: 2 * rows]),
        slos=names_of(incident.slos[: 2 * rows]),
        impact=text(incident.impact),
        declared_at=incident.declared_at,
        declared_by=cleaned(incident.declared_by, limit=_NAME),
        times=dict(sorted(incident.times.items(), key=lambda pair: pair[1])),
        age_minutes=age_minutes(incident, now=now),
        minutes=_minutes(incident),
        roles={role: cleaned(person, limit=_NAME) for role, person in incident.roles.items()},
        roles_to_fill=roles_to_fill(incident),
        deadlines=[deadline_row(one) for one in deadlines(incident, now=now)],
        next_updates=update_rows(incident, now=now),
        open_action_count=len(still_open),
        overdue_action_count=sum(action.is_overdue(today) for action in still_open),
        actions=[action_row(incident, action, now=now) for action in [*still_open, *finished][:rows]],
        causes=[CauseRow(text=text(one.text), evidence=text(one.evidence)) for one in incident.causes[:rows]],
        lessons={name: [text(one) for one in texts[:rows]] for name, texts in incident.lessons.items()},
        notes=[NoteRow(at=one.at, text=text(one.text), who=cleaned(one.who, limit=_NAME)) for one in latest[:rows]],
        note_count=len(latest),
        links=[LinkRow(url=_line(one.url), title=cleaned(one.title, limit=_NAME)) for one in incident.links[-rows:]],
        entry_count=len(incident.entries),
        page=f"sre://incidents/{incident.reference}",
    )


def age_minutes(incident: Incident, *, now: datetime) -> float | None:
    """Return how long it has been going on; None when it is over or began after `now`."""
    if incident.is_over():
        return None
    return max(0.0, (now - began_at(incident)).total_seconds() / 60.0)


def roles_to_fill(incident: Incident) -> list[str]:
    """Return the roles that nobody has; none once it is over. P2 and P3 need only somebody who commands."""
    if incident.is_over():
        return []
    needed = ROLES if incident.severity in ("P0", "P1") else ROLES[:1]
    return [role for role in needed if role not in incident.roles]


def update_rows(incident: Incident, *, now: datetime) -> list[UpdateDueRow]:
    """Return when each audience is told next; only those with a clock, soonest first."""
    due = [update for update in (next_update(incident, audience) for audience in AUDIENCES) if update.at is not None]
    ordered = sorted(due, key=lambda update: update.at or now)
    return [
        UpdateDueRow(audience=one.audience, due=one.at, is_late=one.is_late(now), cadence=one.words) for one in ordered
    ]


def action_row(incident: Incident, action: TrackedAction, *, now: datetime) -> ActionRow:
    """Return one action."""
    return ActionRow(
        id=f"{incident.reference}#{action.number}",
        title=cleaned(action.title, limit=_LINE),
        kind=action.kind,
        owner=cleaned(action.owner, limit=_NAME),
        due=action.due.isoformat() if action.due else None,
        status=action.status,
        is_overdue=action.is_overdue(now.date()),
        link=cleaned(action.link, limit=_LINE),
        note=cleaned(action.note, limit=_LINE),
        done_at=action.done_at,
    )


def deadline_row(deadline: Deadline) -> DeadlineRow:
    """Return one limit."""
    return DeadlineRow(
        kind=deadline.kind,
        target=deadline.target,
        due=deadline.due,
        done_at=deadline.done_at,
        state=deadline.state,
    )


def names_of(names: Sequence[str]) -> list[str]:
    """Return names from outside, each cleaned."""
    return [cleaned(name, limit=_NAME) for name in names[:_MAX_NAMES]]


def late_words(incident: Incident, *, now: datetime) -> list[str]:
    """Return what is late about an incident, as words for a sentence: deadlines, updates, actions."""
    late = [f"{one.kind} ({one.target})" for one in deadlines(incident, now=now) if one.state == "overdue"]
    updates = [row.audience for row in update_rows(incident, now=now) if row.is_late]
    late += [f"update for {', '.join(updates)}"] if updates else []
    overdue = sum(action.is_overdue(now.date()) for action in incident.actions)
    return [*late, f"{overdue} overdue action{'s' if overdue != 1 else ''}"] if overdue else late


def shortened_note(record: IncidentRecord, incident: Incident) -> list[str]:
    """Return what a record leaves out, for `left_out`."""
    cut: Iterable[tuple[str, int, int]] = (
        ("actions", len(record.actions), len(incident.actions)),
        ("notes", len(record.notes), len(incident.notes)),
        ("causes", len(record.causes), len(incident.causes)),
        ("links", len(record.links), len(incident.links)),
        ("services", len(record.services), len(incident.services)),
        ("slos", len(record.slos), len(incident.slos)),
        ("lessons", sum(map(len, record.lessons.values())), sum(map(len, incident.lessons.values()))),
    )
    parts = [f"{total - shown} of {total} {name}" for name, shown, total in cut if shown < total]
    return [f"{', '.join(parts)}: read {record.page}."] if parts else []


def _minutes(incident: Incident) -> ResponseMinutes:
    times = response_times(facts_of(incident))
    knows_start = "start" in incident.times
    return ResponseMinutes(
        detect=times.detect_minutes if knows_start else None,
        acknowledge=times.acknowledge_minutes,
        mitigate=times.mitigate_minutes if knows_start else None,
        resolve=times.resolve_minutes if knows_start else None,
    )


def _line(text: str) -> str:
    return cleaned(text, limit=_LINE)
