"""Where a system is, and what is refused before anything is sent."""

import pytest

from connectors.http import BasicAuth, BearerToken, Endpoint
from sre.core.errors import ConfigError

SECRET = "s3cret-Token-42"


def test_credentials_in_the_address_move_into_basic_auth() -> None:
    """Our choice: the attribute `base_url` never holds a secret."""
    endpoint = Endpoint("https://ann:p%40ss@prom.example.com:8443/prometheus/")
    assert endpoint.base_url == "https://prom.example.com:8443/prometheus"
    assert endpoint.auth == BasicAuth("ann", "p@ss")


def test_the_origin_shows_scheme_host_and_port_alone() -> None:
    """Our choice: a path may hold a tenant's key."""
    assert Endpoint("http://ann:x@h.example:9090/key-123/").origin == "http://h.example:9090"


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint(f"https://ann:{SECRET}@prom.example.com"),
        Endpoint("https://prom.example.com", auth=BearerToken(SECRET)),
        Endpoint("https://prom.example.com", auth=BasicAuth("ann", SECRET)),
        Endpoint("https://prom.example.com", headers={"X-Api-Key": SECRET}),
    ],
    ids=["address", "token", "password", "header"],
)
def test_repr_shows_no_secret(endpoint: Endpoint) -> None:
    """Source: design.md, promise 4."""
    assert SECRET not in repr(endpoint)
    assert SECRET not in str(endpoint.auth)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "prometheus:9090",
        "ftp://prom.example.com",
        "http://",
        "http://h:99999",
        "http://h:0",
        "http://[::1",
        "http://h/a b",
        "http://h/\x00",
        f"http://h/?token={SECRET}",
        f"http://h/#{SECRET}",
    ],
)
def test_an_address_that_cannot_work_is_refused_without_being_shown(url: str) -> None:
    """Our choice."""
    with pytest.raises(ConfigError) as caught:
        Endpoint(url)
    assert caught.value.setting == "url"
    assert SECRET not in caught.value.explained()
    assert caught.value.next_steps


def test_credentials_given_twice_are_refused() -> None:
    """Our choice: which of them counts must not be a guess."""
    with pytest.raises(ConfigError, match="twice"):
        Endpoint(f"https://ann:{SECRET}@h.example", auth=BearerToken("other"))


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ümlaut", "nul\x00"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    """Source: RFC 9110, 5.5."""
    with pytest.raises(ConfigError) as caught:
        BearerToken(token)
    assert caught.value.setting == "token"


@pytest.mark.parametrize(
    "headers", [{"X Bad": "a"}, {"": "a"}, {"X": f"{SECRET}\r\nHost: evil"}, {"X": f"{SECRET}\u0000"}]
)
def test_a_header_that_would_break_the_request_is_refused(headers: dict[str, str]) -> None:
    """Source: RFC 9110, 5.1 and 5.5; request smuggling through line breaks."""
    with pytest.raises(ConfigError) as caught:
        Endpoint("http://h.example", headers=headers)
    assert SECRET not in caught.value.explained()


@pytest.mark.parametrize("name", ["timeout_seconds", "concurrency", "max_body_bytes"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_limit_of_nothing_is_refused(name: str, value: float) -> None:
    """Our choice: such a limit would let no request through."""
    with pytest.raises(ConfigError):
        Endpoint("http://h.example", **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "is_loopback"),
    [
        ("http://localhost:9090", True),
        ("http://127.0.0.1", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:9090", True),
        ("http://127.evil.example", False),
        ("http://10.0.0.1", False),
        ("http://localhost.example.com", False),
    ],
)
def test_loopback_addresses_are_told_from_others(url: str, is_loopback: bool) -> None:
    """Source: RFC 1122, 3.2.1.3 (127.0.0.0/8) and RFC 4291, 2.5.3 (::1)."""
    assert Endpoint(url).is_loopback is is_loopback
