"""Where a system is and how to be let in.

Nothing here prints a secret: `repr` shows neither credentials nor headers.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from sre.core.errors import ConfigError

MIB = 1024 * 1024

# RFC 9110, 5.1 (a field name is a token) and 5.5 (what a field value may hold; we keep to visible ASCII and space).
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
# RFC 6750, 2.1: what a bearer token may consist of is narrower still, but vendors do not all keep to it.
_TOKEN = re.compile(r"[\x21-\x7e]+")


def bearer(token: str) -> str:
    """Return the Authorization of a bearer token (RFC 6750, 2.1)."""
    return f"Bearer {token}"


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A token that does not change while the process runs.

    Attributes:
        scheme: Makes the Authorization header of it, for systems with a spelling of their own.
    """

    token: str = field(repr=False)
    scheme: Callable[[str], str] = field(default=bearer, repr=False)

    def __post_init__(self) -> None:
        require_token(self.token, setting="token")


@dataclass(frozen=True, slots=True)
class BearerTokenFile:
    """A file that holds the token; read anew for each request, since it may be rotated."""

    path: str
    scheme: Callable[[str], str] = field(default=bearer, repr=False)


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """User name and password (RFC 7617)."""

    username: str
    password: str = field(repr=False)


Auth: TypeAlias = BearerToken | BearerTokenFile | BasicAuth


@dataclass(frozen=True, slots=True)
class Tls:
    """How an https endpoint is trusted, and how we prove who we are.

    Attributes:
        ca_file: PEM file of the authorities to trust; None trusts those of the machine and of `certifi`.
        cert_file: PEM file with our client certificate, and the key if `key_file` is None.
        verify: False accepts any certificate: for a laboratory only.
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One HTTP system.

    Attributes:
        base_url: http or https, with a path prefix if the system is served under one. Credentials written into it
            move to `auth`, so the attribute never holds them.
        timeout_seconds: Bound on one call as a whole: waiting for a free place, connecting, retries and reading.
        concurrency: Requests under way at the same time; more wait their turn. Prometheus itself runs 20 by default.
        max_body_bytes: Largest body that is read, after decompression. With decoding, a call holds about twice that.
        headers: Sent with every request, for example `X-Scope-OrgID`; their values count as secret.
        proxy_from_environment: Honour HTTPS_PROXY, HTTP_PROXY and NO_PROXY as curl and promtool do. A loopback
            address never goes through a proxy.
    """

    base_url: str
    timeout_seconds: float = 30.0
    concurrency: int = 16
    max_body_bytes: int = 32 * MIB
    tls: Tls = field(default_factory=Tls)
    auth: Auth | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy_from_environment: bool = True

    def __post_init__(self) -> None:
        for name in ("timeout_seconds", "concurrency", "max_body_bytes"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be greater than 0.", setting=name)
        parts = _split(self.base_url)
        if parts.username is not None or parts.password is not None:
            object.__setattr__(self, "auth", _auth_of(parts, given=self.auth))
        object.__setattr__(self, "base_url", _bare_url(parts))
        object.__setattr__(self, "headers", _checked_headers(self.headers))

    @property
    def origin(self) -> str:
        """Scheme, host and port: all of the address that messages show."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_loopback(self) -> bool:
        """Whether the system runs on this machine."""
        host = urlsplit(self.base_url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def require_token(token: str, *, setting: str) -> None:
    """Raise ConfigError unless `token` can be sent in a header; the message does not show it."""
    if not _TOKEN.fullmatch(token):
        raise ConfigError(
            "The bearer token is empty or holds spaces, line breaks or characters outside ASCII.",
            setting=setting,
            next_steps=("Set the token alone, without the word Bearer and without quotes.",),
        )


def _split(url: str) -> SplitResult:
    problem = ConfigError(
        "The address is not a plain http or https URL.",
        setting="url",
        next_steps=("Write it like https://prometheus.example.com or http://127.0.0.1:9090/prometheus.",),
    )
    try:
        parts = urlsplit(url.strip())
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise problem from None
    if parts.scheme not in {"http", "https"} or not has_host or re.search(r"[\x00-\x20\x7f]", url.strip()):
        raise problem
    if parts.query or parts.fragment:
        raise ConfigError(
            "The address has a part after `?` or `#`, which requests cannot keep.",
            setting="url",
            next_steps=("Remove it; a token belongs into the token or header settings.",),
        )
    return parts


def _auth_of(parts: SplitResult, *, given: Auth | None) -> Auth:
    if given is not None:
        raise ConfigError(
            "Credentials are set twice: inside the address and on their own.",
            setting="url",
            next_steps=("Remove the part before `@` from the address.",),
        )
    return BasicAuth(unquote(parts.username or ""), unquote(parts.password or ""))


def _bare_url(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def _checked_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ConfigError("The name of an extra header is not a valid header name.", setting="headers")
        if not _HEADER_VALUE.fullmatch(value):
            raise ConfigError(
                f"The value of the extra header {name} holds line breaks or characters outside ASCII.",
                setting="headers",
            )
    return MappingProxyType(dict(headers))
