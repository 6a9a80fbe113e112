"""Reading a call of `page_oncall`: its arguments, and the pages it would take, close or note."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import InputError, SreError
from sre.core.text import cleaned, cleaned_lines
from sre.incidents.page_links import page_references
from sre.incidents.page_plan import MOST_PAGES, plan_of_change
from tools.concurrent import all_of, attempted
from tools.incidents.page_finding import is_record_reference, page_named, pages_of, record_of
from tools.incidents.page_oncall_situation import LOOKING_SECONDS, Asked, Situation, is_same_note, read_on_calls
from tools.incidents.page_oncall_trigger import trigger_situation
from tools.incidents.records import all_incidents, named, read_incident

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connectors.base import OncallSource
    from server.deps import Deps
    from sre.core.oncall import IncidentNote, PagedIncident
    from sre.incidents.records.model import Incident

_MAX_TEXT = 2_000


async def situation_of(deps: Deps, source: OncallSource, asked: Asked) -> Situation:
    """Return what the call would do, having looked at everything it would touch.

    Raises:
        ConfigError: What is needed to write is not configured.
        InputError: Arguments that cannot be, or nothing to act on.
        UpstreamError: PagerDuty could not be asked.
    """
    _require_arguments(asked)
    if asked.action == "trigger":
        source.require_events()
        return await trigger_situation(deps, source, asked)
    source.require_changes()
    return await _of_change(deps, source, asked)


def _require_arguments(asked: Asked) -> None:
    if asked.action == "acknowledge" and asked.text.strip():
        raise InputError("text goes with trigger, note and resolve; action note writes it down.", field="text")
    if asked.action == "note" and not cleaned(asked.text):
        raise InputError("A note needs text.", field="text")
    for name, value in (("severity", asked.severity), ("service", asked.service)):
        if asked.action != "trigger" and value.strip():
            raise InputError(f"{name} goes with a trigger only.", field=name)
    if asked.action != "trigger" and not asked.incident.strip():
        raise InputError("Say which incident.", field="incident", valid=("INC-7", "#12", "Q1AB2CD3EF4GH5"))


async def _of_change(deps: Deps, source: OncallSource, asked: Asked) -> Situation:
    record, pages, notes = await _pages_to_change(deps, source, asked)
    text = cleaned_lines(asked.text, limit=_MAX_TEXT)
    noted = await _noted(source, pages, text) if asked.action == "note" else frozenset()
    plan = plan_of_change(asked.action, pages, text=text, noted=noted)
    if len(plan.to_change) > MOST_PAGES:
        raise InputError(
            f"{len(plan.to_change)} open pages belong to it, more than the {MOST_PAGES} of one call: name one of them.",
            field="incident",
        )
    return Situation(source, plan, record, on_calls=await read_on_calls(source), notes=notes)


async def _pages_to_change(
    deps: Deps, source: OncallSource, asked: Asked
) -> tuple[Incident | None, tuple[PagedIncident, ...], list[str]]:
    page = None
    if not is_record_reference(asked.incident):
        page = await page_named(deps, source, asked.incident, seconds=LOOKING_SECONDS)
    if page is None:
        record = await read_incident(deps, asked.incident)
        pages = await pages_of(source, page_references(record), seconds=LOOKING_SECONDS)
        if not pages:
            raise _not_paged(source, record)
        return record, pages, []
    try:
        known = await all_incidents(deps) if deps.journal is not None else ()
    except SreError as error:
        return None, (page,), [f"Whether a record belongs to it is not known: {error.message}"]
    return record_of(page, known), (page,), []


def _not_paged(source: OncallSource, record: Incident) -> InputError:
    return InputError(
        f"{source.name} has no incident that belongs to {named(record)}.",
        field="incident",
        next_steps=(
            "page_oncall action=trigger pages somebody for it, or",
            "name the incident in PagerDuty (id or #number), or link it: update_incident facts links with its address.",
        ),
    )


async def _noted(source: OncallSource, pages: tuple[PagedIncident, ...], text: str) -> frozenset[str]:
    """Return the ids of pages that have this note; one whose notes cannot be read counts as without."""

    async def has_it(page: PagedIncident) -> bool:
        ask: Callable[[], Awaitable[tuple[IncidentNote, ...]]] = partial(source.incident_notes, page.id)
        notes = await attempted(ask, seconds=LOOKING_SECONDS)
        return any(is_same_note(one.text, text) for one in notes or ())

    held = await all_of([partial(has_it, page) for page in pages[-MOST_PAGES:]])
    return frozenset(page.id for page, is_there in zip(pages[-MOST_PAGES:], held, strict=True) if is_there)
