"""What is sent, how often, and what is made of it: against a transport in memory."""

import gzip
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import anyio
import httpx
import pytest

from connectors.http import Answer, Auth, BasicAuth, BearerToken, BearerTokenFile, Endpoint, HttpClient, Pacing, Request
from connectors.http.request import Method
from sre.core.errors import (
    AuthDeniedError,
    BadResponseError,
    ConfigError,
    RateLimitedError,
    TimedOutError,
    UnavailableError,
    UpstreamError,
)

pytestmark = pytest.mark.anyio
SECRET = "s3cret-Token-42"
BASE = "http://prom.invalid:9090/prefix"
NOW = datetime(2015, 10, 21, 7, 27, 0, tzinfo=UTC)
Reply = httpx.Response | Exception


class Wire:
    """Replies one after the other, the last one for ever; keeps requests and pauses."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def handled(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def slept(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def client(
        self, endpoint: Endpoint | None = None, *, is_final: Callable[[Answer], bool] = lambda _: False
    ) -> HttpClient:
        pacing = Pacing(sleep=self.slept, uniform=lambda: 0.0, now=lambda: NOW)
        transport = httpx.MockTransport(self.handled)
        return HttpClient(
            endpoint or Endpoint(BASE), system="prom", pacing=pacing, transport=transport, is_final=is_final
        )


def ok() -> httpx.Response:
    return httpx.Response(200, json={"fine": True})


async def test_a_question_is_asked_below_the_prefix_with_its_parameters() -> None:
    """Source: the base URL may hold a path prefix (design.md, 2)."""
    wire = Wire(ok())
    answer = await wire.client().send(Request("/api/v1/query", (("query", 'up{a="b c"}'), ("time", "1"))))
    assert answer.status == 200
    assert wire.requests[0].url.path == "/prefix/api/v1/query"
    assert wire.requests[0].url.params.multi_items() == [("query", 'up{a="b c"}'), ("time", "1")]


async def test_a_long_question_goes_as_a_form_and_a_short_one_in_the_address() -> None:
    """Our choice: above 2 kB, since proxies cut long request lines."""
    wire = Wire(ok())
    client = wire.client()
    for length in (100, 5000):
        await client.send(Request("/q", (("query", "x" * length),), may_post=True))
    assert [request.method for request in wire.requests] == ["GET", "POST"]
    assert wire.requests[1].content == b"query=" + b"x" * 5000
    assert wire.requests[1].headers["content-type"] == "application/x-www-form-urlencoded"
    assert not wire.requests[1].url.query


async def test_a_long_question_stays_in_the_address_where_no_form_is_taken() -> None:
    """Source: Prometheus takes a form for queries, series and labels, but not for label values."""
    wire = Wire(ok())
    await wire.client().send(Request("/q", (("query", "x" * 5000),)))
    assert wire.requests[0].method == "GET"


async def test_a_proxy_without_post_is_asked_in_the_address_from_then_on() -> None:
    """Our choice: 405 is remembered, so that it costs one request and not one each time."""
    wire = Wire(httpx.Response(405), ok())
    client = wire.client()
    for _ in range(2):
        assert (await client.send(Request("/q", (("query", "x" * 5000),), may_post=True))).status == 200
    assert [request.method for request in wire.requests] == ["POST", "GET", "GET"]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_refusal_for_now_is_repeated_after_what_it_asks_for(status: int) -> None:
    """Source: RFC 9110, 10.2.3."""
    wire = Wire(httpx.Response(status, headers={"Retry-After": "2"}), ok())
    assert (await wire.client().send(Request("/q"))).status == 200
    assert wire.pauses == [2.0]


async def test_a_date_to_come_back_at_is_compared_with_the_clock_of_the_server() -> None:
    """Our choice: our own clock may be wrong by hours; the `Date` of the same answer is not."""
    headers = {"Date": "Mon, 01 Jan 2024 00:00:00 GMT", "Retry-After": "Mon, 01 Jan 2024 00:00:04 GMT"}
    wire = Wire(httpx.Response(503, headers=headers), ok())
    await wire.client().send(Request("/q"))
    assert wire.pauses == [4.0]


async def test_without_a_date_our_clock_is_used() -> None:
    """Our choice."""
    wire = Wire(httpx.Response(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:27:03 GMT"}), ok())
    await wire.client().send(Request("/q"))
    assert wire.pauses == [3.0]


async def test_patience_ends_after_three_attempts() -> None:
    """Our choice."""
    wire = Wire(httpx.Response(429))
    with pytest.raises(RateLimitedError) as caught:
        await wire.client().checked(Request("/q"))
    assert len(wire.requests) == 3
    assert caught.value.retryable


async def test_a_wait_longer_than_our_patience_is_not_waited_for_but_told() -> None:
    """Our choice: at most 10 s of waiting in one call."""
    wire = Wire(httpx.Response(429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimitedError, match="asks to wait 1h"):
        await wire.client().checked(Request("/q"))
    assert len(wire.requests) == 1
    assert wire.pauses == []


async def test_all_waits_of_a_call_together_are_bounded() -> None:
    """Our choice: 6 s and 6 s again would be more than the 10 s allowed."""
    wire = Wire(httpx.Response(503, headers={"Retry-After": "6"}))
    assert (await wire.client().send(Request("/q"))).status == 503
    assert wire.pauses == [6.0]


async def test_a_considered_refusal_is_not_repeated() -> None:
    """Source: Prometheus answers 503 when a query ran into its time limit."""
    wire = Wire(httpx.Response(503))
    await wire.client(is_final=lambda _: True).send(Request("/q"))
    assert len(wire.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 500, 502, 504])
async def test_other_failures_are_not_repeated(status: int) -> None:
    """Our choice: repeating them costs the system and changes nothing."""
    wire = Wire(httpx.Response(status))
    assert (await wire.client().send(Request("/q"))).status == status
    assert len(wire.requests) == 1


async def test_a_connection_that_had_gone_stale_is_replaced_once() -> None:
    """Source: RFC 9110, 9.2.2: a safe request may be repeated when the connection closed before an answer."""
    stale = httpx.RemoteProtocolError("Server disconnected without sending a response.")
    wire = Wire(stale, ok())
    assert (await wire.client().send(Request("/q"))).status == 200
    wire = Wire(stale)
    with pytest.raises(UnavailableError):
        await wire.client().send(Request("/q"))
    assert len(wire.requests) == 2


STATUSES: list[tuple[int, type[UpstreamError], bool]] = [
    (401, AuthDeniedError, False),
    (403, AuthDeniedError, False),
    (407, AuthDeniedError, False),
    (408, TimedOutError, True),
    (418, BadResponseError, False),
    (429, RateLimitedError, True),
    (500, UnavailableError, True),
    (501, UnavailableError, False),
    (502, UnavailableError, True),
    (503, UnavailableError, True),
    (504, TimedOutError, True),
    (304, BadResponseError, False),
]


@pytest.mark.parametrize(("status", "kind", "retryable"), STATUSES)
async def test_each_status_has_its_error(status: int, kind: type[UpstreamError], retryable: bool) -> None:
    """Source: style.md, 4."""
    with pytest.raises(UpstreamError) as caught:
        await Wire(httpx.Response(status)).client().checked(Request("/q"))
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.retryable, caught.value.system) == (status, retryable, "prom")
    assert caught.value.next_steps


async def test_a_redirect_within_the_origin_is_followed_with_credentials() -> None:
    """Our choice: a prefix or a slash that is added."""
    wire = Wire(httpx.Response(301, headers={"Location": "/new/q"}), ok())
    await wire.client(Endpoint(BASE, auth=BearerToken(SECRET))).send(Request("/q", (("a", "1"),)))
    assert str(wire.requests[1].url) == "http://prom.invalid:9090/new/q?a=1"
    assert wire.requests[1].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "location",
    [
        "http://elsewhere.invalid/login",
        "//elsewhere.invalid:9090/",
        "https://prom.invalid:9090/prefix/q",
        "http://prom.invalid/prefix/q",
        f"http://user:{SECRET}@elsewhere.invalid/",
        "http://[broken/",
        "file:///etc/passwd",
    ],
)
async def test_credentials_never_go_to_another_origin(location: str) -> None:
    """Our choice: another host, port or scheme is refused, and named without its own credentials."""
    wire = Wire(httpx.Response(302, headers={"Location": location}))
    with pytest.raises(BadResponseError) as caught:
        await wire.client(Endpoint(BASE, auth=BearerToken(SECRET))).send(Request("/q"))
    assert len(wire.requests) == 1
    assert SECRET not in caught.value.explained()


@pytest.mark.parametrize(("status", "method"), [(307, "POST"), (308, "POST"), (301, "GET"), (302, "GET"), (303, "GET")])
async def test_a_redirected_form_keeps_its_question(status: int, method: str) -> None:
    """Source: RFC 9110, 15.4: 307 and 308 keep the method; the others may become GET."""
    wire = Wire(httpx.Response(status, headers={"Location": "/there"}), ok())
    await wire.client().send(Request("/q", (("query", "x" * 5000),), may_post=True))
    again = wire.requests[1]
    assert again.method == method
    assert b"x" * 5000 in (again.content or again.url.query)


async def test_a_circle_of_redirects_ends() -> None:
    """Our choice: three at most."""
    wire = Wire(httpx.Response(302, headers={"Location": "/q"}))
    with pytest.raises(BadResponseError, match="circle"):
        await wire.client().send(Request("/q"))
    assert len(wire.requests) == 4


AUTHS: list[tuple[Auth | None, str | None]] = [
    (BearerToken(SECRET), f"Bearer {SECRET}"),
    # Worked example of RFC 7617, 2.
    (BasicAuth("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    # RFC 7617, 2.1: UTF-8.
    (BasicAuth("test", "123£"), "Basic dGVzdDoxMjPCow=="),
    (None, None),
]


@pytest.mark.parametrize(("auth", "header"), AUTHS)
async def test_credentials_are_sent_as_the_standards_say(auth: Auth | None, header: str | None) -> None:
    """Source: RFC 6750, 2.1 and RFC 7617, 2."""
    wire = Wire(ok())
    await wire.client(Endpoint(BASE, auth=auth, headers={"X-Scope-OrgID": "team-a"})).send(Request("/q"))
    assert wire.requests[0].headers.get("authorization") == header
    assert wire.requests[0].headers["x-scope-orgid"] == "team-a"


async def test_a_token_file_is_read_anew_for_each_request(tmp_path: Path) -> None:
    """Source: issue 2; tokens of Kubernetes are rotated in place."""
    file = tmp_path / "token"
    wire = Wire(ok())
    client = wire.client(Endpoint(BASE, auth=BearerTokenFile(str(file))))
    for token in ("first", "second\n"):
        file.write_text(token)
        await client.send(Request("/q"))
    assert [request.headers["authorization"] for request in wire.requests] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("content", [None, b"", b"\n", b"two words", b"\xff\xfe", b"a\x00b"])
async def test_a_token_file_that_cannot_be_used_is_the_operators_to_mend(tmp_path: Path, content: bytes | None) -> None:
    """Our choice."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    wire = Wire(ok())
    with pytest.raises(ConfigError) as caught:
        await wire.client(Endpoint(BASE, auth=BearerTokenFile(str(file)))).send(Request("/q"))
    assert caught.value.setting == "token_file"
    assert wire.requests == []


