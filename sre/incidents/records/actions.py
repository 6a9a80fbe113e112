"""Actions after incidents: what may be changed about one, and which come first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from sre.core.errors import InputError
from sre.core.journal import JsonValue
from sre.incidents.model import ActionKind
from sre.incidents.records.model import ActionStatus, Incident, TrackedAction

ActionFilter: TypeAlias = Literal["open", "overdue", "in_progress", "done", "dropped", "all"]
# What a finished action may still be told: where it is written up, and what came of it.
_AFTER_THE_END = frozenset({"note", "link"})


@dataclass(frozen=True, slots=True)
class ActionWishes:
    """What an action is to be from now on; None where nothing is said.

    Attributes:
        clears_due: Its date is taken away.
    """

    title: str | None = None
    kind: ActionKind | None = None
    owner: str | None = None
    due: date | None = None
    clears_due: bool = False
    status: ActionStatus | None = None
    link: str | None = None
    note: str | None = None

    def said(self) -> dict[str, JsonValue]:
        """Return what was said, in the words of an entry."""
        due = "" if self.clears_due else self.due.isoformat() if self.due else None
        told: dict[str, JsonValue] = {
            "title": self.title, "kind": self.kind, "owner": self.owner, "due": due,
            "status": self.status, "link": self.link, "note": self.note,
        }  # fmt: skip
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class OwnedAction:
    """An action and the incident it follows from."""

    incident: Incident
    action: TrackedAction

    @property
    def reference(self) -> str:
        """How people call it: `INC-7#2`."""
        return f"{self.incident.reference}#{self.action.number}"


def new_action(incident: Incident, wishes: ActionWishes) -> dict[str, JsonValue]:
    """Return the data of the entry that adds an action, numbered after the last one."""
    number = 1 + max((action.number for action in incident.actions), default=0)
    return {"number": number, **wishes.said()}


def changed_action(action: TrackedAction, wishes: ActionWishes) -> dict[str, JsonValue]:
    """Return the data of the entry that changes an action; only its number where all is so already.

    Raises:
        InputError: It is finished and was not opened again: `status` open or in_progress, with a note that says why.
    """
    known = _as_said(action)
    changes = {name: value for name, value in wishes.said().items() if value != known.get(name)}
    if not action.is_open():
        _check_finished(action, changes)
    return {"number": action.number, **changes}


def action_like(incident: Incident, title: str) -> TrackedAction | None:
    """Return the open action of this title, so that a call that is sent again adds no second one."""
    wanted = " ".join(title.casefold().split())
    same = (one for one in incident.actions if one.is_open() and " ".join(one.title.casefold().split()) == wanted)
    return next(same, None)


def owned_actions(incidents: Iterable[Incident]) -> list[OwnedAction]:
    """Return all actions of all incidents."""
    return [OwnedAction(incident, action) for incident in incidents for action in incident.actions]


def chosen_actions(actions: Iterable[OwnedAction], wanted: ActionFilter, *, today: date) -> list[OwnedAction]:
    """Return the actions of a status, the most urgent first."""
    kept = [owned for owned in actions if _is_wanted(owned.action, wanted, today)]
    return sorted(kept, key=lambda owned: _urgency(owned, today))


def counts_by_kind(actions: Iterable[OwnedAction]) -> dict[str, int]:
    """Return how many there are of each kind; those of no kind as `none`."""
    return dict(Counter(owned.action.kind or "none" for owned in actions))


def _check_finished(action: TrackedAction, changes: Mapping[str, JsonValue]) -> None:
    if changes.get("status") in ("open", "in_progress"):
        if changes.get("note"):
            return
        raise InputError(f"Action {action.number} is {action.status}. To open it again, say why in note.", field="note")
    refused = sorted(set(changes) - _AFTER_THE_END)
    if refused:
        raise InputError(
            f"Action {action.number} is {action.status}, so its {', '.join(refused)} cannot change.",
            field=refused[0],
            next_steps=("to open it again, pass status=open and say why in note",),
        )


def _as_said(action: TrackedAction) -> dict[str, JsonValue]:
    return {
        "title": action.title, "kind": action.kind, "owner": action.owner, "status": action.status,
        "due": action.due.isoformat() if action.due else "", "link": action.link, "note": action.note,
    }  # fmt: skip


def _is_wanted(action: TrackedAction, wanted: ActionFilter, today: date) -> bool:
    if wanted == "all":
        return True
    if wanted == "open":
        return action.is_open()
    return action.is_overdue(today) if wanted == "overdue" else action.status == wanted


def _urgency(owned: OwnedAction, today: date) -> tuple[int, date, str, int, int]:
    """Overdue first, the longest first; then by date; then undated, the worst incident first; finished ones last."""
    action, incident = owned.action, owned.incident
    group = 3 if not action.is_open() else 0 if action.is_overdue(today) else 1 if action.due else 2
    return group, action.due or date.max, incident.severity, incident.number, action.number
