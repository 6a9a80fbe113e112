"""Doing what was agreed to: each write once, and a lost answer looked for instead of sent again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio

from sre.core.errors import (
    AuthDeniedError,
    BadResponseError,
    ConfigError,
    RateLimitedError,
    SreError,
    TimedOutError,
    UnavailableError,
)
from sre.core.oncall import OPEN_STATUSES
from tools.concurrent import attempted, seconds_left, within
from tools.incidents.page_oncall_situation import is_same_note

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connectors.base import OncallSource
    from sre.core.oncall import IncidentNote, Listed, PagedIncident, PageEvent
    from sre.incidents.page_plan import PagePlan

_WRITING_SECONDS = 12.0
# Below this a write could no longer be looked for.
_LEAST_SECONDS = 3.0
# Events v2 takes an event at once and makes its incident some seconds later.
_LOOKS, _LOOK_SECONDS, _PAUSE_SECONDS = 6, 3.0, 1.0
# What failed like this may have been done all the same.
_UNSURE = (TimedOutError, UnavailableError, BadResponseError)
# What fails like this fails for every page alike.
_HOPELESS = (ConfigError, AuthDeniedError, RateLimitedError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one page.

    Attributes:
        page: As it is now, as far as known.
        failure: None where it was done.
        is_unsure: It failed in a way that leaves open whether it was done.
        was_lost: It was done, though the answer that says so got lost.
        was_tried: False where an earlier failure, or the time, left it out.
    """

    page: PagedIncident
    failure: SreError | None = None
    is_unsure: bool = False
    was_lost: bool = False
    was_tried: bool = True


async def triggered(source: OncallSource, event: PageEvent) -> tuple[PagedIncident | None, bool]:
    """Send a trigger, and return its incident, None where it is not to be seen yet, and whether the answer got lost.

    Raises:
        SreError: It was not taken, or nobody knows.
    """
    failure: SreError | None = None
    try:
        await within(partial(source.send_event, event), seconds=_WRITING_SECONDS, system=source.name)
    except _UNSURE as error:
        failure = error
    page = await _open_page(source, event.key)
    if failure is not None and page is None:
        failure.next_steps = (
            "Whether somebody was paged is not known: the event was sent once, and no incident is to be seen.",
            "Send the same call with the same code again: its key keeps it from paging twice while the page is open.",
            *failure.next_steps,
        )
        raise failure
    return page, failure is not None


async def _open_page(source: OncallSource, key: str) -> PagedIncident | None:
    ask: Callable[[], Awaitable[Listed[PagedIncident]]] = partial(source.incidents, key=key, statuses=OPEN_STATUSES)
    for look in range(_LOOKS):
        if look:
            await anyio.sleep(_PAUSE_SECONDS)
        if seconds_left() <= 0:
            break
        found = await attempted(ask, seconds=min(_LOOK_SECONDS, seconds_left()))
        if found is not None and found.items:
            return found.items[-1]
    return None


async def changed(source: OncallSource, plan: PagePlan) -> list[Outcome]:
    """Change the pages of a plan one after the other; one that fails does not keep the others from being tried."""
    outcomes: list[Outcome] = []
    stop: SreError | None = None
    for page in plan.to_change:
        if stop is None and seconds_left() < _LEAST_SECONDS:
            stop = TimedOutError("The time of this call was up.", system=source.name, retryable=True)
        if stop is not None:
            outcomes.append(Outcome(page, stop, was_tried=False))
            continue
        outcome = await _one_changed(source, plan, page)
        outcomes.append(outcome)
        stop = outcome.failure if isinstance(outcome.failure, _HOPELESS) else None
    return outcomes


async def _one_changed(source: OncallSource, plan: PagePlan, page: PagedIncident) -> Outcome:
    try:
        seconds = min(_WRITING_SECONDS, seconds_left())
        return Outcome(await within(partial(_written, source, plan, page), seconds=seconds, system=source.name))
    except _UNSURE as error:
        now = await _as_wanted(source, plan, page)
        if now is not None:
            return Outcome(now, was_lost=True)
        return Outcome(page, error, is_unsure=True)
    except SreError as error:
        return Outcome(page, error)


async def _written(source: OncallSource, plan: PagePlan, page: PagedIncident) -> PagedIncident:
    if plan.action == "acknowledge":
        return await source.acknowledge(page.id)
    if plan.action == "resolve":
        return await source.resolve(page.id, resolution=plan.text)
    await source.add_note(page.id, text=plan.text)
    return page


async def _as_wanted(source: OncallSource, plan: PagePlan, page: PagedIncident) -> PagedIncident | None:
    """Return the page if it turns out to be as wanted, None where it is not or cannot be read."""
    if plan.action == "note":
        ask: Callable[[], Awaitable[tuple[IncidentNote, ...]]] = partial(source.incident_notes, page.id)
        notes = await attempted(ask, seconds=seconds_left()) or ()
        return page if any(is_same_note(one.text, plan.text) for one in notes) else None
    now = await attempted(partial(source.incident, page.id), seconds=seconds_left())
    wanted = "acknowledged" if plan.action == "acknowledge" else "resolved"
    return now if now is not None and now.status == wanted else None
