"""Data that the measurements share: a hundred series for a real Prometheus, and a backend that takes its time."""

import json
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SERIES = 100
POINTS = 241
STEP_SECONDS = 15
METRIC = "shop_queue_length"
# Monday, 2 November 2026, 12:00 UTC; far from both ends of what is backfilled.
END_SECONDS = 1_793_620_800
START_SECONDS = END_SECONDS - (POINTS - 1) * STEP_SECONDS
_LEAD_SECONDS = 600
_SERVICES = ("checkout", "catalog", "payments", "search", "web")


@dataclass(frozen=True)
class Question:
    """A range query, as Prometheus and our tool are asked it."""

    query: str
    start: int = START_SECONDS
    end: int = END_SECONDS
    step_seconds: int = STEP_SECONDS

    def parameters(self) -> dict[str, str]:
        """Return it for the HTTP API."""
        return {
            "query": self.query,
            "start": str(self.start),
            "end": str(self.end),
            "step": str(self.step_seconds),
        }

    def arguments(self) -> dict[str, str]:
        """Return it for `query_prometheus`."""
        return {**self.parameters(), "step": f"{self.step_seconds}s"}


EVERY_SERIES = Question(METRIC)
FIVE_SERIES = Question(f"sum by (service) ({METRIC})")


def write_openmetrics(path: Path) -> None:
    """Write the series, each with the labels a pod's metric has in a cluster."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f"# TYPE {METRIC} gauge\n")
        for number in range(SERIES):
            labels = _labels(number)
            for at in range(START_SECONDS - _LEAD_SECONDS, END_SECONDS + _LEAD_SECONDS, STEP_SECONDS):
                value = 40 + number + 25 * math.sin(at / 900 + number) + (at * (number + 7)) % 11 / 10
                file.write(f"{METRIC}{{{labels}}} {value:.4f} {at}\n")
        file.write("# EOF\n")


def _labels(number: int) -> str:
    service = _SERVICES[number % len(_SERVICES)]
    labels = {
        "cluster": "eu-west-1",
        "namespace": "shop",
        "job": f"shop/{service}",
        "service": service,
        "pod": f"{service}-6c9f7d5b8-{number:05d}",
        "instance": f"10.0.{number // 50}.{number % 50 + 10}:9100",
        "queue": f"orders-{number % 4}",
    }
    return ",".join(f'{name}="{value}"' for name, value in labels.items())


_ANSWERS = {
    "query_range": {
        "resultType": "matrix",
        "result": [{"metric": {"__name__": "up", "job": "a"}, "values": [[END_SECONDS - 15, "1"], [END_SECONDS, "1"]]}],
    },
    "query": {
        "resultType": "vector",
        "result": [{"metric": {"__name__": "up", "job": "a"}, "value": [END_SECONDS, "1"]}],
    },
    "metadata": {},
    "buildinfo": {"version": "2.42.0"},
}


@contextmanager
def slow_backend(seconds: float) -> Iterator[str]:
    """Serve a Prometheus that takes so long for each request, however many there are, and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self._answer()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

        def _answer(self) -> None:
            time.sleep(seconds)
            name = self.path.partition("?")[0].rpartition("/")[2]
            body = json.dumps({"status": "success", "data": _ANSWERS.get(name, [])}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
