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
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.support.real_prometheus import (
    POLL_SECONDS,
    READY_SECONDS,
    START_ATTEMPTS,
    STOP_SECONDS,
    PortTakenError,
    free_port,
)

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
        process, base_url = _started(home, folder or home, port, extra_args)
        try:
            yield base_url
        finally:
            _stopped(process)


def _started(
    home: Path, folder: Path, port: int | None, extra_args: Sequence[str]
) -> tuple["subprocess.Popen[bytes]", str]:
    for attempt in range(1, START_ATTEMPTS + 1):
        process, base_url = _spawned(home, folder, port or free_port(), extra_args)
        try:
            _wait_until_ready(process, base_url, home / "alertmanager.log")
        except PortTakenError:
            if attempt == START_ATTEMPTS:
                raise
        except BaseException:
            _stopped(process)
            raise
        else:
            return process, base_url
    raise AssertionError("unreachable")


def _spawned(home: Path, folder: Path, port: int, extra_args: Sequence[str]) -> tuple["subprocess.Popen[bytes]", str]:
    address = f"127.0.0.1:{port}"
    command = [
        require_alertmanager(),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={home / 'data'}",
        f"--web.listen-address={address}",
        # Alone: no port for peers.
        "--cluster.listen-address=",
        *extra_args,
    ]
    with (home / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    return process, f"http://{address}"


def _wait_until_ready(process: "subprocess.Popen[bytes]", base_url: str, log_path: Path) -> None:
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        for _ in range(int(READY_SECONDS / POLL_SECONDS)):
            with suppress(httpx.TransportError):
                if client.get(f"{base_url}/-/ready").status_code == httpx.codes.OK:
                    return
            # Waiting for the process to end is the pause between two polls, and notices an early death.
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=POLL_SECONDS)
                raise _death(log_path)
    raise RuntimeError(f"alertmanager was not ready within {READY_SECONDS:g} s:\n{_tail(log_path)}")


def _death(log_path: Path) -> RuntimeError:
    tail = _tail(log_path)
    if "address already in use" in tail:
        return PortTakenError(tail)
    return RuntimeError(f"alertmanager ended before it was ready:\n{tail}")


def _tail(log_path: Path) -> str:
    return log_path.read_text(encoding="utf-8", errors="replace")[-2000:]


def _stopped(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=STOP_SECONDS)
