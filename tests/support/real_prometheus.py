"""A real Prometheus on a loopback port, for tests that need the genuine article.

    with running_prometheus(openmetrics_path=path) as base_url:
        httpx.get(f"{base_url}/api/v1/query", params={"query": "up"})

Nothing is left behind: the process is ended and its data folder removed, also when the test fails.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.support.real_process import Program, answers_ready, running

BACKFILL_SECONDS = 300.0
EMPTY_CONFIG = "global: {scrape_interval: 1h}\n"


def require_program(name: str) -> str:
    """Return the path of a program; without it skip the test, or fail it where CI promises every part."""
    path = shutil.which(name)
    if path is not None:
        return path
    reason = f"{name} is not on PATH; on Debian or Ubuntu: apt-get install prometheus prometheus-alertmanager"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


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
        program = Program("prometheus", partial(_spawned, home, folder or home, extra_args), answers_ready, _log(home))
        with running(program, port=port) as taken:
            yield f"http://127.0.0.1:{taken}"


def _log(home: Path) -> Path:
    return home / "prometheus.log"


def _spawned(home: Path, folder: Path, extra_args: Sequence[str], port: int) -> "subprocess.Popen[bytes]":
    command = [
        require_program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        *extra_args,
    ]
    with _log(home).open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
