"""What can go wrong with a database across the network, and what people are told; the password never is."""

import sys
from datetime import UTC, datetime

import pytest

from server.store import StoredJournal
from server.store.postgres import PostgresDatabase, checked_url
from sre.core.errors import ConfigError
from sre.core.journal import Entries, JournalError, NewEntry, StreamRef
from tests.support.journal_writers import SystemClock
from tests.support.real_postgres import PASSWORD, PASSWORD_IN_URL, PostgresServer, schema_of
from tests.support.real_process import free_port

pytestmark = pytest.mark.anyio

FIRST = StreamRef("incident", 1)


def _journal(url: str) -> StoredJournal:
    return StoredJournal(PostgresDatabase(url, lock_seconds=0.2), SystemClock())


def _note(text: str = "x") -> NewEntry:
    return NewEntry("note", datetime(2026, 11, 2, 9, tzinfo=UTC), "ann", "test", {"text": text})


def _told(raised: "pytest.ExceptionInfo[JournalError]") -> str:
    text = raised.value.explained()
    assert PASSWORD not in text
    assert PASSWORD_IN_URL not in text
    assert "Next: " in text
    return text


async def test_a_server_that_is_not_there_is_told() -> None:
    journal = _journal(f"postgresql://ann:{PASSWORD_IN_URL}@127.0.0.1:{free_port()}/records")
    with pytest.raises(JournalError, match="cannot be reached") as raised:
        await journal.begin("incident", [_note()])
    assert "/records" in _told(raised)
    await journal.aclose()


async def test_a_wrong_password_is_told_without_saying_it(postgres: PostgresServer) -> None:
    journal = _journal(postgres.url(password="wrong-s3cr3t"))
    with pytest.raises(JournalError, match="cannot be reached") as raised:
        await journal.begin("incident", [_note()])
    assert "wrong-s3cr3t" not in _told(raised)
    assert "check user and password" in raised.value.explained()
    await journal.aclose()


async def test_a_database_that_does_not_exist_is_told(postgres: PostgresServer) -> None:
    journal = _journal(postgres.url("nowhere"))
    with pytest.raises(JournalError, match="nowhere") as raised:
        await journal.streams("incident")
    _told(raised)
    await journal.aclose()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3cr3t%zz@db/records",
        "postgresql://ann:s3cr3t@db:port/records?nonsense=1",
        "postgresql://ann:s3cr3t@[db/records",
        "just words s3cr3t",
    ],
)
def test_an_address_that_is_none_is_told_without_what_it_holds(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        checked_url(url)
    assert "s3cr3t" not in raised.value.explained()
    assert raised.value.setting == "SRE_MCP_STORE_URL"


def test_without_the_library_its_installation_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError) as raised:
        checked_url("postgresql://db/records")
    assert "pip install 'sre-mcp[postgres]'" in raised.value.explained()


async def test_a_connection_that_died_since_the_last_call_is_replaced(postgres: PostgresServer) -> None:
    url = postgres.new_place()
    journal = _journal(url)
    begun = await journal.begin("incident", [_note()])
    assert postgres.end_connections(url) == 1
    assert await journal.entries(FIRST) == begun
    assert postgres.end_connections(url) == 1
    assert len(await journal.record(FIRST, lambda _: [_note()])) == 2
    await journal.aclose()


async def test_a_connection_that_dies_in_the_middle_records_nothing_and_the_next_call_works(
    postgres: PostgresServer,
) -> None:
    url = postgres.new_place()
    journal = _journal(url)
    begun = await journal.begin("incident", [_note()])

    def decide(_: Entries) -> list[NewEntry]:
        assert postgres.end_connections(url) == 1
        return [_note("lost")]

    with pytest.raises(JournalError, match="Nothing was recorded") as raised:
        await journal.record(FIRST, decide)
    assert "try again" in _told(raised)
    assert await journal.entries(FIRST) == begun
    assert len(await journal.record(FIRST, lambda _: [_note()])) == 2
    await journal.aclose()


