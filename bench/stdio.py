"""A server on stdio as a bare process: its messages, its CPU time and its memory, without an SDK in between."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LIMIT_SECONDS = 120.0
BARE_SERVER = [sys.executable, "-c", "from mcp.server import MCPServer; MCPServer('bare').run('stdio')"]
# The console command, as clients start it.
OUR_SERVER = [str(Path(sys.executable).with_name("sre-mcp")), "serve"]
_HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}


class StdioServer:
    """A running server that has been greeted."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._last_id = 0
        self.request("initialize", _HELLO)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def request(self, method: str, params: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Send one request and return its result."""
        return self.requests([(method, params or {})])[0]

    def requests(self, asked: Sequence[tuple[str, Mapping[str, object]]]) -> list[dict[str, Any]]:
        """Send requests at once and return their results, in the order they were asked in.

        Raises:
            RuntimeError: The server ended, or answered with an error of the protocol.
        """
        first = self._last_id + 1
        for method, params in asked:
            self._last_id += 1
            self._send({"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params})
        results: dict[int, dict[str, Any]] = {}
        while len(results) < len(asked):
            message = self._next()
            if message.get("id", 0) in range(first, self._last_id + 1) and "method" not in message:
                if "result" not in message:
                    raise RuntimeError(f"{asked}: {message}")
                results[message["id"]] = message["result"]
        return [results[number] for number in range(first, self._last_id + 1)]

    def call(self, tool: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Call a tool and return its result."""
        return self.request("tools/call", {"name": tool, "arguments": arguments})

    def memory_bytes(self) -> tuple[int, int]:
        """Return resident memory now and at its highest; Linux only."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return int(fields["VmRSS"].split()[0]) * 1024, int(fields["VmHWM"].split()[0]) * 1024

    def _send(self, message: Mapping[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def _next(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} ended, or did not answer within {LIMIT_SECONDS:g} s")
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def stdio_server(command: Sequence[str], **environment: str) -> Iterator[StdioServer]:
    """Run a server until the block ends; one that hangs is ended after a while."""
    process = _spawned(command, environment)
    watch = threading.Timer(LIMIT_SECONDS, process.kill)
    watch.start()
    try:
        yield StdioServer(process)
    finally:
        watch.cancel()
        process.kill()
        process.communicate()


def cpu_seconds_to_tools(command: Sequence[str], **environment: str) -> float:
    """Return the CPU time, user and system, from spawning a server until it has listed its tools."""
    process = _spawned(command, environment)
    watch = threading.Timer(LIMIT_SECONDS, process.kill)
    watch.start()
    try:
        StdioServer(process).request("tools/list")
        # Killed at once, so that ending in good order is not part of the figure; not through `process`, which would
        # take the figure when it notices the end.
        os.kill(process.pid, signal.SIGKILL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = -signal.SIGKILL
    finally:
        watch.cancel()
        process.kill()
        process.communicate()
    return usage.ru_utime + usage.ru_stime


def _spawned(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return subprocess.Popen(
        command,
        env={**kept, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
