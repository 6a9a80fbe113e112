"""What changes an incident: wishes held against the record as it is, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from sre.core.errors import InputError
from sre.core.journal import Entry, JsonValue, NewEntry
from sre.core.times import format_instant
from sre.incidents.model import Severity
from sre.incidents.records.entries import incident_of
from sre.incidents.records.milestones import order_violations
from sre.incidents.records.model import Incident, Milestone, Role, Status
from sre.incidents.records.transitions import next_statuses

# Clocks of two machines differ by as much without anybody noticing.
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Addition:
    """Something to append: a note, cause, lesson, link or sent update, in the words of its kind of entry.

    Attributes:
        at: When it happened; None for the time of the whole change.
        who: Who said so; empty for the author of the whole change.
    """

    kind: str
    data: Mapping[str, JsonValue]
    at: datetime | None = None
    who: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be so from now on; empty and None where nothing is said.

    Attributes:
        at: When it happened.
        latest: No time may lie after this one.
        note: Goes with the status, else with the severity, else stands alone.
        roles: Person by role; empty text for nobody any more.
        times: None takes a milestone back.
    """

    at: datetime
    latest: datetime
    status: Status | None = None
    severity: Severity | None = None
    note: str = ""
    evidence: str = ""
    title: str = ""
    impact: str = ""
    services: tuple[str, ...] | None = None
    slos: tuple[str, ...] | None = None
    roles: Mapping[Role, str] = field(default_factory=dict)
    times: Mapping[Milestone, datetime | None] = field(default_factory=dict)
    additions: Sequence[Addition] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """What comes of wishes.

    Attributes:
        entries: To be recorded.
        unchanged: What is so already, as sentences.
        after: The incident with the entries.
    """

    entries: tuple[NewEntry, ...]
    unchanged: tuple[str, ...]
    after: Incident


Writer: TypeAlias = Callable[[Addition], NewEntry]


def decided(before: Incident, wishes: Wishes, write: Writer) -> Decided:
    """Return the entries that make the wishes true.

    Args:
        write: Makes an entry of an addition, filling in author and source.

    Raises:
        InputError: A status that cannot follow, or times that cannot be; all problems are named at once.
    """
    additions, unchanged = _wanted(before, wishes)
    entries = tuple(write(addition) for addition in additions)
    problems = [*_transition_problems(before, wishes), *_future_problems(wishes)]
    after = with_entries(before, entries) if not problems else before
    known_violations = order_violations(before.times).values()
    problems += [
        f"{sentence}; give the right one in times"
        for sentence in order_violations(after.times).values()
        if sentence not in known_violations
    ]
    if problems:
        raise _refusal(before, wishes, problems)
    return Decided(entries, tuple(unchanged), after)


def with_entries(incident: Incident, entries: Sequence[NewEntry]) -> Incident:
    """Return what an incident would be with further entries."""
    known = incident.entries
    stream, recorded_at = known[0].stream, known[-1].recorded_at
    more = (Entry(stream, number, recorded_at, new) for number, new in enumerate(entries, len(known) + 1))
    return incident_of((*known, *more))


def _wanted(before: Incident, wishes: Wishes) -> tuple[list[Addition], list[str]]:
    unchanged: list[str] = []
    changes = [*_status_change(before, wishes, unchanged), *_severity_change(before, wishes, unchanged)]
    notes: list[Addition] = []
    if wishes.note and changes and not wishes.evidence:
        changes[0] = _with_note(changes[0], wishes.note)
    elif wishes.note and not _is_told_already(before, wishes):
        evidence: dict[str, JsonValue] = {"evidence": wishes.evidence} if wishes.evidence else {}
        notes = [Addition("note", {"text": wishes.note, **evidence})]
    changes += [*_plain_changes(before, wishes, unchanged), *_time_changes(before, wishes, unchanged)]
    return [*changes, *_fresh(before, [*notes, *wishes.additions], wishes.at, unchanged)], unchanged


def _with_note(change: Addition, note: str) -> Addition:
    return Addition(change.kind, {**change.data, "note" if change.kind == "status" else "reason": note})


def _is_told_already(before: Incident, wishes: Wishes) -> bool:
    """Whether the note came with the status or the severity when the same call was sent before."""
    wanted = [("status", wishes.status, "note"), ("severity", wishes.severity, "reason")]
    return any(
        one.new.kind == kind and one.new.data.get(kind) == value and one.new.data.get(word) == wishes.note
        for kind, value, word in wanted
        if value is not None
        for one in before.entries
    )


