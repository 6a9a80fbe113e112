"""An HTTP server on a thread of its own, which ends with the block."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

_POLL_SECONDS = 0.02
_JOIN_SECONDS = 10.0


class QuietHandler(BaseHTTPRequestHandler):
    """Answers requests without a line on stderr for each."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, body: bytes, content_type: str = "text/plain") -> None:
        """Send a whole 200 answer."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def on_free_port(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    """Return a server on a free port of 127.0.0.1, whose threads end with it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    return server


@contextmanager
def serving(server: HTTPServer) -> Iterator[str]:
    """Serve until the block ends, and yield the address: host and port."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(timeout=_JOIN_SECONDS)
