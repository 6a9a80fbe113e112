"""Everything that goes wrong between two machines, on real sockets."""

import subprocess
import sys
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from connectors.http import BearerToken, Endpoint, HttpClient, Request
from sre.core.errors import BadResponseError, SreError, TimedOutError, UnavailableError
from tests.support.broken_server import HUGE_BYTES, Mode, broken_server, running_broken_server

pytestmark = pytest.mark.anyio
SECRET = "s3cret-Token-42"
REPOSITORY = Path(__file__).parents[3]
BOUND_SECONDS = 10


async def failure_of(url: str, *, timeout_seconds: float = 20.0, max_body_bytes: int = 1_000_000) -> SreError:
    """Return the error of one question; its chain must be empty and its text without our secret."""
    endpoint = Endpoint(url, timeout_seconds=timeout_seconds, max_body_bytes=max_body_bytes, auth=BearerToken(SECRET))
    client = HttpClient(endpoint, system="prom")
    with anyio.fail_after(BOUND_SECONDS), pytest.raises(SreError) as caught:
        await client.send(Request("/q"))
    await client.aclose()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert SECRET not in caught.value.explained() + repr(caught.value)
    return caught.value


CASES: list[tuple[Mode, type[SreError], str]] = [
    ("refused", UnavailableError, "refused the connection"),
    ("hangup", UnavailableError, "closed the connection without an answer"),
    ("not_http", BadResponseError, "does not speak HTTP"),
    ("cut", BadResponseError, "in the middle of its answer"),
    ("huge", BadResponseError, "more than"),
    ("announced_huge", BadResponseError, "more than"),
    ("gzip_bomb", BadResponseError, "more than"),
    ("redirect", BadResponseError, "login.invalid"),
    ("circle", BadResponseError, "circle"),
]


@pytest.mark.parametrize(("mode", "kind", "told"), CASES, ids=[case[0] for case in CASES])
async def test_each_way_to_break_has_its_error(mode: Mode, kind: type[SreError], told: str) -> None:
    """Source: issue 2, "tried against a broken server"."""
    with broken_server(mode) as url:
        error = await failure_of(url)
    assert type(error) is kind
    assert told in error.message


async def test_a_silent_server_is_given_up_in_time() -> None:
    """Source: issue 2."""
    with broken_server("silent") as url:
        error = await failure_of(url, timeout_seconds=0.4)
    assert type(error) is TimedOutError
    assert "did not answer within 400ms" in error.message


async def test_one_byte_a_second_does_not_stretch_the_deadline() -> None:
    """Source: issue 2: the deadline is for the whole, not for each read."""
    with broken_server("slow") as url:
        error = await failure_of(url, timeout_seconds=1.5)
    assert type(error) is TimedOutError
    assert "still sending after 1s500ms" in error.message


async def test_a_name_that_does_not_resolve_is_told() -> None:
    """Source: RFC 6761, 6.4: `.invalid` never resolves."""
    error = await failure_of("http://prometheus.invalid:9090")
    assert type(error) is UnavailableError
    assert "does not resolve" in error.message


async def test_a_loopback_address_is_asked_without_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Our choice, as Go and so promtool do it."""
    with broken_server("refused") as dead, broken_server("html") as url:
        monkeypatch.setenv("HTTP_PROXY", dead)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        client = HttpClient(Endpoint(url), system="prom")
        assert (await client.send(Request("/q"))).status == 200
        await client.aclose()


async def test_other_addresses_are_asked_through_it_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our choice, as curl and promtool do it; a proxy that is down is pointed at."""
    with running_broken_server("html") as proxy, broken_server("refused") as dead:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        client = HttpClient(Endpoint("http://prometheus.invalid"), system="prom")
        assert (await client.send(Request("/q"))).status == 200
        await client.aclose()
        assert proxy.requests[0].startswith("GET http://prometheus.invalid/q ")
        without = HttpClient(Endpoint("http://prometheus.invalid", proxy_from_environment=False), system="prom")
        with pytest.raises(UnavailableError, match="does not resolve"):
            await without.send(Request("/q"))
        await without.aclose()
        monkeypatch.setenv("HTTP_PROXY", dead)
        assert "NO_PROXY" in (await failure_of("http://prometheus.invalid")).explained()


@pytest.mark.parametrize("mode", ["silent", "slow", "huge"])
async def test_cancelling_closes_the_connection(mode: Mode) -> None:
    """Our choice: the other side stops working for nobody."""
    with running_broken_server(mode) as server:
        client = HttpClient(Endpoint(server.url, max_body_bytes=10 * HUGE_BYTES), system="prom")
        async with anyio.create_task_group() as group:
            group.start_soon(client.send, Request("/q"))
            assert await anyio.to_thread.run_sync(server.arrived.wait, BOUND_SECONDS)
            group.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(server.hung_up.wait, BOUND_SECONDS)
        await client.aclose()


async def test_a_deadline_closes_the_connection_too() -> None:
    """Our choice."""
    with running_broken_server("silent") as server:
        client = HttpClient(Endpoint(server.url, timeout_seconds=0.2), system="prom")
        with pytest.raises(TimedOutError):
            await client.send(Request("/q"))
        assert await anyio.to_thread.run_sync(server.hung_up.wait, BOUND_SECONDS)
        await client.aclose()


@pytest.mark.parametrize("mode", ["announced_huge", "huge", "gzip_bomb"])
async def test_200_mb_of_body_do_not_cost_200_mb_of_memory(mode: Mode) -> None:
    """Source: issue 2. Measured as the peak of resident memory of a process of its own, with the default cap."""
    program = """
import resource, sys, anyio
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from sre.core.errors import BadResponseError
from datetime import UTC, datetime

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)

async def main():
    small, large = (PrometheusClient(Endpoint(url)) for url in sys.argv[1:])
    at = datetime.now(tz=UTC)
    grown = []
    for client in (small, large):
        before = peak_mb()
        try:
            await client.instant_query("up", at=at)
        except BadResponseError:
            grown.append(peak_mb() - before)
        await client.aclose()
    print(grown[1])

anyio.run(main)
"""
    with broken_server("wrong_json") as small, broken_server(mode) as large:
        command = [sys.executable, "-c", program, small, large]
        run = await anyio.to_thread.run_sync(
            lambda: subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)
        )
    assert float(run.stdout) < 60
