"""A server on loopback that is broken in one known way, for tests of everything that talks HTTP.

    with broken_server("silent") as url:
        ...

It is real TCP, so that what a library makes of a closed port, a cut body or a slow trickle is part of the test.
Nothing is left behind: leaving the block ends every connection, also one in the middle of a trickle.
"""

import gzip
import io
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, get_args

Mode = Literal[
    "refused",  # nothing listens
    "silent",  # accepts, then says nothing
    "slow",  # one byte a second
    "hangup",  # closes without an answer
    "not_http",  # answers in another protocol
    "401",
    "403",
    "404",
    "429",  # with Retry-After: 3600
    "500",
    "502",
    "503",
    "504",
    "html",  # 200 with a page for people
    "text",  # 200 with plain text
    "empty",  # 200 with no body
    "wrong_json",  # 200 with JSON of another system
    "wrong_shape",  # 200 with an envelope of Prometheus around nonsense
    "truncated",  # 200 with whole HTTP around half a JSON document
    "cut",  # the connection closes before the announced length
    "huge",  # 200 MB of JSON
    "announced_huge",  # 200 MB announced in the header
    "gzip_bomb",  # 200 MB in some 200 kB
    "redirect",  # to a sign-in page on another host
    "circle",  # to itself
    "echo_secrets",  # 400 with every header of the request in its text
]
MODES: tuple[Mode, ...] = get_args(Mode)

HUGE_BYTES = 200_000_000
REDIRECT_TARGET = "http://login.invalid/sign-in?next=%2Fapi"
_START = b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":['
_SAMPLE = b'[1700000000,"0.12345"],'
_PIECE = _SAMPLE * 4000
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
# RFC 8446, 5.1: the record type of a ClientHello. Nothing here speaks TLS, so the answer comes in plain text.
_TLS_HANDSHAKE = b"\x16"
_TRICKLE_SECONDS = 1.0


@dataclass(slots=True)
class BrokenServer:
    """A running broken server.

    Attributes:
        requests: Heads of the requests so far, as text.
        arrived: Set once a first request is there.
        hung_up: Set once a client has closed a connection before the answer was through.
    """

    url: str
    requests: list[str] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)


@contextmanager
def broken_server(mode: Mode) -> Iterator[str]:
    """Run a broken server and yield its URL."""
    with running_broken_server(mode) as server:
        yield server.url


@contextmanager
def running_broken_server(mode: Mode) -> Iterator[BrokenServer]:
    """Run a broken server and yield it, for a test that looks at what arrived."""
    if mode == "refused":
        with socket.socket() as reserved:
            # Bound but not listening: the port stays ours, and connecting to it is refused.
            reserved.bind(("127.0.0.1", 0))
            yield BrokenServer(_url(reserved))
        return
    with _Listener(mode) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield listener.told
        finally:
            listener.told.stopping.set()
            listener.shutdown()
            listener.close_connections()
            thread.join(timeout=10)


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, mode: Mode) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mode = mode
        self.told = BrokenServer(_url(self.socket))
        self._open: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self._open.append(connection)
        return connection, address

    def close_connections(self) -> None:
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        pass


