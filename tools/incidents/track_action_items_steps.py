"""The steps of `track_action_items`: list what is to be done, or record a change of one action."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, get_args

from sre.core.errors import InputError
from sre.core.text import cleaned, listed, quoted
from sre.core.times import parse_duration
from sre.incidents.model import ACTION_KINDS
from sre.incidents.records.actions import (
    ActionFilter,
    ActionWishes,
    OwnedAction,
    action_like,
    changed_action,
    chosen_actions,
    counts_by_kind,
    new_action,
    owned_actions,
)
from sre.incidents.records.entries import incident_of
from sre.incidents.records.model import ACTION_STATUSES
from sre.incidents.records.questions import action_gaps
from tools.incidents.records import all_incidents, named, no_such_incident, read_incident, stream_of
from tools.incidents.records_answer import ActionRow, action_row
from tools.incidents.records_reading import RecordReader
from tools.incidents.track_action_items import TrackActionItemsAnswer
from tools.recording import record_time, scribe_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from server.deps import Deps
    from sre.core.journal import Entries, JsonValue, NewEntry
    from sre.incidents.records.model import Incident, TrackedAction
    from tools.context import ToolContext
    from tools.recording import RecordTime

_FILTERS: tuple[ActionFilter, ...] = get_args(ActionFilter)
_REFERENCE = re.compile(r"(?P<incident>(?:inc-)?\d{1,9})?\s*#\s*(?P<number>\d{1,6})|(?P<bare>\d{1,6})", re.IGNORECASE)
_NO_DATE = frozenset({"none", "never", "-"})
_MAX_ROWS, _MAX_ROWS_BESIDE_CHANGE = 100, 10
_MAX_QUESTIONS = 8
# Nobody plans further, and `date` ends in the year 9999.
_MAX_DUE_DAYS = 3_650
_TITLE, _NAME = 300, 120


@dataclass(frozen=True, slots=True)
class ActionCall:
    """The arguments of the call."""

    incident: str
    item: str
    title: str
    kind: str
    owner: str
    due: str
    status: str
    link: str
    note: str
    author: str


@dataclass(frozen=True, slots=True)
class _Target:
    """Which incident, and which of its actions; number None for a new one."""

    incident: Incident
    number: int | None


async def listed_answer(deps: Deps, call: ActionCall) -> TrackActionItemsAnswer:
    """Return the actions that are asked for, of one incident or of all.

    Raises:
        InputError: A filter that cannot be, or words for an action without saying which.
    """
    stray = [name for name in ("due", "link", "note") if getattr(call, name).strip()]
    if stray:
        raise InputError(
            f"{stray[0]} says something of an action, and item does not say which.",
            field="item",
            next_steps=("item: a number of the incident or INC-7#2; title: the words of a new action",),
        )
    time = await record_time(deps)
    wanted = _filter(call)
    one = await read_incident(deps, call.incident) if call.incident.strip() else None
    known = (one,) if one else await all_incidents(deps)
    answer = _listed(known, wanted, call, now=time.now)
    answer.warnings = list(time.notes)
    answer.warnings += _gaps(known)
    answer.summary = _list_summary(answer, wanted)
    return answer


async def changed_answer(ctx: ToolContext, deps: Deps, call: ActionCall) -> TrackActionItemsAnswer:
    """Add or change one action and return it, with the others of its incident.

    Raises:
        InputError: No such incident or action, wrong words, or an action that is finished.
    """
    time = await record_time(deps)
    target = await _target(deps, call)
    wishes = _wishes(call, time)
    scribe = scribe_of(ctx, "track_action_items", author=call.author)
    outcome: list[NewEntry] = []

    def decide(entries: Entries) -> Sequence[NewEntry]:
        data = _decided(incident_of(entries), target.number, wishes, cleaned(call.item, limit=_TITLE))
        outcome[:] = [scribe.entry("action", time.now, **data)]
        return outcome if len(data) > 1 else ()

    kept = await deps.records().record(stream_of(target.incident.number), decide)
    return _changed(incident_of(kept), outcome[0], time, is_new=target.number is None)


async def _target(deps: Deps, call: ActionCall) -> _Target:
    match = _REFERENCE.fullmatch(call.item.strip())
    inside = match["incident"] if match else None
    if inside is None and not call.incident.strip():
        raise no_such_incident("", await all_incidents(deps))
    if inside and call.incident.strip():
        raise InputError("item names its incident already; leave out incident.", field="incident")
    incident = await read_incident(deps, inside or call.incident)
    number = int(match["number"] or match["bare"]) if match else None
    if number is not None and not any(action.number == number for action in incident.actions):
        raise InputError(
            f"{incident.reference} has no action {number}.",
            field="item",
            valid=[f"{a.number} {quoted(a.title, limit=80)}" for a in incident.actions[:20]],
            next_steps=("title without item adds one",),
        )
    return _Target(incident, number)


def _wishes(call: ActionCall, time: RecordTime) -> ActionWishes:
    reader = RecordReader(time)
    kind = _one_of(call.kind, ACTION_KINDS, "kind", reader)
    status = _one_of(call.status, ACTION_STATUSES, "status", reader)
    due = reader.kept("due", lambda: due_date(call.due, today=time.now.date())) if call.due.strip() else None
    if call.link.strip() and not re.fullmatch(r"https?://[^\s/]+\S*", call.link.strip(), re.IGNORECASE):
        reader.wrong("link", f"link is not an http address: {quoted(call.link, limit=80)}")
    reader.check()
    return ActionWishes(
        title=cleaned(call.title, limit=_TITLE) or None,
        kind=kind,
        owner=cleaned(call.owner, limit=_NAME) or None,
        due=due,
        clears_due=bool(call.due.strip()) and due is None,
        status=status,
        link=cleaned(call.link, limit=2_000) or None,
        note=cleaned(call.note, limit=2_000) or None,
    )


def due_date(said: str, *, today: date) -> date | None:
    """Return the day that `YYYY-MM-DD` or a length of whole days from today (`14d`, `2w`) names; None for `none`.

    Raises:
        InputError: None of these, or more than ten years from now.
    """
    spelt = said.strip().casefold()
    if spelt in _NO_DATE:
        return None
    try:
        due = date.fromisoformat(spelt) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", spelt, re.ASCII) else None
    except ValueError:
        raise _not_a_date(said) from None
    if due is None:
        days, rest = divmod(parse_duration(spelt, field="due").seconds, 86_400.0) if spelt[-1:] in "dwy" else (0, 1)
        if rest:
            raise _not_a_date(said)
        due = today + timedelta(days=int(days))
    if abs((due - today).days) > _MAX_DUE_DAYS:
        raise _not_a_date(said)
    return due


def _not_a_date(said: str) -> InputError:
    return InputError(
        f"due is not a day within ten years: {quoted(said, limit=80)}.",
        field="due",
        valid=("2026-11-30", "14d", "none"),
    )


def _one_of(said: str, valid: Sequence[Any], field: str, reader: RecordReader) -> Any:
    word = said.strip().casefold().replace(" ", "_").replace("-", "_")
    if word and word not in valid:
        reader.wrong(field, f"there is no {field} {quoted(said, limit=80)}", valid=valid)
    return word if word in valid else None


def _decided(incident: Incident, number: int | None, wishes: ActionWishes, title: str) -> dict[str, JsonValue]:
    """Return the data of the entry; only its number where nothing changes."""
    if number is not None:
        return changed_action(_action(incident, number), wishes)
    words = wishes.title or title
    told_again = action_like(incident, words)
    if told_again is not None:
        return changed_action(told_again, replace(wishes, title=None))
    return new_action(incident, replace(wishes, title=words))


def _action(incident: Incident, number: int) -> TrackedAction:
    return next(action for action in incident.actions if action.number == number)


def _filter(call: ActionCall) -> ActionFilter:
    word = call.status.strip().casefold().replace(" ", "_").replace("-", "_") or "open"
    for one in _FILTERS:
        if one == word:
            return one
    raise InputError(f"There is no status {quoted(call.status, limit=80)}.", field="status", valid=_FILTERS)


def _listed(
    known: Sequence[Incident], wanted: ActionFilter, call: ActionCall, *, now: datetime
) -> TrackActionItemsAnswer:
    kind, owner = call.kind.strip().casefold(), call.owner.strip().casefold()
    if kind and kind not in ACTION_KINDS:
        raise InputError(f"There is no kind {quoted(call.kind, limit=80)}.", field="kind", valid=ACTION_KINDS)
    owned = [
        one
        for one in owned_actions(known)
        if (not kind or one.action.kind == kind) and (not owner or one.action.owner.casefold() == owner)
    ]
    chosen = chosen_actions(owned, wanted, today=now.date())
    answer = _counted(owned, now=now)
    answer.action_count = len(chosen)
    answer.actions = _rows(chosen[:_MAX_ROWS], now=now)
    if len(chosen) > _MAX_ROWS:
        answer.left_out.append(f"{len(chosen) - _MAX_ROWS} less urgent actions: filter by incident, owner or kind.")
    return answer


def _counted(owned: Sequence[OwnedAction], *, now: datetime) -> TrackActionItemsAnswer:
    still_open = [one for one in owned if one.action.is_open()]
    by_status = Counter(one.action.status for one in owned)
    return TrackActionItemsAnswer(
        summary="",
        open_count=len(still_open),
        overdue_count=sum(one.action.is_overdue(now.date()) for one in still_open),
        done_count=by_status["done"],
        dropped_count=by_status["dropped"],
        open_by_kind=counts_by_kind(still_open),
        now=now,
    )


def _rows(chosen: Sequence[OwnedAction], *, now: datetime) -> list[ActionRow]:
    return [action_row(one.incident, one.action, now=now) for one in chosen]


def _gaps(incidents: Sequence[Incident]) -> list[str]:
    found = [
        f"{incident.reference}: {question.removeprefix('actions: ')}."
        for incident in incidents
        for question in action_gaps(incident)
    ]
    more = [f"And {len(found) - _MAX_QUESTIONS} more such gaps."] if len(found) > _MAX_QUESTIONS else []
    return [*found[:_MAX_QUESTIONS], *more]


def _changed(incident: Incident, new: NewEntry, time: RecordTime, *, is_new: bool) -> TrackActionItemsAnswer:
    owned = owned_actions([incident])
    number = int(str(new.data["number"]))
    answer = _counted(owned, now=time.now)
    answer.changed = action_row(incident, _action(incident, number), now=time.now)
    others = [one for one in chosen_actions(owned, "open", today=time.now.date()) if one.action.number != number]
    answer.actions = _rows(others[:_MAX_ROWS_BESIDE_CHANGE], now=time.now)
    answer.action_count = len(others)
    if len(others) > _MAX_ROWS_BESIDE_CHANGE:
        answer.left_out.append(f"{len(others) - _MAX_ROWS_BESIDE_CHANGE} more open actions of {incident.reference}.")
    answer.warnings = [*time.notes, *_gaps([incident])]
    answer.changes = [f"{name}: {cleaned(str(value), limit=_TITLE)}" for name, value in new.data.items()][1:]
    is_added = is_new and "title" in new.data
    answer.summary = _change_summary(incident, answer, is_added=is_added)
    return answer


def _change_summary(incident: Incident, answer: TrackActionItemsAnswer, *, is_added: bool) -> str:
    row = answer.changed
    assert row is not None
    what = "added" if is_added else f"changed ({listed([c.split(':')[0] for c in answer.changes])})"
    verb = what if answer.changes else "nothing changed, it is so already"
    who, when = f", owner {quoted(row.owner, limit=80)}" if row.owner else "", f", due {row.due}" if row.due else ""
    late = ", overdue" if row.is_overdue else ""
    left = f"{answer.open_count} open of {named(incident)}, {answer.overdue_count} overdue."
    state = f"{row.kind or 'no kind'}, {row.status}{who}{when}{late}"
    return f"{row.id} {quoted(row.title, limit=120)} {verb}: {state}. {left}"


def _list_summary(answer: TrackActionItemsAnswer, wanted: ActionFilter) -> str:
    counts = f"{answer.open_count} open, {answer.overdue_count} of them overdue; {answer.done_count} done"
    dropped = f", {answer.dropped_count} dropped" if answer.dropped_count else ""
    if not answer.actions:
        return f"No action is {wanted}. {counts}{dropped}." if wanted != "all" else "No action is recorded."
    first = answer.actions[0]
    state = f"overdue since {first.due}" if first.is_overdue else f"due {first.due}" if first.due else "without a date"
    who = quoted(first.owner, limit=80) if first.owner else "nobody"
    lead = f"First: {first.id} {quoted(first.title, limit=120)}, {state}, owner {who}."
    return f"Actions: {counts}{dropped}. {lead}"
