"""What the paging system adds to the records: open pages that none of them knows, a record's own pages, who is on call.

A few seconds and no more, and never an error: records must be readable while PagerDuty is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.oncall import OPEN_STATUSES
from sre.core.text import listed, quoted
from sre.incidents.page_links import page_references
from tools.concurrent import all_of, outcome_of, seconds_left
from tools.context import in_thread
from tools.incidents.page_finding import pages_of
from tools.incidents.page_rows import OnCallRow, PageRow, on_call_rows, on_call_words, page_name, page_row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import OncallSource
    from server.deps import Deps
    from sre.core.oncall import Listed, OnCall, PagedIncident
    from sre.incidents.page_links import PageReferences
    from sre.incidents.records.model import Incident

_SECONDS = 5.0
_MOST_PAGES, _MOST_PEOPLE = 10, 10
# Records whose page is told apart from others only by asking for its key.
_MOST_ASKED = 5
_NAMED = 3


@dataclass(slots=True)
class PageView:
    """What is shown of the paging system.

    Attributes:
        words: For the summary; empty where there is nothing to say.
        warnings: What could not be read.
    """

    pages: list[PageRow] = field(default_factory=list)
    page_count: int = 0
    on_call: list[OnCallRow] = field(default_factory=list)
    words: str = ""
    warnings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


async def pages_without_record(deps: Deps, known: Sequence[Incident], *, service: str = "") -> PageView:
    """Return the open pages that no record knows, the most urgent first, and who is on call.

    Args:
        known: All records.
        service: Only pages of services whose name holds this one or is held by it; empty for all.
    """
    source, view = deps.oncall_source, PageView()
    if source is None:
        return view
    seconds = min(_SECONDS, seconds_left())
    open_pages, on_calls = await _read(source, seconds=seconds)
    if isinstance(open_pages, SreError):
        view.warnings.append(f"Pages of {source.name} could not be read: {open_pages.message}")
        _show_people(view, source, on_calls, first=())
        view.words = _people_words(view) if view.on_call else ""
        return view
    if open_pages.left_out:
        view.left_out.append(open_pages.left_out)
    references = await in_thread(lambda: [page_references(one) for one in known])
    unknown = await _unknown(source, open_pages.items, references, seconds=seconds)
    fitting = sorted((one for one in unknown if _is_of(one, service)), key=_urgency)
    _show(view, fitting, others=len(unknown) - len(fitting), now=deps.clock.now())
    policies = [page.escalation_policy.id for page in fitting if page.escalation_policy is not None]
    _show_people(view, source, on_calls, first=policies)
    view.words = _words(source, fitting, view)
    return view


async def pages_of_record(deps: Deps, incident: Incident) -> PageView:
    """Return the pages of a record as they stand, and who is on call for those that are open."""
    source, view = deps.oncall_source, PageView()
    references = page_references(incident)
    if source is None or not references.is_paged:
        return view
    seconds = min(_SECONDS, seconds_left())
    ask: Callable[[], Awaitable[tuple[PagedIncident, ...]]] = partial(pages_of, source, references, seconds=seconds)
    pages = await outcome_of(ask, seconds=seconds, system=source.name)
    if isinstance(pages, SreError):
        view.warnings.append(f"Its pages in {source.name} could not be read: {pages.message}")
        return view
    _show(view, list(reversed(pages)), others=0, now=deps.clock.now())
    policies = [page.escalation_policy.id for page in pages if page.is_open and page.escalation_policy is not None]
    if policies:
        on_calls = await outcome_of(source.on_calls, seconds=seconds, system=source.name)
        _show_people(view, source, on_calls, first=policies, only=True)
    view.words = f" {source.name}: {listed([_standing(page) for page in pages], limit=_NAMED)}." if pages else ""
    return view


async def _read(
    source: OncallSource, *, seconds: float
) -> tuple[Listed[PagedIncident] | SreError, Listed[OnCall] | SreError]:
    pages: list[Listed[PagedIncident] | SreError] = []
    people: list[Listed[OnCall] | SreError] = []

    async def ask_pages() -> None:
        ask: Callable[[], Awaitable[Listed[PagedIncident]]] = partial(source.incidents, statuses=OPEN_STATUSES)
        pages.append(await outcome_of(ask, seconds=seconds, system=source.name))

    async def ask_people() -> None:
        people.append(await outcome_of(source.on_calls, seconds=seconds, system=source.name))

    await all_of([ask_pages, ask_people])
    return pages[0], people[0]


async def _unknown(
    source: OncallSource, pages: Sequence[PagedIncident], references: Sequence[PageReferences], *, seconds: float
) -> list[PagedIncident]:
    """Return the pages no record knows. One that does not tell its key is asked for by the keys of records."""
    unknown = [page for page in pages if not any(one.includes(page) for one in references)]
    if all(page.key for page in unknown):
        return unknown
    keyed = [one for one in references if one.is_paged and one.keys][-_MOST_ASKED:]
    asks = [
        partial(
            outcome_of,
            partial(pages_of, source, one, seconds=seconds, keys_only=True),
            seconds=seconds,
            system=source.name,
        )
        for one in keyed
    ]
    found = {page.id for pages in await all_of(asks) if not isinstance(pages, SreError) for page in pages}
    return [page for page in unknown if page.id not in found]


def _is_of(page: PagedIncident, service: str) -> bool:
    wanted, told = service.strip().casefold(), str(page.service).casefold()
    return not wanted or wanted in told or (bool(told) and told in wanted)


def _urgency(page: PagedIncident) -> tuple[bool, bool, datetime]:
    """Return what ranks a page: high urgency first, what nobody has taken, then what waits longest."""
    return (page.urgency != "high", page.status != "triggered", page.created_at)


def _show(view: PageView, pages: Sequence[PagedIncident], *, others: int, now: datetime) -> None:
    view.pages = [page_row(page, now=now) for page in pages[:_MOST_PAGES]]
    view.page_count = len(pages)
    if len(pages) > _MOST_PAGES:
        view.left_out.append(f"pages: {len(pages) - _MOST_PAGES} less urgent ones: ask for one service.")
    if others:
        view.left_out.append(f"pages: {others} open ones of other services.")


def _show_people(
    view: PageView,
    source: OncallSource,
    on_calls: Listed[OnCall] | SreError,
    *,
    first: Sequence[str],
    only: bool = False,
) -> None:
    """Show who is on call, those of the policies in `first` before others, or none but them."""
    if isinstance(on_calls, SreError):
        view.warnings.append(f"Who is on call in {source.name} could not be read: {on_calls.message}")
        return
    wanted = frozenset(first)
    ahead = on_call_rows([one for one in on_calls.items if one.policy.id in wanted])
    rest = [] if only else on_call_rows([one for one in on_calls.items if one.policy.id not in wanted])
    rows = [*ahead, *rest]
    view.on_call = rows[:_MOST_PEOPLE]
    if len(rows) > _MOST_PEOPLE:
        view.left_out.append(f"on_call: {len(rows) - _MOST_PEOPLE} more, of other policies.")


def _words(source: OncallSource, pages: Sequence[PagedIncident], view: PageView) -> str:
    people = _people_words(view)
    if not pages:
        return f" {source.name}: no open page without a record.{people}"
    waiting = sum(page.status == "triggered" for page in pages)
    first = _standing(pages[0])
    count = "1 open page is" if len(pages) == 1 else f"{len(pages)} open pages are"
    return f" {source.name}: {count} in no record, {waiting} not taken; first {first}.{people}"


def _people_words(view: PageView) -> str:
    policies = {row.policy for row in view.on_call}
    if len(policies) == 1:
        return f" On call: {on_call_words(view.on_call)}."
    people = sorted({row.who for row in view.on_call if row.level == 1})
    told = listed([quoted(who, limit=80) for who in people], limit=5)
    return f" On call at level 1, by {len(policies)} policies: {told}." if people else ""


def _standing(page: PagedIncident) -> str:
    takers = [quoted(str(one.who), limit=80) for one in page.acknowledgements if str(one.who)]
    by = f" by {listed(takers, limit=_NAMED)}" if page.status == "acknowledged" and takers else ""
    return f"{page_name(page)} ({quoted(str(page.service), limit=60)}, {page.urgency} urgency, {page.status}{by})"
