"""HTTP is for loopback unless hosts are listed and a token is set; then nothing gets in without the token."""

from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from server.app import build
from server.http import Address, BearerGate, check_exposure, http_app, parse_address
from server.settings import HttpSettings
from sre.core.errors import ConfigError, InputError
from tests.support.mcp import deps_with

TOKEN = "a-token-of-decent-length"
EXPOSED = Address("0.0.0.0", 8000)
LISTED = HttpSettings(allowed_hosts=("sre.example.org",), token=SecretStr(TOKEN))
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
JSON_HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", Address("127.0.0.1", 8000)),
        ("[::1]:80", Address("::1", 80)),
        ("9000", Address("127.0.0.1", 9000)),
        (":9000", Address("127.0.0.1", 9000)),
        ("localhost:1", Address("localhost", 1)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert address.is_loopback


@pytest.mark.parametrize("text", ["", "host", "host:port", "127.0.0.1:99999", "127.0.0.1:-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_address(text)


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        (HttpSettings(), "http.allowed_hosts"),
        (HttpSettings(token=SecretStr(TOKEN)), "http.allowed_hosts"),
        (HttpSettings(allowed_hosts=("sre.example.org",)), "http.token_file"),
        (HttpSettings(allowed_hosts=("sre.example.org",), token=SecretStr("short")), "http.token"),
    ],
)
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "sre.example.org"])
def test_an_exposed_address_needs_hosts_and_a_token(host: str, settings: HttpSettings, setting: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_exposure(Address(host, 8000), settings)
    assert caught.value.setting == setting


def test_an_exposed_address_with_both_is_served_and_loopback_needs_neither() -> None:
    check_exposure(EXPOSED, LISTED)
    check_exposure(Address("127.0.0.1", 8000), HttpSettings())


async def _status(settings: HttpSettings, *, path: str = "/mcp", **headers: str) -> int:
    """Send one request through the whole ASGI application, lifespan included."""
    app = http_app(
        build(deps_with()), address=EXPOSED if settings.allowed_hosts else Address("127.0.0.1", 8000), settings=settings
    )
    inner = app._app if isinstance(app, BearerGate) else app
    async with (
        inner.router.lifespan_context(inner),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8000", headers=JSON_HEADERS
        ) as client,
    ):
        answer = await client.request("GET" if path == "/healthz" else "POST", path, json=PING, headers=headers)
        return answer.status_code


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong-token-of-length"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "sre.example.org"}, 200),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "evil.example.org"}, 421),
        ({"Authorization": f"Bearer {TOKEN}", "Origin": "https://evil.example.org"}, 403),
    ],
)
async def test_only_the_right_token_and_host_get_in(headers: dict[str, str], status: int) -> None:
    assert await _status(LISTED, **headers) == status


@pytest.mark.anyio
async def test_loopback_checks_host_and_origin_without_a_token() -> None:
    assert await _status(HttpSettings()) == 200
    assert await _status(HttpSettings(), Host="evil.example.org") == 421
    assert await _status(HttpSettings(), Origin="http://evil.example.org") == 403


@pytest.mark.anyio
async def test_the_health_check_needs_no_token() -> None:
    assert await _status(LISTED, path="/healthz") == 200


@pytest.mark.anyio
async def test_a_rotated_token_file_works_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n", encoding="utf-8")
    settings = HttpSettings(allowed_hosts=("sre.example.org",), token_file=path)
    assert await _status(settings, Authorization=f"Bearer {TOKEN}") == 200
    path.write_text("the-next-token-of-length", encoding="utf-8")
    assert await _status(settings, Authorization=f"Bearer {TOKEN}") == 401


def test_an_unreadable_or_empty_token_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        check_exposure(EXPOSED, HttpSettings(allowed_hosts=("h",), token_file=tmp_path / "no"))
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="is empty"):
        check_exposure(EXPOSED, HttpSettings(allowed_hosts=("h",), token_file=tmp_path / "empty"))
