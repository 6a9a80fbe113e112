"""Streamable HTTP: who may connect, from where, and a health check.

Loopback is open, since the transport checks Host and Origin there. Any other address needs a list of host names and a
bearer token: without the list the SDK would switch its check off, and without the token the network could read.
"""

import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcp.server import MCPServer

from server.deps import Deps
from server.settings import HttpSettings
from server.version import product_version
from sre.core.errors import ConfigError, InputError
from sre.core.text import quoted

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

MCP_PATH = "/mcp"
HEALTH_PATH = "/healthz"
_MIN_TOKEN_CHARS = 16
_SHUTDOWN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> Address:
    """Return the address `HOST:PORT` (or `PORT`, or `[::1]:PORT`) names.

    Raises:
        InputError: Not an address, or the port is not 0..65535.
    """
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdecimal() or len(port) > 5 or int(port) > 65535:
        raise InputError(f"{quoted(text)} is not HOST:PORT.", field="--http", valid=("127.0.0.1:8000", "[::1]:8000"))
    return Address(host, int(port))


def check_exposure(address: Address, settings: HttpSettings) -> None:
    """Refuse an address that others can reach unless hosts are listed and a token is set.

    Raises:
        ConfigError: What is missing, and where to set it.
    """
    token = read_token(settings)
    if token is not None and len(token) < _MIN_TOKEN_CHARS:
        raise ConfigError(f"The HTTP token is shorter than {_MIN_TOKEN_CHARS} characters.", setting="http.token")
    if address.is_loopback:
        return
    if not settings.allowed_hosts:
        raise ConfigError(
            f"{quoted(address.host)} can be reached from other machines, and no host names are listed.",
            setting="http.allowed_hosts",
            next_steps=(
                'list the names clients use, for example allowed_hosts = ["sre.example.org"], in [http], or',
                "listen on 127.0.0.1 and put a proxy in front",
            ),
        )
    if token is None:
        raise ConfigError(
            f"{quoted(address.host)} can be reached from other machines, and no token is set.",
            setting="http.token_file",
            next_steps=("set token_file in [http] or SRE_MCP_HTTP_TOKEN in the environment",),
        )


def read_token(settings: HttpSettings) -> str | None:
    """Return the bearer token clients must send, or None when none is asked for."""
    if settings.token_file is not None:
        return _token_in(settings.token_file.expanduser())
    return settings.token.get_secret_value() if settings.token is not None else None


def _token_in(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"The token file {quoted(str(path))} cannot be read.", setting="http.token_file") from None
    if not token:
        raise ConfigError(f"The token file {quoted(str(path))} is empty.", setting="http.token_file")
    return token


def http_app(server: MCPServer[Deps], *, address: Address, settings: HttpSettings) -> "ASGIApp":
    """Return the ASGI application: `/mcp` behind its checks, `/healthz` open.

    Raises:
        ConfigError: The address is exposed without hosts and token.
    """
    from mcp.server.transport_security import TransportSecuritySettings

    check_exposure(address, settings)
    server.custom_route(HEALTH_PATH, methods=["GET"])(_health)
    hosts = ("127.0.0.1", "localhost", "[::1]", *settings.allowed_hosts)
    origins = tuple(f"http://{host}" for host in hosts[:3]) + settings.allowed_origins
    app = server.streamable_http_app(
        streamable_http_path=MCP_PATH,
        stateless_http=True,
        host=address.host,
        transport_security=TransportSecuritySettings(
            enable_dns_rebinding_protection=True,
            allowed_hosts=[form for host in hosts for form in (host, f"{host}:*")],
            allowed_origins=[form for origin in origins for form in (origin, f"{origin}:*")],
        ),
    )
    # The file is read at each request so that a rotated token works without a restart.
    has_token = read_token(settings) is not None
    return BearerGate(app, lambda: read_token(settings) or "") if has_token else app


class BearerGate:
    """Lets a request through only with the right bearer token; the health check needs none."""

    def __init__(self, app: "ASGIApp", expected_token: Callable[[], str]) -> None:
        self._app = app
        self._expected_token = expected_token

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] == HEALTH_PATH or self._is_allowed(scope):
            await self._app(scope, receive, send)
            return
        from starlette.responses import JSONResponse

        body = {"error": "unauthorized", "message": "Send the header: Authorization: Bearer TOKEN"}
        await JSONResponse(body, status_code=401, headers={"WWW-Authenticate": "Bearer"})(scope, receive, send)

    def _is_allowed(self, scope: "Scope") -> bool:
        headers = [value for name, value in scope["headers"] if name == b"authorization"]
        scheme, _, token = (headers[0] if len(headers) == 1 else b"").partition(b" ")
        expected = self._expected_token().encode()
        return scheme.lower() == b"bearer" and bool(expected) and hmac.compare_digest(token.strip(), expected)


async def _health(_request: "Request") -> "Response":
    from starlette.responses import JSONResponse

    return JSONResponse({"status": "ok", "version": product_version()})


def serve_http(server: MCPServer[Deps], *, address: Address, settings: HttpSettings) -> None:
    """Serve until interrupted.

    Raises:
        ConfigError: The address is exposed without hosts and token.
    """
    import uvicorn

    app = http_app(server, address=address, settings=settings)
    uvicorn.run(
        app, host=address.host, port=address.port, log_level="warning", timeout_graceful_shutdown=_SHUTDOWN_SECONDS
    )
