"""A webhook of an Alertmanager on a loopback port: what people would have been told.

with listening() as hook:
    ...  # a receiver posts to f"{hook.address}/pages"
    hook.alerts("/pages")
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Webhook:
    """Where notifications arrive: what was posted, by path."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.address = ""

    def alerts(self, path: str) -> list[dict[str, Any]]:
        return [alert for where, body in list(self.posted) if where == path for alert in body["alerts"]]


@contextmanager
def listening() -> Iterator[Webhook]:
    """Receive notifications on a loopback port until the block ends."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.posted.append((self.path, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
