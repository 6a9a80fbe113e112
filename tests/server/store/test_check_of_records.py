"""`sre-mcp check` on a record in PostgreSQL: reachable, let in, version, how much it holds."""

import json
from typing import Any

import pytest

from server.cli import main
from tests.support.real_postgres import PASSWORD, PASSWORD_IN_URL, PostgresServer


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROMETHEUS_URL", "SRE_MCP_CONFIG", "SRE_MCP_SNAPSHOT"):
        monkeypatch.delenv(name, raising=False)


def _checked(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    status = main(["check", "--json"])
    (row,) = json.loads(capsys.readouterr().out)
    return status, row


def test_a_record_that_is_reachable_says_what_it_holds(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SRE_MCP_STORE_URL", postgres.new_place())
    status, row = _checked(capsys)
    assert (status, row["source"], row["kind"], row["ok"]) == (0, "records", "postgresql", True)
    assert row["detail"].startswith("PostgreSQL ")
    assert row["detail"].endswith("0 records, 0 entries")
    assert "declare_incident" in row["enables"]


def test_a_record_that_does_not_let_us_in_is_told_without_the_password(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SRE_MCP_STORE_URL", postgres.url(user="stranger"))
    status, row = _checked(capsys)
    assert (status, row["ok"], row["enables"]) == (1, False, "")
    assert "check user and password" in row["detail"]
    assert PASSWORD not in row["detail"]
    assert PASSWORD_IN_URL not in row["detail"]
