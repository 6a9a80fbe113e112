"""By when an incident has to be answered and repaired, and how that stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sre.incidents.records.facts import began_at
from sre.incidents.records.model import Incident
from sre.incidents.targets import default_targets

DeadlineState: TypeAlias = Literal["met", "missed", "running", "overdue", "not_judged"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A limit of the severity, as the incident stands.

    Attributes:
        target: The limit in the policy's words.
        since: What it counts from, aware UTC.
        due: The last instant that meets it; None where only words say.
        done_at: When it was done; None while it is not.
        state: `running` and `overdue` are not done yet.
    """

    kind: Literal["respond", "repair"]
    target: str
    since: datetime
    due: datetime | None
    done_at: datetime | None
    state: DeadlineState


def deadlines(incident: Incident, *, now: datetime) -> tuple[Deadline, Deadline]:
    """Return the limits to respond and to repair, by the severity the incident has now.

    Answering counts from detection, repair from the start of the harm, as in `sre.incidents.targets`; where these are
    not known, from the declaration. A severity that was raised moves the limits for the whole of the incident: users
    did not wait less because the severity was low (our choice).
    """
    targets, times, began = default_targets()[incident.severity], incident.times, began_at(incident)
    asked = times.get("detected") or began
    repaired = times.get("mitigated") or times.get("end")
    respond, repair = targets.respond, targets.repair
    return (
        _deadline("respond", respond.text, asked, respond.due(asked), times.get("acknowledged"), now=now),
        _deadline("repair", repair.text, began, repair.due(began), repaired, now=now),
    )


def _deadline(
    kind: Literal["respond", "repair"],
    text: str,
    since: datetime,
    due: datetime | None,
    done_at: datetime | None,
    *,
    now: datetime,
) -> Deadline:
    return Deadline(kind, text, since, due, done_at, _state(due, done_at, now))


def _state(due: datetime | None, done_at: datetime | None, now: datetime) -> DeadlineState:
    if due is None:
        return "not_judged"
    if done_at is not None:
        return "met" if done_at <= due else "missed"
    return "running" if now <= due else "overdue"