def _status_change(before: Incident, wishes: Wishes, unchanged: list[str]) -> list[Addition]:
    if wishes.status is None:
        return []
    if wishes.status == before.status:
        unchanged.append(f"status was {before.status} already")
        return []
    return [Addition("status", {"status": wishes.status})]


def _severity_change(before: Incident, wishes: Wishes, unchanged: list[str]) -> list[Addition]:
    if wishes.severity is None:
        return []
    if wishes.severity == before.severity:
        unchanged.append(f"severity was {before.severity} already")
        return []
    return [Addition("severity", {"severity": wishes.severity})]


def _plain_changes(before: Incident, wishes: Wishes, unchanged: list[str]) -> list[Addition]:
    wanted: list[tuple[str, bool, Addition]] = []
    for kind, text, known in (("title", wishes.title, before.title), ("impact", wishes.impact, before.impact)):
        if text:
            wanted.append((kind, text == known, Addition(kind, {"text": text})))
    for kind, names, former in (
        ("services", wishes.services, before.services),
        ("slos", wishes.slos, before.slos),
    ):
        if names is not None:
            wanted.append((kind, names == former, Addition(kind, {"names": names})))
    for role, person in wishes.roles.items():
        same = before.roles.get(role, "") == person
        wanted.append((role, same, Addition("role", {"role": role, "person": person})))
    unchanged += [f"{name} was so already" for name, is_same, _ in wanted if is_same]
    return [addition for _, is_same, addition in wanted if not is_same]


def _time_changes(before: Incident, wishes: Wishes, unchanged: list[str]) -> list[Addition]:
    """Return the milestones to record; beside a change of status all of them, since that sets some by itself."""
    changes = []
    for milestone, at in _times_meant(before, wishes).items():
        if wishes.status in (None, before.status) and before.times.get(milestone) == at:
            unchanged.append(f"{milestone} was so already")
        else:
            value = format_instant(at) if at else None
            changes.append(Addition("time", {"milestone": milestone, "value": value}))
    return changes


def _times_meant(before: Incident, wishes: Wishes) -> dict[Milestone, datetime | None]:
    """Return the times that were said; who says only when it ended means that it was mitigated by then."""
    times = dict(wishes.times)
    end, is_over_now = times.get("end"), wishes.status in ("resolved", "mitigated")
    if end is not None and is_over_now and "mitigated" not in {**before.times, **times} and end < wishes.at:
        times["mitigated"] = end
    return times


def _fresh(before: Incident, additions: Sequence[Addition], at: datetime, unchanged: list[str]) -> list[Addition]:
    """Return what is not in the record yet; a call that is sent again must not say everything twice."""
    known = {_identity(Addition(one.new.kind, one.new.data, one.new.at)) for one in before.entries}
    fresh = [one for one in additions if _identity(one, at=at) not in known]
    if len(fresh) < len(additions):
        unchanged.append(f"{len(additions) - len(fresh)} of what was told was recorded already")
    return fresh


def _identity(addition: Addition, *, at: datetime | None = None) -> tuple[str, str, datetime | None]:
    """Return what makes two additions one: kind and words, and for notes and sent updates the time."""
    is_timed = addition.kind in ("note", "update")
    return addition.kind, repr(sorted(addition.data.items())), (addition.at or at) if is_timed else None


def _transition_problems(before: Incident, wishes: Wishes) -> list[str]:
    after = wishes.status
    if after is None or after == before.status or after in next_statuses(before.status):
        return []
    possible = ", ".join(next_statuses(before.status))
    return [f"{before.reference} is {before.status} and cannot become {after}, only {possible}"]


def _future_problems(wishes: Wishes) -> list[str]:
    said = [("at", wishes.at), *wishes.times.items(), *(("events", one.at) for one in wishes.additions)]
    return [
        f"{name} ({format_instant(at)}) lies in the future"
        for name, at in said
        if at is not None and at > wishes.latest + CLOCK_TOLERANCE
    ]


def _refusal(before: Incident, wishes: Wishes, problems: Sequence[str]) -> InputError:
    is_status = len(problems) == 1 and bool(_transition_problems(before, wishes))
    return InputError(
        f"Nothing was recorded: {'; '.join(problems)}.",
        field="status" if is_status else "times",
        valid=next_statuses(before.status) if is_status else (),
    )