class _Handler(socketserver.BaseRequestHandler):
    server: _Listener
    request: socket.socket

    def handle(self) -> None:
        told = self.server.told
        try:
            while (head := self._head()) and not told.stopping.is_set():
                told.requests.append(head)
                told.arrived.set()
                if not self._answer(head):
                    return
        except OSError:
            if not told.stopping.is_set():
                told.hung_up.set()

    def _head(self) -> str:
        received = b""
        while b"\r\n\r\n" not in received:
            piece = self.request.recv(65536)
            if not piece:
                return ""
            received += piece
            if received.startswith(_TLS_HANDSHAKE):
                return "a TLS handshake"
        head, _, body = received.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        missing = int(lengths[0]) - len(body) if lengths else 0
        while missing > 0:
            missing -= len(self.request.recv(65536))
        return head.decode("latin-1")

    def _answer(self, head: str) -> bool:
        """Answer one request; return whether the connection stays open."""
        mode = self.server.mode
        if mode in _UNUSUAL:
            _UNUSUAL[mode](self)
            return False
        if mode == "echo_secrets":
            text = json.dumps({"status": "error", "errorType": "bad_data", "error": f"you sent {head}"})
            self.send(400, text.encode(), {"Content-Type": "application/json"})
            return True
        self.send(*_PLAIN[mode])
        return True

    def send(self, status: int, body: bytes, headers: Mapping[str, str], *, length: int | None = None) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body) if length is None else length}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.request.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def wait_for_hangup(self) -> None:
        """Stay until the client closes, and note it."""
        while not self.server.told.stopping.is_set():
            if not self.request.recv(1024):
                self.server.told.hung_up.set()
                return

    def silence(self) -> None:
        self.wait_for_hangup()

    def trickle(self) -> None:
        self.send(200, b"", _JSON, length=1_000_000)
        for byte in _START:
            if self.server.told.stopping.wait(_TRICKLE_SECONDS):
                return
            self.request.sendall(bytes([byte]))

    def hang_up(self) -> None:
        pass

    def other_protocol(self) -> None:
        self.request.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        with suppress(OSError):
            self.request.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        self.send(200, _START + _SAMPLE * 10, _JSON, length=100_000)
        self.request.shutdown(socket.SHUT_WR)

    def pour(self) -> None:
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        self._chunk(_START)
        for _ in range(HUGE_BYTES // len(_PIECE)):
            self._chunk(_PIECE)
        self._chunk(b'[1,"1"]]}]}}')
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.request.sendall(b"%x\r\n%b\r\n" % (len(data), data))

    def pour_announced(self) -> None:
        self.send(200, _START, _JSON, length=HUGE_BYTES)
        for _ in range(HUGE_BYTES // len(_PIECE)):
            self.request.sendall(_PIECE)

    def bomb(self) -> None:
        self.send(200, _bomb(), {**_JSON, "Content-Encoding": "gzip"})
        self.wait_for_hangup()


_JSON = {"Content-Type": "application/json"}
_HTML = {"Content-Type": "text/html; charset=utf-8"}
_PLAIN: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "401": (401, _PAGE, _HTML),
    "403": (403, b"RBAC: access denied", {}),
    "404": (404, b"404 page not found\n", {"Content-Type": "text/plain"}),
    "429": (429, b"too many", {"Retry-After": "3600"}),
    "500": (500, b"boom", {}),
    "502": (502, _PAGE, _HTML),
    "503": (503, b"no healthy upstream", {"Retry-After": "3600"}),
    "504": (504, _PAGE, _HTML),
    "html": (200, _PAGE, _HTML),
    "text": (200, b"Prometheus is Healthy.", {"Content-Type": "text/plain"}),
    "empty": (200, b"", _JSON),
    "wrong_json": (200, b'{"took": 3, "hits": []}', _JSON),
    "wrong_shape": (
        200,
        b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":[],"value":7}]}}',
        _JSON,
    ),
    "truncated": (200, _START + _SAMPLE * 10, _JSON),
    "redirect": (302, b"", {"Location": REDIRECT_TARGET}),
    "circle": (302, b"", {"Location": "/circle"}),
}
_UNUSUAL: dict[str, Callable[[_Handler], None]] = {
    "silent": _Handler.silence,
    "slow": _Handler.trickle,
    "hangup": _Handler.hang_up,
    "not_http": _Handler.other_protocol,
    "cut": _Handler.cut,
    "huge": _Handler.pour,
    "announced_huge": _Handler.pour_announced,
    "gzip_bomb": _Handler.bomb,
}


@cache
def _bomb() -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6) as stream:
        stream.write(_START)
        for _ in range(HUGE_BYTES // len(_PIECE)):
            stream.write(_PIECE)
    return packed.getvalue()


def _url(bound: socket.socket) -> str:
    return f"http://127.0.0.1:{bound.getsockname()[1]}"