SECRETIVE: list[Auth] = [BearerToken(SECRET), BasicAuth("ann", SECRET)]


@pytest.mark.parametrize("auth", SECRETIVE, ids=["bearer", "basic"])
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_a_server_that_echoes_our_credentials_does_not_make_us_show_them(auth: Auth, status: int) -> None:
    """Source: design.md, promise 4. Debug pages of proxies print request headers."""
    endpoint = Endpoint(BASE, auth=auth, headers={"X-Api-Key": SECRET + "-key"})
    wire = Wire(ok())
    await wire.client(endpoint).send(Request("/q"))
    sent = dict(wire.requests[0].headers)
    echoing = Wire(httpx.Response(status, text=f"{sent} {SECRET}"))
    with pytest.raises(UpstreamError) as caught:
        await echoing.client(endpoint).checked(Request("/q"))
    shown = caught.value.explained() + repr(caught.value)
    assert SECRET not in shown
    assert sent["authorization"].split()[1] not in shown


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError(SECRET),
        httpx.ConnectTimeout(SECRET),
        httpx.ReadError(SECRET),
        httpx.LocalProtocolError(f"Illegal header value b'Bearer {SECRET}'"),
        httpx.ProxyError(SECRET),
        httpx.UnsupportedProtocol(SECRET),
        httpx.PoolTimeout(SECRET),
        OSError(SECRET),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_no_exception_of_a_library_shines_through(error: Exception) -> None:
    """Our choice: its text can hold headers and addresses, so neither it nor its chain is passed on."""
    with pytest.raises(UpstreamError) as caught:
        await Wire(error).client().send(Request("/q"))
    assert SECRET not in caught.value.explained()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_no_more_requests_are_under_way_than_allowed() -> None:
    """Source: issue 2, concurrency limit."""
    under_way, most, gate = 0, 0, anyio.Event()

    async def handled(_: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 3:
            gate.set()
        with anyio.fail_after(5):
            await gate.wait()
        await anyio.lowlevel.checkpoint()
        under_way -= 1
        return ok()

    client = HttpClient(Endpoint(BASE, concurrency=3), system="prom", transport=httpx.MockTransport(handled))
    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(client.send, Request("/q"))
    assert most == 3


async def test_time_in_the_queue_counts_and_is_told_as_such() -> None:
    """Our choice: a call ends within its time, whoever used it up."""

    async def handled(_: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    endpoint = Endpoint(BASE, concurrency=1, timeout_seconds=0.2)
    client = HttpClient(endpoint, system="prom", transport=httpx.MockTransport(handled))
    told: list[str] = []

    async def ask() -> None:
        with pytest.raises(TimedOutError) as caught:
            await client.send(Request("/q"))
        told.append(caught.value.message)

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)
    assert sorted("could start" in message for message in told) == [False, True]


async def test_a_body_above_the_cap_is_not_read_to_its_end() -> None:
    """Source: issue 2, streaming read with a size cap."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b"x" * 1000

    wire = Wire(httpx.Response(200, content=endless()))
    with pytest.raises(BadResponseError, match="more than 20000 bytes"):
        await wire.client(Endpoint(BASE, max_body_bytes=20_000)).send(Request("/q"))
    assert sent <= 22_000


async def test_an_error_page_of_any_size_is_read_only_in_its_beginning() -> None:
    """Our choice: its first words are enough."""
    wire = Wire(httpx.Response(500, content=b"boom " * 1_000_000))
    answer = await wire.client().send(Request("/q"))
    assert len(answer.body) <= 1_000_000
    assert answer.excerpt(4) == "boom"


async def test_gzip_is_asked_for_and_undone() -> None:
    """Source: RFC 9110, 8.4.1.3."""
    wire = Wire(httpx.Response(200, content=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}))
    answer = await wire.client().send(Request("/q"))
    assert wire.requests[0].headers["accept-encoding"] == "gzip"
    assert answer.body == b"{}"


async def test_a_closed_client_opens_again_when_asked() -> None:
    """Our choice: a server may be stopped and started inside one process."""
    wire = Wire(ok())
    client = wire.client()
    await client.send(Request("/q"))
    await client.aclose()
    await client.aclose()
    assert (await client.send(Request("/q"))).status == 200
    await client.aclose()


WRITE = Request("/api/v2/silences", method="POST", json_body=b'{"a": 1}')


async def test_a_write_carries_its_json() -> None:
    wire = Wire(ok())
    await wire.client().send(WRITE)
    assert (wire.requests[0].method, wire.requests[0].content) == ("POST", b'{"a": 1}')
    assert wire.requests[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("reply", [httpx.Response(503), httpx.Response(502), httpx.RemoteProtocolError("gone")])
async def test_a_write_that_may_have_been_carried_out_is_not_sent_again(reply: Reply) -> None:
    """Our choice: two silences are worse than one error."""
    wire = Wire(reply, ok())
    with pytest.raises(UpstreamError):
        await wire.client().checked(WRITE)
    assert len(wire.requests) == 1


async def test_a_write_that_was_refused_for_its_rate_is_sent_again() -> None:
    """Source: RFC 6585, 4: 429 means that the request was not served."""
    wire = Wire(httpx.Response(429, headers={"retry-after": "1"}), ok())
    assert (await wire.client().checked(WRITE)).status == 200
    assert len(wire.requests) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_write_does_not_follow_redirects(status: int) -> None:
    wire = Wire(httpx.Response(status, headers={"location": f"{BASE}/elsewhere"}), ok())
    with pytest.raises(BadResponseError):
        await wire.client().checked(WRITE)
    assert len(wire.requests) == 1


async def test_a_429_without_retry_after_is_waited_for_as_its_rate_limit_says() -> None:
    """Source: PagerDuty, "REST API Rate Limits": ratelimit-reset tells how many seconds to wait."""
    wire = Wire(httpx.Response(429, headers={"ratelimit-reset": "3"}), ok())
    assert (await wire.client().checked(Request("/x"))).status == 200
    assert wire.pauses == [3.0]


async def test_a_rate_limit_of_another_status_is_not_a_reason_to_wait_longer() -> None:
    """Our choice: PagerDuty tells its limits with every answer, so a 503 with them is waited for as any other."""
    wire = Wire(httpx.Response(503, headers={"ratelimit-reset": "60"}), ok())
    assert (await wire.client().checked(Request("/x"))).status == 200
    assert wire.pauses == [0.0]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_request_has_headers_of_its_own_and_secrets_in_its_body_are_masked(method: Method) -> None:
    """Our choice: what is not secret is not masked, and what is in the body is, wherever it comes back."""
    wire = Wire(httpx.Response(500, text=f"you sent {SECRET} for me@example.com"))
    request = Request("/x", method=method, headers=(("From", "me@example.com"),), secrets=(SECRET,))
    with pytest.raises(UnavailableError) as caught:
        await wire.client().checked(request)
    assert wire.requests[0].headers["from"] == "me@example.com"
    assert "you sent *** for me@example.com" in caught.value.message
    assert SECRET not in repr(request)


async def test_a_token_can_be_spelt_as_the_system_wants_it(tmp_path: Path) -> None:
    """Source: PagerDuty, "Authentication": Token token=..."""
    (tmp_path / "token").write_text(SECRET)

    def spelt(token: str) -> str:
        return f"Token token={token}"

    for auth in (BearerToken(SECRET, spelt), BearerTokenFile(str(tmp_path / "token"), spelt)):
        wire = Wire(ok())
        await wire.client(Endpoint(BASE, auth=auth)).checked(Request("/x"))
        assert wire.requests[0].headers["authorization"] == f"Token token={SECRET}"
        assert SECRET not in repr(auth)
