"""What a call of `page_oncall` is about: the arguments, the record, its pages, where a trigger goes, who is on call."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

from sre.core.errors import InputError, SreError
from sre.core.oncall import PageEvent, PageSeverity
from sre.core.text import cleaned, listed, quoted
from sre.incidents.page_links import digest, is_page_address, page_key, page_references
from sre.incidents.page_plan import MOST_PAGES, PAGE_SEVERITIES, PageAction, PagePlan, plan_of_change, plan_of_trigger
from sre.incidents.records.severity_words import severity_said
from tools.concurrent import all_of, attempted, outcome_of, within
from tools.incidents.page_finding import is_record_reference, page_named, pages_of, record_of
from tools.incidents.page_rows import page_name
from tools.incidents.records import all_incidents, named, read_incident

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from connectors.base import OncallSource
    from server.deps import Deps
    from sre.core.oncall import IncidentNote, Listed, OnCall, OncallService, PagedIncident
    from sre.incidents.model import Severity
    from sre.incidents.records.model import Incident

# Of the 50 s of a call: looking, and enough left to do it and see what became of it (our choice).
LOOKING_SECONDS = 12.0
_MAX_SUMMARY, _MAX_NAME, _MAX_DETAIL, _MAX_TEXT = 1_000, 120, 200, 2_000
_WORDS = ("critical", "error", "warning", "info")
_SENDER = "sre-mcp"


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of the call."""

    action: PageAction
    incident: str
    text: str
    severity: str
    service: str
    confirm: str


@dataclass(slots=True)
class Situation:
    """What holds at the moment of the call.

    Attributes:
        route: Where a trigger goes; None where that is not known.
        on_calls: None where they could not be read.
        notes: What the answer has to warn of.
    """

    source: OncallSource
    plan: PagePlan
    record: Incident | None = None
    route: OncallService | None = None
    on_calls: tuple[OnCall, ...] | None = None
    notes: list[str] = field(default_factory=list)


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
        return await _of_trigger(deps, source, asked)
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


async def _of_trigger(deps: Deps, source: OncallSource, asked: Asked) -> Situation:
    record = await _record_to_page(deps, asked)
    event = _event(record, asked)
    situation = Situation(source, PagePlan("trigger"), record)
    pages: list[PagedIncident] = []
    linked: list[PagedIncident] = []

    async def own() -> None:
        ask: Callable[[], Awaitable[Listed[PagedIncident]]] = partial(source.incidents, key=event.key)
        pages.extend((await within(ask, seconds=LOOKING_SECONDS, system=source.name)).items)

    async def others() -> None:
        if record is not None and page_references(record).is_paged:
            linked.extend(await pages_of(source, page_references(record), seconds=LOOKING_SECONDS))

    async def route() -> None:
        situation.route = await attempted(source.routed_service, seconds=LOOKING_SECONDS)

    async def on_calls() -> None:
        situation.on_calls = await _on_calls(source)

    await all_of([own, others, route, on_calls])
    situation.plan = plan_of_trigger(event, tuple(pages), route=situation.route.id if situation.route else "")
    situation.notes += [*_linked_notes(linked, pages), *_trigger_notes(situation, asked)]
    return situation


def _linked_notes(linked: Sequence[PagedIncident], own: Sequence[PagedIncident]) -> list[str]:
    """Return what to warn of where people were paged for the record already, under another key."""
    known = {page.id for page in own}
    others = [page for page in linked if page.is_open and page.id not in known]
    return [
        f"People are paged for it already by {page_name(page)} ({page.status}, {quoted(str(page.service), limit=80)}): "
        "this would be a second page."
        for page in others[:3]
    ]


async def _record_to_page(deps: Deps, asked: Asked) -> Incident | None:
    if not asked.incident.strip():
        return None
    if not is_record_reference(asked.incident) and not asked.incident.strip().isdigit():
        raise InputError(
            "Somebody is paged for a record, or without one; an incident of PagerDuty has paged somebody already.",
            field="incident",
            valid=("INC-7",),
            next_steps=("acknowledge, resolve or note it instead; or declare_incident begins a record to page for.",),
        )
    record = await read_incident(deps, asked.incident)
    if record.is_over():
        raise InputError(
            f"{named(record)} is {record.status}: nobody is woken for what is over.",
            field="incident",
            next_steps=("if the harm is back: update_incident status=investigating, or declare_incident anew.",),
        )
    return record


def _event(record: Incident | None, asked: Asked) -> PageEvent:
    severity = _severity(record, asked)
    summary = cleaned(asked.text, limit=_MAX_SUMMARY)
    if not summary and record is not None:
        summary = cleaned(f"{record.reference} ({record.severity}): {record.title}", limit=_MAX_SUMMARY)
    if not summary:
        raise InputError("A page without a record needs text: what is wrong, in a few words.", field="text")
    services = [cleaned(asked.service, limit=_MAX_NAME)] if asked.service.strip() else _services(record)
    return PageEvent(
        "trigger",
        key=page_key(record) if record is not None else f"{_SENDER}-{digest(f'{services} {summary.lower()}', 12)}",
        summary=summary,
        source=services[0] if services else _SENDER,
        severity=severity,
        component=services[0] if services else "",
        url=_link(record),
        details=_details(record),
    )


