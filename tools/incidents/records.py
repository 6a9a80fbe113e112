"""Incidents as the tools of this room reach them: one by its reference, or all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from sre.core.errors import InputError
from sre.core.journal import StreamRef
from sre.core.text import nearest_names, quoted
from sre.incidents.records.entries import incident_of, is_declared
from sre.incidents.records.model import KIND, Incident, number_of
from tools.context import in_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.deps import Deps

_MAX_NAMED = 5
_MAX_TITLE_CHARS = 80


def _as_text(given: object) -> object:
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


# `INC-7`, `7`, or the number itself, as a shell and some models send it.
IncidentReference = Annotated[str, BeforeValidator(_as_text), Field(max_length=200)]


def stream_of(number: int) -> StreamRef:
    """Return the stream an incident is recorded in."""
    return StreamRef(KIND, number)


async def read_incident(deps: Deps, reference: str, *, field: str = "incident") -> Incident:
    """Return the incident that people call `INC-7`, `inc-7` or `7`.

    Raises:
        ConfigError: There is no place for records.
        InputError: There is no such incident; names those of a like title, or the open ones.
    """
    journal = deps.records()
    number = number_of(reference)
    entries = await journal.entries(stream_of(number)) if number is not None else ()
    if not is_declared(entries):
        raise no_such_incident(reference, await all_incidents(deps), field=field)
    return incident_of(entries)


async def all_incidents(deps: Deps) -> tuple[Incident, ...]:
    """Return all incidents by number.

    Raises:
        ConfigError: There is no place for records.
    """
    streams = await deps.records().streams(KIND)
    return await in_thread(lambda: tuple(incident_of(entries) for entries in streams if is_declared(entries)))


def named(incident: Incident) -> str:
    """Return an incident for a sentence or a list of choices: its reference and its title as data."""
    return f"{incident.reference} {quoted(incident.title, limit=_MAX_TITLE_CHARS)}"


def no_such_incident(reference: str, known: Sequence[Incident], *, field: str = "incident") -> InputError:
    """Return what to tell a caller whose reference leads nowhere."""
    if not known:
        message = "No incident is recorded yet."
        return InputError(message, field=field, next_steps=("declare_incident records one.",))
    asked = quoted(reference, limit=_MAX_TITLE_CHARS)
    message = f"There is no incident {asked}." if reference.strip() else "Say which incident."
    return InputError(
        message,
        field=field,
        valid=[named(incident) for incident in _choices(reference, known)],
        next_steps=("get_incidents lists all of them.",),
    )


def _choices(reference: str, known: Sequence[Incident]) -> list[Incident]:
    """Return those of a like title, or else those that are open, or else the latest."""
    by_title = {incident.title: incident for incident in known}
    near = [by_title[title] for title in nearest_names(reference, by_title)] if reference.strip() else []
    still_open = [incident for incident in reversed(known) if not incident.is_over()]
    return (near or still_open or list(reversed(known)))[:_MAX_NAMED]
