"""What a system answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.http.credentials import Credentials
from sre.core.text import cleaned, quoted

_REASON_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. The body is text from outside; the secrets we sent are masked in `excerpt`."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytearray = field(repr=False)
    credentials: Credentials = field(repr=False)
    redirected_to: str = ""

    @property
    def is_html(self) -> bool:
        """Whether this is a page for people: a sign-in form, a proxy's error, the wrong address."""
        kind = self.headers.get("content-type", "").lower()
        return "html" in kind or self.body[:256].lstrip().lower().startswith((b"<!doctype", b"<html"))

    def quoted(self, said: str) -> str:
        """Return what the system says in it, without the secrets we sent, as it may stand in a message."""
        return quoted(self.credentials.masked(cleaned(said, limit=4 * _REASON_LIMIT)), limit=_REASON_LIMIT)

    def excerpt(self, limit: int) -> str:
        """Return the beginning of the body as text."""
        window = self.credentials.masked(self.body[: 16 * limit].decode("utf-8", errors="replace"))
        return window[:limit]
