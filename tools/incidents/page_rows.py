"""Pages and who is on call, as the tools of this room answer with them; names and titles are text from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from sre.core.text import cleaned, listed, quoted
from tools.answer import Figure, Instant, Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sre.core.oncall import OnCall, PagedIncident

_TITLE, _NAME, _URL = 160, 80, 300
_MAX_PEOPLE = 5
# Who is woken first, and who next; further levels come after half an hour or more.
_LEVELS = 2


class PageRow(Part):
    """An incident of the paging system."""

    id: str
    number: int | None = None
    title: str
    service: str
    status: str
    urgency: str
    created_at: Instant
    age_minutes: Figure = Field(None, description="Since it was created; null when it is over")
    assigned_to: list[str] = Field(default_factory=list)
    acknowledged_by: list[str] = Field(default_factory=list)
    url: str = ""
    outcome: str = ""


class OnCallRow(Part):
    """Who is on call now; level 1 is woken first."""

    policy: str
    level: int
    who: str
    until: Instant | None = None
    schedule: str = ""


def page_row(page: PagedIncident, *, now: datetime, outcome: str = "") -> PageRow:
    """Return a page."""
    return PageRow(
        id=cleaned(page.id, limit=_NAME),
        number=page.number,
        title=cleaned(page.title, limit=_TITLE),
        service=cleaned(str(page.service), limit=_NAME),
        status=page.status,
        urgency=page.urgency,
        created_at=page.created_at,
        age_minutes=max(0.0, (now - page.created_at).total_seconds() / 60.0) if page.is_open else None,
        assigned_to=_people(str(one) for one in page.assigned_to),
        acknowledged_by=_people(str(one.who) for one in page.acknowledgements),
        url=cleaned(page.url, limit=_URL),
        outcome=outcome,
    )


def on_call_rows(on_calls: Sequence[OnCall], *, policies: Iterable[str] = (), levels: int = _LEVELS) -> list[OnCallRow]:
    """Return who is on call at the first levels, in the order in which they are woken.

    Args:
        policies: Ids of escalation policies; empty for all.
    """
    wanted = frozenset(policies)
    held = [one for one in on_calls if one.level <= levels and (not wanted or one.policy.id in wanted)]
    rows = {
        (one.policy.id, one.level, one.who.id): OnCallRow(
            policy=cleaned(str(one.policy), limit=_NAME),
            level=one.level,
            who=cleaned(str(one.who), limit=_NAME),
            until=one.end,
            schedule=cleaned(str(one.schedule), limit=_NAME) if one.schedule else "",
        )
        for one in held
    }
    return sorted(rows.values(), key=lambda row: (row.policy.lower(), row.level, row.who))


def page_name(page: PagedIncident) -> str:
    """Return a page for a sentence or a list of choices: its number or id, and its title as data."""
    called = f"#{page.number}" if page.number is not None else cleaned(page.id, limit=_NAME)
    return f"{called} {quoted(page.title, limit=_NAME)}"


def on_call_words(rows: Sequence[OnCallRow]) -> str:
    """Return who is woken first and who next, for a sentence; empty where nobody is."""
    parts = []
    for level in sorted({row.level for row in rows}):
        people = list(dict.fromkeys(quoted(row.who, limit=_NAME) for row in rows if row.level == level))
        parts.append(f"level {level} {listed(people, limit=_MAX_PEOPLE)}")
    return ", then ".join(parts)


def _people(names: Iterable[str]) -> list[str]:
    return [cleaned(name, limit=_NAME) for name in names if name][:_MAX_PEOPLE]
