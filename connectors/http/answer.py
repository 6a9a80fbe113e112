"""What a system answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.http.credentials import Credentials


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

    def excerpt(self, limit: int) -> str:
        """Return the beginning of the body as text."""
        window = self.credentials.masked(self.body[: 16 * limit].decode("utf-8", errors="replace"))
        return window[:limit]
