"""A real Alertmanager on a loopback port, for tests that need the genuine article.

    with running_alertmanager() as base_url:
        httpx.get(f"{base_url}/api/v2/status")

It sends nothing anywhere unless its configuration says so. Nothing is left behind: the process is ended and its data
folder removed, also when the test fails.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.support.real_process import Program, answers_ready, running

# Debian and Ubuntu name the program after the project.
PROGRAMS = ("alertmanager", "prometheus-alertmanager")
# One receiver that tells nobody; alerts are routed at once.
QUIET_CONFIG = """\
route:
  receiver: pages
  group_by: [alertname]
  group_wait: 0s
receivers:
  - name: pages
"""


def require_alertmanager() -> str:
    """Return the path of the program; without it skip the test, or fail it where CI promises every part."""
    for name in PROGRAMS:
        if path := shutil.which(name):
            return path
    reason = "alertmanager is not on PATH; on Debian or Ubuntu: apt-get install prometheus-alertmanager"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def running_alertmanager(
    *,
    config: str = QUIET_CONFIG,
    files: Mapping[str, str] | None = None,
    folder: Path | None = None,
    port: int | None = None,
    extra_args: Sequence[str] = (),
) -> Iterator[str]:
    """Run an Alertmanager and yield its base URL once it answers ready.

    Args:
        config: Text of alertmanager.yml.
        files: Further files by relative path, such as templates.
        folder: Use the alertmanager.yml that is in this folder, as it is, instead of `config` and `files`.
        port: Where to listen, for configurations that have to know it beforehand; None takes a free one.
        extra_args: More command-line flags.
    """
    require_alertmanager()
    with tempfile.TemporaryDirectory(prefix="real-alertmanager-", ignore_cleanup_errors=True) as made:
        home = Path(made)
        for path, content in {"alertmanager.yml": config, **(files or {})}.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(content, encoding="utf-8")
        program = Program(
            "alertmanager", partial(_spawned, home, folder or home, extra_args), answers_ready, _log(home)
        )
        with running(program, port=port) as taken:
            yield f"http://127.0.0.1:{taken}"


def _log(home: Path) -> Path:
    return home / "alertmanager.log"


def _spawned(home: Path, folder: Path, extra_args: Sequence[str], port: int) -> "subprocess.Popen[bytes]":
    command = [
        require_alertmanager(),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        # Alone: no port for peers.
        "--cluster.listen-address=",
        *extra_args,
    ]
    with _log(home).open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
