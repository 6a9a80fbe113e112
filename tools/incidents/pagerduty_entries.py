"""Reading what PagerDuty knows of a window: pages, what people did about them, changes that were announced."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from tools.concurrent import all_of, outcome_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import OncallSource
    from sre.core.oncall import ChangeEvent, Listed, LogEntry, PagedIncident
    from sre.core.times import Window
    from sre.incidents.model import Evidence, TimelineEvent
    from sre.incidents.paging import Page

# An incident that began before the window is asked for by itself; a storm must not become as many questions.
_MOST_EARLIER = 20
_LOG, _INCIDENTS, _CHANGES = "log entries", "incidents", "change events"


@dataclass(frozen=True, slots=True)
class PagerDutyEntries:
    """What PagerDuty told of a window.

    Attributes:
        events: Ordered by time, each with the numbers of the evidence it rests on.
        pages: What became of each incident of which the window holds something, oldest first.
        evidence: What was asked, with the count of what came back.
        left_out: What is not among the events, and why, as sentences.
        problems: What could not be read, as sentences.
    """

    events: tuple[TimelineEvent, ...] = ()
    pages: tuple[Page, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    left_out: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


async def pagerduty_entries(
    source: OncallSource, *, window: Window, services: Sequence[str] = (), first_evidence: int = 1, seconds: float
) -> PagerDutyEntries:
    """Return what PagerDuty knows of a window; a part that fails is named in `problems` and does not spoil the others.

    Args:
        services: Only incidents and changes of PagerDuty's services whose name holds one of these names, or is held by
            it; where PagerDuty has none such, all are shown, and `left_out` says so.
        first_evidence: Number of the first evidence row.
        seconds: How long it may take.
    """
    log, incidents, changes = await _read(source, window=window, seconds=seconds)
    problems = tuple(one.message for one in (log, incidents, changes) if isinstance(one, SreError))
    entries = () if isinstance(log, SreError) else log.items
    known = () if isinstance(incidents, SreError) else incidents.items
    earlier = await _earlier(source, entries, known=known, seconds=seconds / 2)
    return _told(
        _Read(entries, (*earlier, *known), () if isinstance(changes, SreError) else changes.items),
        system=source.name,
        window=window,
        services=services,
        first_evidence=first_evidence,
        cut=tuple(one.left_out for one in (log, incidents, changes) if not isinstance(one, SreError) and one.left_out),
        problems=problems,
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """What came back, each part oldest first."""

    log: tuple[LogEntry, ...]
    incidents: tuple[PagedIncident, ...]
    changes: tuple[ChangeEvent, ...]


async def _read(
    source: OncallSource, *, window: Window, seconds: float
) -> tuple[Listed[LogEntry] | SreError, Listed[PagedIncident] | SreError, Listed[ChangeEvent] | SreError]:
    log: list[Listed[LogEntry] | SreError] = []
    incidents: list[Listed[PagedIncident] | SreError] = []
    changes: list[Listed[ChangeEvent] | SreError] = []

    async def ask_log() -> None:
        log.append(await outcome_of(partial(source.log_entries, window=window), seconds=seconds, system=source.name))

    async def ask_incidents() -> None:
        ask = partial(source.incidents, window=window)
        incidents.append(await outcome_of(ask, seconds=seconds, system=source.name))

    async def ask_changes() -> None:
        ask = partial(source.change_events, window=window)
        changes.append(await outcome_of(ask, seconds=seconds, system=source.name))

    await all_of([ask_log, ask_incidents, ask_changes])
    return log[0], incidents[0], changes[0]


async def _earlier(
    source: OncallSource, log: Sequence[LogEntry], *, known: Sequence[PagedIncident], seconds: float
) -> tuple[PagedIncident, ...]:
    """Return the incidents that the log speaks of and that began before the window."""
    ids = {entry.incident.id for entry in log if entry.incident is not None and entry.incident.id}
    missing = sorted(ids - {one.id for one in known})[:_MOST_EARLIER]
    asks = [partial(outcome_of, partial(source.incident, one), seconds=seconds, system=source.name) for one in missing]
    found = [one for one in await all_of(asks) if one is not None and not isinstance(one, SreError)]
    return tuple(sorted(found, key=lambda one: one.created_at))


def _told(
    read: _Read,
    *,
    system: str,
    window: Window,
    services: Sequence[str],
    first_evidence: int,
    cut: tuple[str, ...],
    problems: tuple[str, ...],
) -> PagerDutyEntries:
    from sre.incidents.model import Evidence
    from sre.incidents.paging import change_event, incident_events, log_events, pages_of

    shown, notes = _of_services(read, services)
    asked = ((_LOG, len(read.log)), (_INCIDENTS, len(read.incidents)), (_CHANGES, len(read.changes)))
    rows = [(what, count) for what, count in asked if count]
    numbers = {what: first_evidence + place for place, (what, _) in enumerate(rows)}
    titles = {one.id: _title(one) for one in shown.incidents}
    logged = log_events(shown.log, titles=titles, evidence=_row(numbers, _LOG))
    has_log = {entry.incident.id for entry in shown.log if entry.incident is not None}
    bare = [
        event
        for one in shown.incidents
        if one.id not in has_log
        for event in incident_events(one, title=titles[one.id], evidence=_row(numbers, _INCIDENTS))
        if window.start <= event.at <= window.end
    ]
    changed = [change_event(one, evidence=_row(numbers, _CHANGES)) for one in shown.changes]
    evidence = tuple(Evidence(numbers[what], f"{system}: {what}, {window}", count) for what, count in rows)
    return PagerDutyEntries(
        events=tuple(sorted((*logged.events, *bare, *changed), key=lambda one: one.at)),
        pages=pages_of(shown.incidents, shown.log),
        evidence=evidence,
        left_out=(*cut, *notes, *_routine(logged.routine, system=system)),
        problems=problems,
    )


def _of_services(read: _Read, services: Sequence[str]) -> tuple[_Read, tuple[str, ...]]:
    """Return what belongs to the services, and what to say of the rest."""
    if not services:
        return read, ()
    incidents = tuple(one for one in read.incidents if _is_named(one.service.name, services))
    changes = tuple(one for one in read.changes if any(_is_named(each.name, services) for each in one.services))
    others = sorted({str(one.service) for one in read.incidents if one not in incidents})
    if not incidents and not changes:
        told = f"PagerDuty has nothing of {', '.join(services)} in the window, so all its services are shown."
        return read, (told,) if read.incidents or read.changes else ()
    kept = {one.id for one in incidents}
    log = tuple(one for one in read.log if one.incident is not None and one.incident.id in kept)
    note = f"{len(read.log) - len(log)} PagerDuty entries of other services: {', '.join(others[:8])}."
    return _Read(log, incidents, changes), (note,) if len(log) < len(read.log) else ()


def _is_named(name: str, services: Sequence[str]) -> bool:
    told = name.casefold()
    return bool(told) and any(one.casefold() in told or told in one.casefold() for one in services if one)


def _title(incident: PagedIncident) -> str:
    number = f"#{incident.number} " if incident.number is not None else ""
    return f"{number}{incident.title}, {incident.service}, {incident.urgency} urgency"


def _row(numbers: dict[str, int], what: str) -> tuple[int, ...]:
    return (numbers[what],) if what in numbers else ()


def _routine(routine: Sequence[tuple[str, int]], *, system: str) -> tuple[str, ...]:
    if not routine:
        return ()
    counts = ", ".join(f"{count} {kind}" for kind, count in routine)
    return (f"Routine entries of {system} are not shown: {counts}.",)
