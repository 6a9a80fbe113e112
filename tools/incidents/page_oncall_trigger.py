"""Waking somebody: the event that a call would send, where it goes, and what speaks against it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from sre.core.errors import InputError, SreError
from sre.core.oncall import OPEN_STATUSES, PageEvent, PageSeverity
from sre.core.text import cleaned, listed, quoted
from sre.incidents.page_links import digest, is_page_address, page_key, page_references
from sre.incidents.page_plan import PAGE_SEVERITIES, PagePlan, plan_of_trigger
from sre.incidents.records.severity_words import severity_said
from tools.concurrent import all_of, attempted, outcome_of
from tools.incidents.page_finding import is_record_reference, pages_of
from tools.incidents.page_oncall_situation import LOOKING_SECONDS, Asked, Situation, read_on_calls
from tools.incidents.page_rows import page_name
from tools.incidents.records import named, read_incident

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from connectors.base import OncallSource
    from server.deps import Deps
    from sre.core.oncall import Listed, OnCall, OncallService, PagedIncident
    from sre.incidents.records.model import Incident

_BESIDE_SECONDS = 5.0
_MAX_SUMMARY, _MAX_NAME, _MAX_DETAIL = 1_000, 120, 200
_WORDS = ("critical", "error", "warning", "info")
_SENDER = "sre-mcp"
_UNREAD = "Whether somebody is paged already could not be read; PagerDuty keeps one open page a key by itself."


async def trigger_situation(deps: Deps, source: OncallSource, asked: Asked) -> Situation:
    """Return what a trigger would do, having looked at the pages there are, where it goes and who is on call.

    What cannot be read is said and does not keep anybody from being woken: events go another way than questions, and
    their key keeps them from paging twice.

    Raises:
        InputError: Nobody can be paged for this.
    """
    record = await _record_to_page(deps, asked)
    event = _event(record, asked)
    situation = Situation(source, PagePlan("trigger"), record)
    pages: list[PagedIncident] = []
    linked: list[PagedIncident] = []
    failures: list[SreError] = []

    async def own() -> None:
        ask: Callable[[], Awaitable[Listed[PagedIncident]]] = partial(source.incidents, key=event.key)
        outcome = await outcome_of(ask, seconds=LOOKING_SECONDS, system=source.name)
        if isinstance(outcome, SreError):
            failures.append(outcome)
        else:
            pages.extend(outcome.items)

    async def others() -> None:
        if record is not None and page_references(record).is_paged:
            ask = partial(pages_of, source, page_references(record), seconds=LOOKING_SECONDS)
            linked.extend(await attempted(ask) or ())

    async def route() -> None:
        situation.route = await attempted(source.routed_service, seconds=LOOKING_SECONDS)

    async def on_calls() -> None:
        situation.on_calls = await read_on_calls(source)

    await all_of([own, others, route, on_calls])
    beside = await _beside(source, situation.route)
    situation.plan = plan_of_trigger(event, tuple(pages), route=situation.route.id if situation.route else "")
    situation.notes += [f"{_UNREAD} {one.message}" for one in failures]
    situation.notes += [*_linked_notes(linked, pages), *_beside_notes(beside, [*linked, *pages])]
    situation.notes += _trigger_notes(situation, asked)
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


async def _beside(source: OncallSource, route: OncallService | None) -> tuple[PagedIncident, ...]:
    """Return the open pages of the service that a trigger goes to; none where they cannot be read."""
    if route is None:
        return ()
    ask: Callable[[], Awaitable[Listed[PagedIncident]]] = partial(
        source.incidents, statuses=OPEN_STATUSES, service_ids=[route.id]
    )
    found = await attempted(ask, seconds=_BESIDE_SECONDS)
    return found.items if found is not None else ()


def _beside_notes(beside: Sequence[PagedIncident], known: Sequence[PagedIncident]) -> list[str]:
    """Return what to warn of where the same people are woken already, perhaps by the same harm."""
    ids = {page.id for page in known}
    others = [f"{page_name(page)} ({page.status})" for page in reversed(beside) if page.id not in ids]
    if not others:
        return []
    return [
        f"Open on the same service already: {listed(others, limit=3)}. If that is the same harm, link it to the record "
        "(update_incident facts links, with its address) instead of waking people twice."
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
        return PAGE_SEVERITIES[severity_said(asked.severity).severity]
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
