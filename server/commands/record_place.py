"""The shared record as `sre-mcp check` sees it: a system like the others, reachable or not."""

from dataclasses import dataclass

from server.settings import Settings
from server.store import StoredJournal, journal_from
from server.store.database import Statements
from server.store.opening import is_play
from sre.core.clock import Clock
from sre.core.telemetry import BuildInfo

TOOLS_OF_RECORDS = (
    "declare_incident",
    "update_incident",
    "get_incidents",
    "track_action_items",
    "record_toil",
    "report_toil",
)


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """A record in PostgreSQL."""

    journal: StoredJournal
    name: str = "records"
    kind: str = "postgresql"

    async def build_info(self) -> BuildInfo:
        """Return product and version; the tables are brought up to date on the way, as a server would."""
        version = await self.journal.transactions.read(lambda statements: statements.rows("SHOW server_version"))
        return BuildInfo("PostgreSQL", str(version[0][0]))

    async def holdings(self) -> str:
        """Return what is recorded, in words."""
        streams, entries = await self.journal.transactions.read(_counts)
        return f"{streams} records, {entries} entries"

    async def aclose(self) -> None:
        """Close what is open."""
        await self.journal.aclose()


def record_place(settings: Settings, clock: Clock) -> RecordPlace | None:
    """Return the record as something to try; None for a file of one's own, which is made when it is first needed."""
    if settings.store_url is None or is_play(settings):
        return None
    return RecordPlace(journal_from(settings, clock))


def _counts(statements: Statements) -> tuple[int, int]:
    streams = statements.rows("SELECT count(*) FROM sre_streams")
    entries = statements.rows("SELECT count(*) FROM sre_entries")
    return int(streams[0][0]), int(entries[0][0])
