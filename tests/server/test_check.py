"""`sre-mcp check` on an Alertmanager and a Grafana: reachable, let in, version, what it enables."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.cli import main
from tests.support.broken_server import broken_server
from tests.support.real_alertmanager import running_alertmanager


def checked(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, Any]]]:
    file = tmp_path / "config.toml"
    file.write_text(config, encoding="utf-8")
    status = main(["check", "--config", str(file), "--json"])
    return status, {row["source"]: row for row in json.loads(capsys.readouterr().out)}


@pytest.mark.real_prometheus
def test_an_alertmanager_that_works_says_what_it_holds_and_enables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Source: issue 3: `silence_alert` where writes are enabled only."""
    with running_alertmanager() as url:
        status, rows = checked(f'[alertmanager]\nurl = "{url}/api/v2"\n', tmp_path, capsys)
        allowed = f'allow_writes = true\n[alertmanager]\nurl = "{url}"\n'
        _, rows_with_writes = checked(allowed, tmp_path, capsys)
    assert status == 0
    row = rows["alertmanager"]
    assert (row["kind"], row["ok"]) == ("alertmanager", True)
    assert row["detail"].startswith("alertmanager 0.")
    assert row["detail"].endswith("0 alerts (0 held back), 0 silences")
    assert row["enables"] == "list_alerts, silence_alert (with --allow-writes)"
    assert rows_with_writes["alertmanager"]["enables"] == "list_alerts, silence_alert"


def test_systems_that_do_not_let_us_in_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Our choice: each system on its own, the broken ones with what to do."""
    with broken_server("401") as grafana, broken_server("refused") as alertmanager:
        config = f"""
[sources.world]
type = "demo"
[alertmanager]
url = "{alertmanager}"
[grafana]
url = "{grafana}"
token = "s3cret-Token-42"
"""
        status, rows = checked(config, tmp_path, capsys)
    assert status == 1
    assert rows["world"]["ok"] is True
    assert "list_alerts" in rows["world"]["enables"].split(", ")
    assert "silence_alert" not in rows["world"]["enables"]
    assert "refused the connection" in rows["alertmanager"]["detail"]
    assert "HTTP 401" in rows["grafana"]["detail"]
    assert (rows["alertmanager"]["enables"], rows["grafana"]["enables"]) == ("", "")
    assert "s3cret-Token-42" not in json.dumps(rows)
