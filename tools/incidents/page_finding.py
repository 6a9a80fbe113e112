"""From a record to its pages in the paging system, and from a page to its record."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import InputError
from sre.core.oncall import OPEN_STATUSES
from sre.core.text import quoted
from sre.incidents.page_links import page_id_in, page_references
from sre.incidents.records.model import number_of
from tools.concurrent import all_of, attempted, within
from tools.incidents.page_rows import page_name
from tools.incidents.records import all_incidents

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from connectors.base import OncallSource
    from server.deps import Deps
    from sre.core.oncall import Listed, PagedIncident
    from sre.incidents.page_links import PageReferences
    from sre.incidents.records.model import Incident

# A record has one page, or a few; more were linked by mistake.
_MAX_IDS, _MAX_KEYS = 10, 3
# Of those that are over the latest tell how it went; a key of an alert may have had hundreds.
_MOST_OVER = 3
_MAX_NAMED = 5
_NUMBER = re.compile(r"#?[0-9]{1,12}")
_RECORD = re.compile(r"inc-[0-9]+", re.IGNORECASE)


def is_record_reference(reference: str) -> bool:
    """Whether a reference is spelt as one of our records."""
    return bool(_RECORD.fullmatch(reference.strip()))


async def pages_of(
    source: OncallSource, references: PageReferences, *, seconds: float, keys_only: bool = False
) -> tuple[PagedIncident, ...]:
    """Return the pages that references lead to, oldest first: all open ones, the latest of those that are over.

    Args:
        keys_only: Asks for the keys alone.

    Raises:
        UpstreamError: One of the questions failed; what is missing could be what matters.
    """
    ids = () if keys_only else references.ids[-_MAX_IDS:]

    async def by_id(one: str) -> tuple[PagedIncident, ...]:
        found = await within(partial(source.incident, one), seconds=seconds, system=source.name)
        return () if found is None else (found,)

    async def by_key(key: str) -> tuple[PagedIncident, ...]:
        ask: Callable[[], Awaitable[Listed[PagedIncident]]] = partial(source.incidents, key=key)
        return (await within(ask, seconds=seconds, system=source.name)).items

    asks = [*(partial(by_id, one) for one in ids), *(partial(by_key, key) for key in references.keys[:_MAX_KEYS])]
    found = {page.id: page for pages in await all_of(asks) for page in pages}
    ordered = sorted(found.values(), key=lambda page: page.created_at)
    over = [page for page in ordered if not page.is_open][-_MOST_OVER:]
    return tuple(page for page in ordered if page.is_open or page in over)


async def page_named(deps: Deps, source: OncallSource, reference: str, *, seconds: float) -> PagedIncident | None:
    """Return the page that a caller named by id, number (`#12`) or address; None where a bare number is a record's.

    Raises:
        InputError: There is no such page, or a bare number could as well be a record; names what it could be.
    """
    told = reference.strip()
    is_number = bool(_NUMBER.fullmatch(told))
    wanted = told.removeprefix("#") if is_number else page_id_in(told) or page_id_in(told.upper())
    page = await within(partial(source.incident, wanted), seconds=seconds, system=source.name) if wanted else None
    is_record = is_number and not told.startswith("#") and await _is_a_record(deps, told)
    if page is None and is_record:
        return None
    if page is None:
        raise await no_such_page(source, reference, seconds=seconds)
    if is_record:
        raise InputError(
            f"{told} could be the record INC-{int(told)} or a page of {source.name}: say which.",
            field="incident",
            valid=(f"INC-{int(told)}", f"#{told}"),
        )
    return page


async def _is_a_record(deps: Deps, reference: str) -> bool:
    number = number_of(reference)
    return deps.journal is not None and any(one.number == number for one in await all_incidents(deps))


async def no_such_page(source: OncallSource, reference: str, *, seconds: float) -> InputError:
    """Return what to tell a caller whose reference leads to no page, with the open ones."""
    ask: Callable[[], Awaitable[Listed[PagedIncident]]] = partial(source.incidents, statuses=OPEN_STATUSES)
    listed = await attempted(ask, seconds=seconds)
    named = [page_name(page) for page in reversed(listed.items)][:_MAX_NAMED] if listed else []
    return InputError(
        f"{source.name} has no incident {quoted(reference, limit=80)}, and no record is called so.",
        field="incident",
        valid=named,
        next_steps=("get_incidents lists records and open pages.",),
    )


def record_of(page: PagedIncident, known: Iterable[Incident]) -> Incident | None:
    """Return the record a page belongs to, the latest where there are several."""
    return next((one for one in _latest_first(known) if page_references(one).includes(page)), None)


def _latest_first(known: Iterable[Incident]) -> Sequence[Incident]:
    return sorted(known, key=lambda incident: incident.number, reverse=True)
