"""What a record keeps of what was done to its pages: a note, and a link to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.text import cleaned
from sre.incidents.page_links import ORIGIN, page_id_in
from sre.incidents.records.entries import incident_of
from tools.incidents.page_rows import page_name
from tools.incidents.records import stream_of
from tools.recording import record_time, scribe_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.deps import Deps
    from sre.core.journal import Entries, NewEntry
    from sre.core.oncall import PagedIncident
    from sre.incidents.records.model import Incident
    from tools.context import ToolContext

_MAX_NAME, _MAX_TITLE, _MAX_URL = 80, 160, 500


async def recorded(
    ctx: ToolContext, deps: Deps, record: Incident, *, text: str, pages: Sequence[PagedIncident], key: str = ""
) -> SreError | None:
    """Record what was done, and link the pages that the record does not know; return what kept it from it.

    It was done already, so a record that cannot be written is told and does not spoil the answer.

    Args:
        key: Of the event that was sent.
    """
    try:
        time, scribe = await record_time(deps), scribe_of(ctx, "page_oncall")
        origin = key or (pages[0].id if pages else "")

        def decide(entries: Entries) -> Sequence[NewEntry]:
            linked = {page_id_in(link.url) for link in incident_of(entries).links}
            new = [
                scribe.entry("link", time.now, url=page.url[:_MAX_URL], title=_title(page), origin=page.id)
                for page in pages
                if page.url and page.id not in linked
            ]
            return [scribe.entry("note", time.now, text=text, **({ORIGIN: origin} if origin else {})), *new]

        await deps.records().record(stream_of(record.number), decide)
    except SreError as error:
        return error
    return None


def _title(page: PagedIncident) -> str:
    return cleaned(f"PagerDuty {page_name(page)}", limit=_MAX_TITLE)