async def test_a_connection_that_dies_while_committing_leaves_a_doubt_and_says_so(postgres: PostgresServer) -> None:
    url = postgres.new_place()
    journal = _journal(url)
    await journal.begin("incident", [_note()])
    postgres.run(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
        url=url,
    )
    postgres.run(
        "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON sre_entries DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION die()",
        url=url,
    )
    with pytest.raises(JournalError, match="may or may not have been recorded") as raised:
        await journal.record(FIRST, lambda _: [_note()])
    assert "read the record before" in _told(raised)
    assert len(await journal.entries(FIRST)) == 1
    await journal.aclose()


async def test_tables_that_are_gone_are_told_and_made_anew(postgres: PostgresServer) -> None:
    url = postgres.new_place()
    journal = _journal(url)
    await journal.begin("incident", [_note()])
    postgres.run(f"DROP SCHEMA {schema_of(url)} CASCADE")
    postgres.run(f"CREATE SCHEMA {schema_of(url)}")
    with pytest.raises(JournalError, match="has lost its tables"):
        await journal.begin("incident", [_note()])
    assert len(await journal.begin("incident", [_note()])) == 1
    await journal.aclose()


async def test_a_line_that_somebody_holds_too_long_is_told(postgres: PostgresServer) -> None:
    import psycopg

    url = postgres.new_place()
    journal = _journal(url)
    begun = await journal.begin("incident", [_note()])
    other = (await journal.begin("incident", [_note()]))[0].stream
    with psycopg.connect(url) as stuck:
        stuck.execute("SELECT * FROM sre_streams WHERE number = 1 FOR UPDATE")
        with pytest.raises(JournalError, match=r"locked by another writer for over 0\.2 s") as raised:
            await journal.record(FIRST, lambda _: [_note()])
        assert "Nothing was recorded" in _told(raised)
        assert await journal.entries(FIRST) == begun
        assert len(await journal.record(other, lambda _: [_note()])) == 2
    await journal.aclose()


@pytest.mark.parametrize(
    ("may_enter", "said"), [(True, "does not let this user do that"), (False, "has no schema to put tables into")]
)
async def test_a_user_without_rights_is_told_which_ones(postgres: PostgresServer, may_enter: bool, said: str) -> None:
    url = postgres.new_place()
    user = f"reader_of_{schema_of(url)}"
    postgres.run(f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")
    if may_enter:
        postgres.run(f"GRANT USAGE ON SCHEMA {schema_of(url)} TO {user}")
    journal = _journal(url.replace("sre_mcp:", f"{user}:"))
    with pytest.raises(JournalError, match=said) as raised:
        await journal.begin("incident", [_note()])
    assert "GRANT CREATE" in _told(raised)
    await journal.aclose()


async def test_a_standby_is_told_to_be_read_only(postgres: PostgresServer) -> None:
    url = postgres.new_place()
    filled = _journal(url)
    await filled.begin("incident", [_note()])
    await filled.aclose()
    postgres.run(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING ERRCODE = '25006'; END $$",
        url=url,
    )
    postgres.run("CREATE TRIGGER refuse BEFORE INSERT ON sre_entries FOR EACH ROW EXECUTE FUNCTION refuse()", url=url)
    journal = _journal(url)
    with pytest.raises(JournalError, match="read-only") as raised:
        await journal.record(FIRST, lambda _: [_note()])
    assert "primary" in _told(raised)
    await journal.aclose()


async def test_once_the_tables_are_there_a_user_needs_no_right_to_make_any(postgres: PostgresServer) -> None:
    """As docs/concepts/records.md says."""
    url = postgres.new_place()
    owner = _journal(url)
    await owner.begin("incident", [_note()])
    await owner.aclose()
    postgres.run(f"CREATE ROLE writer LOGIN PASSWORD '{PASSWORD}'")
    schema = schema_of(url)
    postgres.run(f"GRANT USAGE ON SCHEMA {schema} TO writer")
    postgres.run(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {schema} TO writer")
    journal = _journal(url.replace("sre_mcp:", "writer:"))
    assert len(await journal.record(FIRST, lambda _: [_note()])) == 2
    (second,) = await journal.begin("incident", [_note()])
    assert second.stream.number == 2
    await journal.aclose()
