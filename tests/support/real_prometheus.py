"""A real Prometheus on a loopback port, for tests that need the genuine article.

    with running_prometheus(openmetrics_path=path) as base_url:
        httpx.get(f"{base_url}/api/v1/query", params={"query": "up"})

Nothing is left behind: the process is ended and its data folder removed, also when the test fails.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

READY_SECONDS = 60.0
POLL_SECONDS = 0.05
STOP_SECONDS = 20.0
BACKFILL_SECONDS = 300.0
START_ATTEMPTS = 3
EMPTY_CONFIG = "global: {scrape_interval: 1h}\n"


class PortTakenError(RuntimeError):
    """Somebody else took the port between choosing it and listening on it."""


def require_program(name: str) -> str:
    """Return the path of a program; without it skip the test, or fail it where CI promises every part."""
    path = shutil.which(name)
    if path is not None:
        return path
    reason = f"{name} is not on PATH; on Debian or Ubuntu: apt-get install prometheus prometheus-alertmanager"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def backfilled(openmetrics_path: Path, data_dir: Path) -> None:
    """Write the samples of an OpenMetrics file (with timestamps, ending in `# EOF`) as blocks into `data_dir`."""
    promtool = require_program("promtool")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "-q", str(openmetrics_path), str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BACKFILL_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"promtool could not backfill {openmetrics_path}: {done.stdout}{done.stderr}")


@contextmanager
def running_prometheus(
    *,
    openmetrics_path: Path | Sequence[Path] = (),
    config: str = EMPTY_CONFIG,
    folder: Path | None = None,
    port: int | None = None,
    extra_args: Sequence[str] = (),
) -> Iterator[str]:
    """Run Prometheus and yield its base URL once it answers ready.

    Args:
        openmetrics_path: Samples to backfill before the start; any age, retention is 100 years. promtool reads a file
            once for every two hours it spans, so series of different spans are better kept in files of their own.
        config: Text of prometheus.yml.
        folder: Use the prometheus.yml that is in this folder, as it is, instead of `config`.
        port: Where to listen, for configurations that have to know it beforehand; None takes a free one.
        extra_args: More command-line flags; Prometheus refuses one that is given twice.
    """
    require_program("prometheus")
    with tempfile.TemporaryDirectory(prefix="real-prometheus-", ignore_cleanup_errors=True) as made:
        home = Path(made)
        (home / "data").mkdir()
        (home / "prometheus.yml").write_text(config, encoding="utf-8")
        for path in [openmetrics_path] if isinstance(openmetrics_path, Path) else openmetrics_path:
            backfilled(path, home / "data")
        process, base_url = _started(home, folder or home, port, extra_args)
        try:
            yield base_url
        finally:
            _stopped(process)


def _started(
    home: Path, folder: Path, port: int | None, extra_args: Sequence[str]
) -> tuple[subprocess.Popen[bytes], str]:
    for attempt in range(1, START_ATTEMPTS + 1):
        process, base_url = _spawned(home, folder, port or free_port(), extra_args)
        try:
            _wait_until_ready(process, base_url, home / "prometheus.log")
        except PortTakenError:
            if attempt == START_ATTEMPTS:
                raise
        except BaseException:
            _stopped(process)
            raise
        else:
            return process, base_url
    raise AssertionError("unreachable")


def _spawned(home: Path, folder: Path, port: int, extra_args: Sequence[str]) -> tuple[subprocess.Popen[bytes], str]:
    address = f"127.0.0.1:{port}"
    command = [
        require_program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={address}",
        *extra_args,
    ]
    with (home / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    return process, f"http://{address}"


def _wait_until_ready(process: subprocess.Popen[bytes], base_url: str, log_path: Path) -> None:
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        for _ in range(int(READY_SECONDS / POLL_SECONDS)):
            with suppress(httpx.TransportError):
                if client.get(f"{base_url}/-/ready").status_code == httpx.codes.OK:
                    return
            # Waiting for the process to end is the pause between two polls, and notices an early death.
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=POLL_SECONDS)
                raise _death(log_path)
    raise RuntimeError(f"prometheus was not ready within {READY_SECONDS:g} s:\n{_tail(log_path)}")


def _death(log_path: Path) -> RuntimeError:
    tail = _tail(log_path)
    if "address already in use" in tail:
        return PortTakenError(tail)
    return RuntimeError(f"prometheus ended before it was ready:\n{tail}")


def _tail(log_path: Path) -> str:
    return log_path.read_text(encoding="utf-8", errors="replace")[-2000:]


def _stopped(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=STOP_SECONDS)
