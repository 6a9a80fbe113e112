"""By when an incident has to be answered and repaired, and how that stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sre.incidents.records.facts import began_at
from sre.incidents.records.model import Incident
from sre.incidents.targets import Target, default_targets

DeadlineState: TypeAlias = Literal["met", "missed", "running", "overdue", "not_judged"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A limit of the severity, as the incident stands.

    Attributes:
        target: The limit in the policy's words.
        since: What it counts from, aware UTC.
        due: The last instant that meets it; None where only words say.
        done_at: When it was done; None while it is not.
        state: `running` and `overdue` are not done yet; `not_judged` where there are only words, or no time of its end.
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
    answered, repaired = times.get("acknowledged"), times.get("mitigated") or times.get("end")
    until = None if incident.is_over() else now
    return (
        _deadline("respond", targets.respond, asked, answered, until=until),
        _deadline("repair", targets.repair, began, repaired, until=until),
    )


def _deadline(
    kind: Literal["respond", "repair"],
    target: Target,
    since: datetime,
    done_at: datetime | None,
    *,
    until: datetime | None,
) -> Deadline:
    due = target.due(since)
    return Deadline(kind, target.text, since, due, done_at, _state(due, done_at, until))


def _state(due: datetime | None, done_at: datetime | None, until: datetime | None) -> DeadlineState:
    """Return how a limit stands; one that is over without a time of its end is not judged."""
    if due is None:
        return "not_judged"
    if done_at is not None:
        return "met" if done_at <= due else "missed"
    if until is None:
        return "not_judged"
    return "running" if until <= due else "overdue"
