"""`sre-mcp records`: out, in, and what people are told."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from server.cli import main
from server.store import StoredJournal
from server.store.opening import FILE_NAME
from server.store.sqlite import SqliteDatabase
from sre.core.journal import NewEntry
from tests.support.journal_writers import SystemClock

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
TITLE = "Checkout <b>fails</b> | [x](https://evil.example)"
# Whoever writes this into a note must neither end the block of data of a page nor pass for one.
FENCES = "before\n```\n```json\n{}\n```\nafter"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PROMETHEUS_URL", "SRE_MCP_CONFIG", "SRE_MCP_SNAPSHOT", "SRE_MCP_STORE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SRE_MCP_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """The record with an incident and a chore."""

    async def fill() -> None:
        journal = StoredJournal(SqliteDatabase(tmp_path / "data" / FILE_NAME), SystemClock())
        declared = {"title": TITLE, "severity": "P1", "services": ["checkout"]}
        action = {"number": 1, "title": "Limit the pool", "kind": "prevent", "owner": "bob", "due": "2026-11-20"}
        await journal.begin(
            "incident",
            [
                NewEntry("declared", AT, "ann", "test", declared),
                NewEntry("note", AT, "ann", "test", {"text": "Rolled back."}),
                NewEntry("note", AT, "ann", "test", {"text": FENCES}),
                NewEntry("action", AT, "ann", "test", action),
            ],
        )
        await journal.begin("chore", [NewEntry("done", AT, "ann", "test", {"minutes": 30})])
        await journal.aclose()

    anyio.run(fill)
    return tmp_path


def test_an_export_goes_to_a_file_for_this_user_alone(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = filled / "out.json"
    assert main(["records", "export", str(file)]) == 0
    assert "2 records with 5 entries" in capsys.readouterr().out
    assert file.stat().st_mode & 0o777 == 0o600
    assert {stream["kind"] for stream in json.loads(file.read_text(encoding="utf-8"))["streams"]} == {
        "incident",
        "chore",
    }


def test_a_file_that_is_there_is_replaced_only_when_asked(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = filled / "out.json"
    file.write_text("mine", encoding="utf-8")
    assert main(["records", "export", str(file)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == "mine"
    assert main(["records", "export", "--overwrite", str(file)]) == 0
    assert json.loads(file.read_text(encoding="utf-8"))["format"] == "sre-mcp records"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("output", ["json", "markdown"])
def test_what_went_out_comes_in_elsewhere_once(
    filled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, output: str, line_end: str
) -> None:
    assert main(["records", "export", "--format", output]) == 0
    text = capsys.readouterr().out.replace("\n", line_end)
    monkeypatch.setenv("SRE_MCP_DATA_DIR", str(filled / "elsewhere"))
    for told in ("New: 2 records, 5 entries. There already: 0 entries.", "New: 0 records, 0 entries. There already: 5"):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        assert main(["records", "import", "-"]) == 0
        assert told in capsys.readouterr().out
    assert main(["records", "export"]) == 0
    entries = json.loads(capsys.readouterr().out)["streams"][1]["entries"]
    assert [entry["data"].get("text") for entry in entries] == [None, "Rolled back.", FENCES, None]


def test_a_number_that_gave_way_is_told(
    filled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = filled / "out.json"
    assert main(["records", "export", str(file)]) == 0
    changed = file.read_text(encoding="utf-8")
    for stream in json.loads(changed)["streams"]:
        changed = changed.replace(stream["uid"], stream["uid"][::-1])
    file.write_text(changed, encoding="utf-8")
    capsys.readouterr()
    assert main(["records", "import", str(file)]) == 0
    assert "incident 1 is 2 here: its number was taken by another." in capsys.readouterr().out


def test_the_page_for_people_shows_incidents_in_full_and_outside_text_as_text(
    filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["records", "export", "--format", "markdown"]) == 0
    page, _, data = capsys.readouterr().out.partition("\n# Data\n")
    assert data.strip().startswith("```json")
    assert "# INC-1: Checkout" in page
    assert "Rolled back." in page
    assert "| 1 | Limit the pool | prevent | bob | 2026-11-20 |" in page
    assert "# Records of kind chore" in page
    assert "minutes: 30" in page
    assert "<b>" not in page
    assert "\\[x\\](" in page


def test_an_empty_record_has_pages_too(capsys: pytest.CaptureFixture[str]) -> None:
    for output in ("json", "markdown"):
        assert main(["records", "export", "--format", output]) == 0
        assert capsys.readouterr().out


@pytest.mark.parametrize("content", [b"{}", b"\xff\xfe", b"not json", b"# A page\n```json\n{}\n```\n"])
def test_a_file_that_cannot_be_imported_is_told(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "in.json"
    file.write_bytes(content)
    assert main(["records", "import", str(file)]) == 2
    assert capsys.readouterr().err.startswith("sre-mcp: ")
    assert not (tmp_path / "data").exists()


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["records", "import", str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["records", "export", str(filled / "none" / "out.json")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_record_of_the_demo_is_play_and_not_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[sources.demo]\ntype = "demo"\n', encoding="utf-8")
    assert main(["records", "export", "--config", str(config)]) == 2
    assert "play" in capsys.readouterr().err
