"""What is sent to an endpoint: a request, one exchange of it, and where a redirect takes it."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urljoin, urlsplit

from connectors.http.answer import Answer
from connectors.http.credentials import Credentials

Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Request:
    """A question to an endpoint.

    Attributes:
        path: Below the base URL, starting with `/`, escaped.
        params: Sent in the address, or as a form where that would be too long.
        may_post: Whether the system takes this request as a form too.
        method: Anything but GET changes something: it is sent once, and again only where the system says that it did
            not take it (429).
        json_body: What to write, as JSON.
        headers: Sent with this request; not secret.
        secrets: What the body holds and no message may show.
    """

    path: str
    params: tuple[tuple[str, str], ...] = ()
    may_post: bool = False
    method: Method = "GET"
    json_body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_write(self) -> bool:
        """Whether it changes something, so that sending it twice is not the same as once."""
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Call:
    """One exchange: what is sent where."""

    url: str
    query: str = field(repr=False)
    posts: bool
    credentials: Credentials
    own_headers: tuple[tuple[str, str], ...] = ()
    method: Method = "GET"
    json_body: bytes = field(default=b"", repr=False)

    @property
    def address(self) -> str:
        """With the query, unless that is sent as a form."""
        return self.url if self.posts or not self.query else f"{self.url}?{self.query}"

    @property
    def content(self) -> bytes | None:
        """The body."""
        return self.query.encode() if self.posts else self.json_body or None

    @property
    def headers(self) -> dict[str, str]:
        """Those of the request, of the credentials and of the body."""
        kind = "application/x-www-form-urlencoded" if self.posts else "application/json" if self.json_body else ""
        return {**dict(self.own_headers), **self.credentials.headers, **({"Content-Type": kind} if kind else {})}


def target_of(answer: Answer, *, query: str, posts: bool) -> tuple[str, str, bool]:
    """Return where a redirect leads, with what, and whether as a form (RFC 9110, 15.4)."""
    target = answer.redirected_to.partition("#")[0]
    if posts and answer.status in {307, 308}:
        return target, query, True
    # A Location with its own query stands for the whole question.
    url, _, own_query = target.partition("?")
    return url, own_query or query, False


def absolute(location: str, *, base: str) -> str:
    """Return where a Location leads from the address that sent it."""
    try:
        return urljoin(base, location)
    except ValueError:
        return location


def is_same_origin(url: str, origin: str) -> bool:
    """Whether an address has scheme, host and port of an origin."""
    try:
        return _origin_of(url) == _origin_of(origin)
    except ValueError:
        return False


def _origin_of(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
