"""Our own servers as processes on loopback, ready when this says so and gone afterwards."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import httpx

from tests.support.node import REPOSITORY, stop
from tests.support.real_process import free_port

READY_SECONDS = 60.0
POLL_SECONDS = 0.05


def stdio_command(*arguments: str) -> list[str]:
    """Return the command of the product on stdio, as a client's configuration would have it."""
    return [sys.executable, "-m", "sre_mcp", "serve", *arguments]


@contextmanager
def product_over_http(*arguments: str) -> Iterator[str]:
    """Run the product on a free port and yield the URL of its MCP endpoint."""
    port = free_port()
    with served([*stdio_command(*arguments), "--http", f"127.0.0.1:{port}"], port=port) as url:
        yield url


@contextmanager
def served(command: Sequence[str], *, port: int) -> Iterator[str]:
    """Run a server that answers /healthz on `port` and yield the URL of its MCP endpoint."""
    with tempfile.TemporaryFile("w+b") as log:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=_plain_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            if not _is_ready(process, f"http://127.0.0.1:{port}/healthz"):
                log.seek(0)
                raise RuntimeError(f"{' '.join(command)} was not ready: {log.read()[-3000:].decode(errors='replace')}")
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            stop(process)


def _plain_environment() -> dict[str, str]:
    # Whatever the developer configured for a server of their own must not reach the one under test.
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "SYSTEMROOT", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _is_ready(process: "subprocess.Popen[bytes]", url: str) -> bool:
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        for _ in range(int(READY_SECONDS / POLL_SECONDS)):
            with suppress(httpx.TransportError):
                if client.get(url).status_code == httpx.codes.OK:
                    return True
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=POLL_SECONDS)
                return False
    return False
