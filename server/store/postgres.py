"""PostgreSQL: one record for a whole team, by URL; needs the extra `postgres` (psycopg)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from server.store.database import Connection, Doing, Statements
from sre.core.errors import ConfigError, SreError
from sre.core.journal import JournalError
from sre.core.text import cleaned, quoted

if TYPE_CHECKING:
    from types import ModuleType

SETTING = "SRE_MCP_STORE_URL"
_EXAMPLE = "postgresql://sre_mcp@db.example.org:5432/sre_mcp?sslmode=verify-full"
# As with SQLite: a stuck writer is told of while a tool still has time to say so.
LOCK_SECONDS = 15.0
# Any number, as long as it stays the same and nobody else takes it: "sre-mcp" in ASCII, shortened.
_SCHEMA_LOCK = 0x7372652D6D6370
# A peer that fell silent is given up well before a tool's own deadline. What the URL says wins.
_CONNECTION_DEFAULTS: Mapping[str, str | int] = {
    "connect_timeout": 10,
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "application_name": "sre-mcp",
}
_REACH = (
    f"check that PostgreSQL runs there and that {SETTING} names the right host and port.",
    "go on with what needs no record: nothing else depends on it.",
)
_SIGN_IN = (f"check user and password in {SETTING}, or in ~/.pgpass.",)
_RIGHTS = (
    "let the user create tables in the first schema of its search_path: GRANT CREATE, USAGE ON SCHEMA public TO "
    "the user, or make it the owner of the database.",
)
_NO_TABLE = "42P01"
_AGAIN = ("try again in a moment.",)
_LOOK_FIRST = ("read the record before you try again: the entry may be there.",)


class PostgresDatabase:
    """A database by URL.

    Args:
        url: `postgresql://user:password@host:port/database?...`, as libpq reads it.

    Raises:
        ConfigError: psycopg is not installed, or the URL is none.
    """

    connections = 4
    placeholder = "%s"
    locks_all = False
    lock_rows = " FOR UPDATE"
    # to_regclass would be shorter, but asks a cache that may not know yet what another process has just committed.
    has_table = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = ANY (current_schemas(false)) AND tablename = ?"

    def __init__(self, url: str, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self._url = url
        self._lock_seconds = lock_seconds

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the library raises."""
        return (_psycopg().Error,)

    def connect(self) -> Connection:
        """Open a connection."""
        options = {**_CONNECTION_DEFAULTS, **_options_of(self._url), "client_encoding": "UTF8"}
        # Statements are not prepared: poolers between us and the database may not keep them.
        connection = _psycopg().connect(autocommit=True, prepare_threshold=None, **options)
        return cast("Connection", connection)

    def identity(self) -> object:
        """Return what never changes: a database that is replaced ends its connections."""
        return self._url

    def begin(self, statements: Statements, *, writes: bool) -> None:
        """Begin; a writer waits for the lines it locks, then sees what others committed before."""
        if not writes:
            statements.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return
        # In one message: each costs a round trip.
        waits = f"SET LOCAL lock_timeout = {int(self._lock_seconds * 1000)}"
        statements.run(f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {waits}")

    def lock_schema(self, statements: Statements) -> None:
        """Wait for other processes that bring the tables up to date."""
        statements.rows("SELECT pg_advisory_xact_lock(?)", _SCHEMA_LOCK)

    def committed(self, connection: Connection) -> None:
        """Nothing is due."""

    def is_lost(self, error: Exception) -> bool:
        """Whether the line broke, the server is going down, or the tables are gone: a new connection makes them."""
        return _is_lost(error) or getattr(error, "sqlstate", None) == _NO_TABLE

    def explained(self, error: Exception, *, doing: Doing) -> SreError:
        """Return what happened and what to do, without a secret."""
        happened, steps = self._told(error, doing)
        if doing == "commit" and _is_lost(error):
            return JournalError(
                f"{self._where()} was lost in the moment of recording: it may or may not have been recorded.",
                next_steps=_LOOK_FIRST,
            )
        lost = "" if doing in ("connect", "read") else " Nothing was recorded."
        return JournalError(f"{self._where()} {happened}.{lost}", next_steps=steps)

    def _told(self, error: Exception, doing: Doing) -> tuple[str, tuple[str, ...]]:
        state = getattr(error, "sqlstate", None) or ""
        if doing == "connect" and not state:
            return self._told_of_connecting(error)
        if _is_lost(error):
            return "is gone: the connection was lost", _AGAIN
        if state.startswith("28"):
            return "did not let us in", _SIGN_IN
        # Classes and codes: PostgreSQL manual, appendix A.
        told = {
            _NO_TABLE: ("has lost its tables", _AGAIN),
            "55P03": (f"was locked by another writer for over {self._lock_seconds:g} s", _AGAIN),
            "40P01": ("ended one of two writers that waited for each other", _AGAIN),
            "42501": ("does not let this user do that", _RIGHTS),
            "3F000": ("has no schema to put tables into", _RIGHTS),
            "25006": ("is read-only", ("use the primary server, not a standby.",)),
            "53100": ("has no space left", ("make room on the database server, then try again.",)),
            "53300": ("has no connection left", _AGAIN),
            "22P05": ("cannot hold this text", ("use a database with the encoding UTF8.",)),
        }
        return told.get(state, (f"failed ({state or type(error).__name__})", _AGAIN))

    def _told_of_connecting(self, error: Exception) -> tuple[str, tuple[str, ...]]:
        # libpq gives no codes here, only sentences, and the server's may be in any language.
        said = str(error).replace(str(_options_of(self._url).get("password") or "\0"), "...")
        is_refusal = "FATAL" in said
        steps = (*_SIGN_IN, *_REACH) if is_refusal else _REACH
        return f"cannot be reached, saying {quoted(said)}", steps

    def _where(self) -> str:
        options = _options_of(self._url)
        place = f"{options.get('host', 'localhost')}:{options.get('port', 5432)}/{options.get('dbname', '')}"
        return f"The record in PostgreSQL at {cleaned(place)}"


def checked_url(url: str) -> str:
    """Return the URL if libpq can read it and psycopg is there.

    Raises:
        ConfigError: Not so; the URL stays out of the message, it may hold a password.
    """
    _options_of(url)
    return url


def _options_of(url: str) -> Mapping[str, str]:
    driver = _psycopg()
    try:
        return {name: str(value) for name, value in driver.conninfo.conninfo_to_dict(url).items() if value is not None}
    except driver.Error:
        # The library's own sentence quotes the URL.
        raise ConfigError(
            f"{SETTING} is not an address of PostgreSQL.",
            setting=SETTING,
            next_steps=(f"write it like {_EXAMPLE}; special characters in a password are percent-encoded.",),
        ) from None


def _is_lost(error: Exception) -> bool:
    # Classes 08 (connection) and 57P (the server is going down); without a code, the line broke.
    state: str | None = getattr(error, "sqlstate", None)
    if state is None:
        return isinstance(error, _psycopg().OperationalError)
    return state.startswith(("08", "57P"))


def _psycopg() -> ModuleType:
    try:
        import psycopg
    except ImportError:
        raise ConfigError(
            f"{SETTING} is set, and the library for PostgreSQL is not installed.",
            setting=SETTING,
            next_steps=("install it with: pip install 'sre-mcp[postgres]'",),
        ) from None
    return psycopg
