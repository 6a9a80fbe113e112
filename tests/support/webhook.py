"""A webhook of an Alertmanager on a loopback port: what people would have been told.

with listening() as hook:
    ...  # a receiver posts to f"{hook.address}/pages"
    hook.alerts("/pages")
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.serving import QuietHandler, on_free_port, serving


class Webhook:
    """Where notifications arrive: what was posted, by path."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.address = ""

    def at(self, path: str) -> list[dict[str, Any]]:
        return [body for where, body in list(self.posted) if where == path]

    def alerts(self, path: str) -> list[dict[str, Any]]:
        return [alert for body in self.at(path) for alert in body["alerts"]]


@contextmanager
def listening() -> Iterator[Webhook]:
    """Receive notifications on a loopback port until the block ends."""
    hook = Webhook()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.posted.append((self.path, body))
            self.answer(b"ok")

    with serving(on_free_port(Handler)) as address:
        hook.address = f"http://{address}"
        yield hook
