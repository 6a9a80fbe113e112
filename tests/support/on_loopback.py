"""Puts the transport of a fake on a port, for what reaches a system by its address alone.

with on_loopback(FakePagerDuty(...).transport()) as url:
    ...  # PAGERDUTY_URL=url
"""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.support.serving import QuietHandler, on_free_port, serving


@contextmanager
def on_loopback(transport: httpx.MockTransport) -> Iterator[str]:
    """Serve what `transport` answers and yield the URL of it."""

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            url = f"http://{self.headers['host']}{self.path}"
            answer = transport.handler(httpx.Request(self.command, url, headers=dict(self.headers), content=body))
            assert isinstance(answer, httpx.Response)
            self.send_response_only(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer

    with serving(on_free_port(Handler)) as address:
        yield f"http://{address}"
