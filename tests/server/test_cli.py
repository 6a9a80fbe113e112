"""The command line: what it prints, what it returns, and that it says what is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from server.cli import main
from server.commands.tools import parse_arguments
from sre.core.errors import InputError


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROMETHEUS_URL", "SRE_MCP_CONFIG", "SRE_MCP_SNAPSHOT"):
        monkeypatch.delenv(name, raising=False)


def test_the_catalogue_is_listed_with_its_cost(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"query_prometheus", "draft_postmortem"} <= {row["name"] for row in rows}
    assert all(0 < row["bytes"] <= 1_200 for row in rows)


def test_a_tool_runs_from_the_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools", "compute_error_budget", "objective=0.999", "window=30d", "total=1000000", "bad=250"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["consumed_ratio"] == 0.25


def test_a_failing_tool_says_why_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools", "query_prometheus", "query=up"]) == 1
    assert "PROMETHEUS_URL" in capsys.readouterr().err


def test_an_unknown_tool_is_answered_with_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools", "query_promethius"]) == 2
    assert "query_prometheus" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "parsed"),
    [
        ([], {}),
        (
            ["a=1", "b=text", "c=[1,2]", "d=true", "e=x=y", 'f="5"'],
            {"a": 1, "b": "text", "c": [1, 2], "d": True, "e": "x=y", "f": "5"},
        ),
        (['{"a": {"b": 1}}'], {"a": {"b": 1}}),
    ],
)
def test_arguments_are_json_or_plain_text(arguments: list[str], parsed: dict[str, object]) -> None:
    assert parse_arguments(arguments) == parsed


@pytest.mark.parametrize("arguments", [["nonsense"], ["{not json"], ["=x"]])
def test_what_is_no_argument_is_refused(arguments: list[str]) -> None:
    with pytest.raises(InputError):
        parse_arguments(arguments)


def test_check_with_nothing_configured_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 1
    assert "PROMETHEUS_URL" in capsys.readouterr().out


def test_check_tells_each_system_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[sources.world]\ntype = "demo"\n[sources.gone]\ntype = "prometheus"\nurl = "http://127.0.0.1:9"\n',
        encoding="utf-8",
    )
    assert main(["check", "--config", str(config), "--json"]) == 1
    rows = {row["source"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["world"]["ok"] is True
    assert "query_prometheus" in rows["world"]["enables"]
    assert rows["gone"]["ok"] is False
    assert rows["gone"]["detail"]


def test_a_wrong_configuration_ends_with_status_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", str(tmp_path / "none.toml")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_an_exposed_address_is_refused_before_anything_listens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--http", "0.0.0.0:0"]) == 2
    assert "allowed_hosts" in capsys.readouterr().err


def test_the_tour_answers_every_question() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sre_mcp", "demo"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "every question answered" in done.stdout
    assert "claude mcp add sre" in done.stdout
    assert '"mcpServers"' in done.stdout


def test_the_version_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sre_mcp", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("sre-mcp 0.")


def test_a_reader_that_has_enough_ends_the_output_quietly() -> None:
    """As with `sre-mcp tools ... | head -1`: the pipe is closed before anything is written."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "sre_mcp", "tools", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, errors = process.communicate(timeout=60)
    assert b"Traceback" not in errors
    assert b"BrokenPipe" not in errors
