"""What a paging system's log says of an incident: who was woken, who answered and when; as events of a timeline."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sre.core.oncall import ChangeEvent, LogEntry, LogKind, PagedIncident
from sre.incidents.model import TimelineEvent

# Said by others already: an assignment comes with the page, the snooze and the merge of an incident are bookkeeping.
_ROUTINE: frozenset[LogKind] = frozenset({"assign", "snooze", "merge", "other"})


@dataclass(frozen=True, slots=True)
class Page:
    """What became of one page.

    Attributes:
        paged_at: When the incident was created.
        acknowledged_at: When a person first took it; None while nobody has, or where the log does not reach there.
        acknowledged_by: Who that was; text from outside.
        resolved_at: When it ended; None while it is open.
        is_resolved_by_a_person: False where the alert went away by itself, None while it is open or not known.
        notified: People who were notified, in the order in which they were; text from outside.
        escalations: How often it went on because nobody answered, or by hand.
    """

    incident: PagedIncident
    paged_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_at: datetime | None
    is_resolved_by_a_person: bool | None
    notified: tuple[str, ...]
    escalations: int

    @property
    def acknowledge_minutes(self) -> float | None:
        """Minutes from the page until a person took it."""
        return _minutes(self.paged_at, self.acknowledged_at)

    @property
    def resolve_minutes(self) -> float | None:
        """Minutes from the page until it ended."""
        return _minutes(self.paged_at, self.resolved_at)


@dataclass(frozen=True, slots=True)
class LoggedEvents:
    """A log as events.

    Attributes:
        routine: How many entries of each kind were left out, since others say the same.
    """

    events: tuple[TimelineEvent, ...]
    routine: tuple[tuple[LogKind, int], ...]


def pages_of(incidents: Iterable[PagedIncident], log: Sequence[LogEntry]) -> tuple[Page, ...]:
    """Return what became of each incident, in their order.

    Args:
        log: Entries of these and any other incidents, oldest first.
    """
    by_incident: dict[str, list[LogEntry]] = {}
    for entry in log:
        if entry.incident is not None:
            by_incident.setdefault(entry.incident.id, []).append(entry)
    return tuple(_page(incident, by_incident.get(incident.id, ())) for incident in incidents)


def log_events(log: Sequence[LogEntry], *, titles: dict[str, str], evidence: tuple[int, ...]) -> LoggedEvents:
    """Return the entries of a log that tell something, as events.

    Args:
        log: Oldest first.
        titles: What to call an incident, by id; one that is not in there is called by its id.
        evidence: Numbers of the evidence rows the log rests on.
    """
    events: list[TimelineEvent] = []
    routine: Counter[LogKind] = Counter()
    told: set[tuple[str, str]] = set()
    for entry in log:
        incident_id = entry.incident.id if entry.incident is not None else ""
        # Each person's first notification tells something; that the phone rang again does not.
        notified = (incident_id, _whom(entry)) if entry.kind == "notify" else None
        if entry.kind in _ROUTINE or notified in told:
            routine[entry.kind] += 1
            continue
        if notified is not None:
            told.add(notified)
        events.append(_event(entry, title=titles.get(incident_id, incident_id), evidence=evidence))
    return LoggedEvents(tuple(events), tuple(sorted(routine.items())))


def incident_events(incident: PagedIncident, *, title: str, evidence: tuple[int, ...]) -> tuple[TimelineEvent, ...]:
    """Return what an incident tells without its log."""
    taken = [
        TimelineEvent(one.at, f"Acknowledged ({title})", str(one.who), evidence) for one in incident.acknowledgements
    ]
    over = [TimelineEvent(incident.resolved_at, f"Resolved ({title})", "", evidence)] if incident.resolved_at else []
    return (TimelineEvent(incident.created_at, f"Paged ({title})", "", evidence), *taken, *over)


def change_event(change: ChangeEvent, *, evidence: tuple[int, ...]) -> TimelineEvent:
    """Return a change that was announced as an event."""
    services = ", ".join(str(one) for one in change.services)
    where = f" ({services})" if services else ""
    return TimelineEvent(change.at, f"Change announced: {change.summary}{where}", change.source, evidence)


def _whom(entry: LogEntry) -> str:
    is_a_person = entry.agent is not None and entry.agent_kind == "user"
    return entry.agent.id if entry.agent is not None and is_a_person else entry.summary


def _event(entry: LogEntry, *, title: str, evidence: tuple[int, ...]) -> TimelineEvent:
    who = str(entry.agent) if entry.agent is not None and entry.is_by_a_person else ""
    said = entry.summary.rstrip(".") or entry.kind
    detail = f": {entry.detail}" if entry.detail and entry.kind in {"annotate", "status_update"} else ""
    about = f" ({title})" if title else ""
    return TimelineEvent(entry.at, f"{said}{about}{detail}", who, evidence)


def _page(incident: PagedIncident, log: Sequence[LogEntry]) -> Page:
    answers = [one for one in log if one.kind == "acknowledge"]
    taken = next((one for one in answers if one.is_by_a_person), None)
    closed = next((one for one in reversed(log) if one.kind == "resolve"), None)
    resolved_at = incident.resolved_at or (closed.at if closed is not None and not incident.is_open else None)
    # Without the log, who holds it now is known of an acknowledged incident alone.
    held = incident.acknowledgements[0] if incident.acknowledgements and not answers else None
    notified = [str(one.agent) for one in log if one.kind == "notify" and one.agent and one.agent_kind == "user"]
    return Page(
        incident=incident,
        paged_at=incident.created_at,
        acknowledged_at=taken.at if taken is not None else held.at if held is not None else None,
        acknowledged_by=str(taken.agent or "") if taken is not None else str(held.who) if held is not None else "",
        resolved_at=resolved_at,
        is_resolved_by_a_person=closed.is_by_a_person if closed is not None and resolved_at is not None else None,
        notified=tuple(dict.fromkeys(notified)),
        escalations=sum(one.kind == "escalate" for one in log),
    )


def _minutes(start: datetime, end: datetime | None) -> float | None:
    return None if end is None or end < start else (end - start).total_seconds() / 60.0
