"""Which settings lead to which store, and who records."""

import os
from pathlib import Path

import pytest
from mcp.client import Client

from server.app import SystemClock, build, deps_from
from server.commands.serve import with_demo
from server.settings import author_of, load_settings
from server.store import journal_from
from server.store.opening import FILE_NAME
from sre.core.errors import ConfigError
from sre.core.journal import NewEntry
from tests.support.real_postgres import PostgresServer

pytestmark = pytest.mark.anyio


def _note() -> NewEntry:
    return NewEntry("note", SystemClock().now(), "ann", "test")


async def test_without_settings_records_are_a_file_in_the_data_folder(tmp_path: Path) -> None:
    journal = journal_from(load_settings({"SRE_MCP_DATA_DIR": str(tmp_path / "data")}), SystemClock())
    assert list(tmp_path.iterdir()) == []
    await journal.begin("incident", [_note()])
    assert (tmp_path / "data" / FILE_NAME).is_file()
    await journal.aclose()


async def test_a_url_leads_to_postgresql_and_makes_no_file(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.new_place()
    settings = load_settings({"SRE_MCP_DATA_DIR": str(tmp_path), "SRE_MCP_STORE_URL": url})
    journal = journal_from(settings, SystemClock())
    await journal.begin("incident", [_note()])
    await journal.aclose()
    assert list(tmp_path.iterdir()) == []
    assert postgres.run("SELECT count(*) FROM sre_entries", url=url) == [(1,)]


async def test_records_of_the_demo_are_play_and_end_with_the_process(tmp_path: Path) -> None:
    """Whatever else is configured: play never mixes with real records."""
    environment = {"SRE_MCP_DATA_DIR": str(tmp_path), "SRE_MCP_STORE_URL": "postgresql://db/records"}
    journal = journal_from(with_demo(load_settings(environment)), SystemClock())
    await journal.begin("incident", [_note()])
    assert len(await journal.streams("incident")) == 1
    assert list(tmp_path.iterdir()) == []
    await journal.aclose()


def test_the_password_of_the_url_is_a_secret() -> None:
    settings = load_settings({"SRE_MCP_STORE_URL": "postgresql://ann:s3cr3t%20pass@db/records"})
    assert {"s3cr3t pass", "postgresql://ann:s3cr3t%20pass@db/records"} <= set(settings.secret_values())
    assert "s3cr3t" not in repr(settings)


def test_a_url_that_is_none_is_told_at_the_start() -> None:
    with pytest.raises(ConfigError) as raised:
        journal_from(load_settings({"SRE_MCP_STORE_URL": "s3cr3t words"}), SystemClock())
    assert raised.value.setting == "SRE_MCP_STORE_URL"
    assert "s3cr3t" not in raised.value.explained()


def test_the_author_is_as_configured_or_who_runs_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    assert author_of(load_settings({"SRE_MCP_AUTHOR": "on-call bot"})) == "on-call bot"
    monkeypatch.setenv("LOGNAME", "ann")
    assert author_of(load_settings({})) == "ann"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="users have numbers on POSIX only")
def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under any uid."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    before = os.geteuid()
    monkeypatch.setattr("os.getuid", lambda: 4_123_456)
    assert author_of(load_settings({})) == "user 4123456"
    assert os.geteuid() == before


def test_tools_reach_the_journal_and_the_author(tmp_path: Path) -> None:
    deps = deps_from(load_settings({"SRE_MCP_DATA_DIR": str(tmp_path), "SRE_MCP_AUTHOR": "ann"}))
    assert deps.author == "ann"
    assert deps.records() is deps.journal


async def test_a_server_that_ends_leaves_the_file_alone_and_closed(tmp_path: Path) -> None:
    settings = load_settings({"SRE_MCP_DATA_DIR": str(tmp_path / "data")})
    async with Client(build(deps_from(settings))) as client:
        result = await client.call_tool("declare_incident", {"title": "Checkout fails", "severity": "P2"})
        assert not result.is_error
        assert {path.name for path in (tmp_path / "data").iterdir()} > {FILE_NAME}
    # SQLite takes its log away when the last connection is closed.
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE_NAME]
