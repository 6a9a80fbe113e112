"""Writing a client's configuration keeps what is there, shows the change, and copies no secret."""

import json
from pathlib import Path

import pytest

from server.clients import Launch, client_file, launch
from server.commands.install import change, run, with_server
from sre.core.errors import ConfigError

LAUNCH = Launch("/opt/sre-mcp", ("serve", "--demo"))


@pytest.mark.parametrize(
    ("client", "platform", "path"),
    [
        ("claude-code", "linux", "project/.mcp.json"),
        ("cursor", "linux", "home/.cursor/mcp.json"),
        ("vscode", "linux", "project/.vscode/mcp.json"),
        ("claude-desktop", "linux", "home/.config/Claude/claude_desktop_config.json"),
        ("claude-desktop", "darwin", "home/Library/Application Support/Claude/claude_desktop_config.json"),
    ],
)
def test_each_client_has_its_file(client: str, platform: str, path: str, tmp_path: Path) -> None:
    found = client_file(client, home=tmp_path / "home", project=tmp_path / "project", platform=platform)  # type: ignore[arg-type]
    assert found.path == tmp_path / path


def test_other_servers_and_settings_are_kept(tmp_path: Path) -> None:
    target = client_file("vscode", home=tmp_path, project=tmp_path)
    before = json.dumps({"servers": {"other": {"command": "x"}}, "inputs": [1]})
    after = json.loads(with_server(before, target, target.entry(LAUNCH)))
    assert after["inputs"] == [1]
    assert after["servers"]["other"] == {"command": "x"}
    assert after["servers"]["sre"] == {"type": "stdio", "command": "/opt/sre-mcp", "args": ["serve", "--demo"]}


def test_installing_twice_changes_nothing(tmp_path: Path) -> None:
    target = client_file("cursor", home=tmp_path, project=tmp_path)
    once = with_server("", target, target.entry(LAUNCH))
    assert with_server(once, target, target.entry(LAUNCH)) == once


@pytest.mark.parametrize("text", ["{ // comment\n}", "[]", '{"mcpServers": []}', "nonsense"])
def test_a_file_that_is_not_plain_json_is_left_alone_with_what_to_paste(text: str, tmp_path: Path) -> None:
    target = client_file("cursor", home=tmp_path, project=tmp_path)
    with pytest.raises(ConfigError) as caught:
        with_server(text, target, target.entry(LAUNCH))
    assert '"mcpServers"' in caught.value.explained()


def test_secrets_are_not_copied_into_a_clients_file() -> None:
    environment = {"PROMETHEUS_URL": "http://p:9090", "PROMETHEUS_TOKEN": "s3cr3t", "PROMETHEUS_PASSWORD": "pw"}
    started = launch(config=None, demo=False, environment=environment)
    assert dict(started.environment) == {"PROMETHEUS_URL": "http://p:9090"}


def test_nothing_is_written_without_agreement_and_the_change_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(client="claude-code", config=None, demo=True, is_agreed=False) == 1
    assert not (tmp_path / ".mcp.json").exists()
    assert '+    "sre": {' in capsys.readouterr().out
    assert run(client="claude-code", config=None, demo=True, is_agreed=True) == 0
    written = json.loads((tmp_path / ".mcp.json").read_text(encoding="utf-8"))
    assert written["mcpServers"]["sre"]["args"][-2:] == ["serve", "--demo"]
    assert run(client="claude-code", config=None, demo=True, is_agreed=False) == 0


def test_the_change_is_a_diff(tmp_path: Path) -> None:
    assert change("", "a\n", tmp_path).splitlines()[-1] == "+a"
