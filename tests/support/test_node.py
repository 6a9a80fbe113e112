"""What the finder of node and of the clients does when something is missing, too slow, or leaves children behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import node
from tests.support.node import MissingClientsError, client_environment, clients_folder, require_client, run


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "CACHE", tmp_path / "cache")


def test_without_the_clients_a_test_is_skipped_and_says_what_to_run(
    nothing_installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Source: issue, a ring that cannot run is skipped outside CI with a plain reason."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"inspector: .* python -m tests\.support\.node"):
        require_client("inspector")


def test_without_the_clients_a_test_fails_in_ci(nothing_installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Source: issue, with CI=true a missing part is a failure."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="claude"):
        require_client("claude")


@pytest.mark.parametrize(("ci", "status"), [(None, 0), ("true", 1)])
def test_an_install_that_cannot_work_stops_only_ci(
    ci: str | None, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our choice: `make test` goes on without the clients, and says so."""

    def refuse() -> Path:
        raise MissingClientsError("no network")

    monkeypatch.setattr(node, "install", refuse)
    if ci is None:
        monkeypatch.delenv("CI", raising=False)
    else:
        monkeypatch.setenv("CI", ci)
    assert node.main() == status
    assert "will be skipped: no network" in capsys.readouterr().err


def test_another_manifest_means_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our choice: a changed version is installed anew, and an old one never used by mistake."""
    before = clients_folder()
    changed = tmp_path / "package.json"
    changed.write_text(node.MANIFEST.read_text(encoding="utf-8").replace('"private"', '"Private"'), encoding="utf-8")
    monkeypatch.setattr(node, "MANIFEST", changed)
    assert clients_folder() != before


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc to see a process that is not a child of ours")
def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    """Our choice: a client that hangs leaves no server of ours running."""
    child = "import time; time.sleep(600)"
    parent = (
        "import pathlib, subprocess, sys, time; "
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}]); "
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(child.pid)); time.sleep(600)"
    )
    with pytest.raises(subprocess.TimeoutExpired):
        run([sys.executable, "-c", parent], environment=client_environment(tmp_path), seconds=3)
    state = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