def _severity(record: Incident | None, asked: Asked) -> PageSeverity:
    told = asked.severity.strip().lower()
    if told in _WORDS:
        return cast("PageSeverity", told)
    if told or record is None:
        said: Severity = severity_said(asked.severity).severity
        return PAGE_SEVERITIES[said]
    return PAGE_SEVERITIES[record.severity]


def _services(record: Incident | None) -> list[str]:
    return [cleaned(name, limit=_MAX_NAME) for name in (record.services if record else ())][:5]


def _link(record: Incident | None) -> str:
    """Return where to look: the latest link of the record that is not one of PagerDuty's own."""
    links = [one.url for one in (record.links if record else ()) if not is_page_address(one.url)]
    return next((url for url in reversed(links) if url.lower().startswith("https://") and url.isascii()), "")[:500]


def _details(record: Incident | None) -> dict[str, str]:
    if record is None:
        return {}
    told = {
        "record": f"{record.reference}, {record.severity}, {record.status}",
        "services": listed(_services(record)),
        "impact": record.impact,
        "incident commander": record.roles.get("incident_commander", ""),
    }
    return {name: cleaned(value, limit=_MAX_DETAIL) for name, value in told.items() if value}


def _trigger_notes(situation: Situation, asked: Asked) -> list[str]:
    notes = []
    route, event, record = situation.route, situation.plan.event, situation.record
    if route is None:
        notes.append(
            "Which PagerDuty service the routing key belongs to could not be told (an event orchestration, or not "
            "visible to this token), so any of those on call may be woken."
        )
    elif route.status in ("disabled", "maintenance"):
        state = "disabled" if route.status == "disabled" else "in maintenance"
        notes.append(f"The service {quoted(route.name, limit=80)} is {state} in PagerDuty: an event wakes nobody.")
    if route is not None and asked.service.strip() and asked.service.strip().casefold() != route.name.casefold():
        notes.append(
            f"The routing key decides who is woken: it is of {quoted(route.name, limit=80)}; service only says what "
            "is affected."
        )
    if event is not None and event.severity in ("warning", "info"):
        notes.append(
            f"With severity {event.severity} many services in PagerDuty make a page of low urgency, which wakes nobody."
        )
    if record is not None and event is not None and event.severity != PAGE_SEVERITIES[record.severity]:
        notes.append(f"{record.reference} is {record.severity}, which would be {PAGE_SEVERITIES[record.severity]}.")
    if situation.on_calls is not None and route is not None and not _of_policy(situation, route):
        notes.append("Nobody is on call for this service now: the page may reach nobody.")
    return notes


def _of_policy(situation: Situation, route: OncallService) -> list[OnCall]:
    policy = route.escalation_policy
    return [one for one in situation.on_calls or () if policy is None or one.policy.id == policy.id]


async def _of_change(deps: Deps, source: OncallSource, asked: Asked) -> Situation:
    record, pages, notes = await _pages_to_change(deps, source, asked)
    text = cleaned(asked.text, limit=_MAX_TEXT)
    noted = await _noted(source, pages, text) if asked.action == "note" else frozenset()
    plan = plan_of_change(asked.action, pages, text=text, noted=noted)
    if len(plan.to_change) > MOST_PAGES:
        raise InputError(
            f"{len(plan.to_change)} open pages belong to it, more than the {MOST_PAGES} of one call: name one of them.",
            field="incident",
        )
    return Situation(source, plan, record, on_calls=await _on_calls(source), notes=notes)


async def _pages_to_change(
    deps: Deps, source: OncallSource, asked: Asked
) -> tuple[Incident | None, tuple[PagedIncident, ...], list[str]]:
    if is_record_reference(asked.incident):
        record = await read_incident(deps, asked.incident)
        pages = await pages_of(source, page_references(record), seconds=LOOKING_SECONDS)
        if not pages:
            raise _not_paged(source, record)
        return record, pages, []
    page = await page_named(deps, source, asked.incident, seconds=LOOKING_SECONDS)
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
        return any(cleaned(one.text, limit=_MAX_TEXT) == text for one in notes or ())

    held = await all_of([partial(has_it, page) for page in pages[-MOST_PAGES:]])
    return frozenset(page.id for page, is_there in zip(pages[-MOST_PAGES:], held, strict=True) if is_there)


async def _on_calls(source: OncallSource) -> tuple[OnCall, ...] | None:
    outcome = await outcome_of(source.on_calls, seconds=LOOKING_SECONDS, system=source.name)
    return None if isinstance(outcome, SreError) else outcome.items
