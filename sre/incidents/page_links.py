"""Which incidents of a paging system belong to a record: by link, by where it came from, by the key of its page."""

import re
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from sre.core.oncall import PagedIncident
from sre.core.times import format_instant
from sre.incidents.records.model import Incident

# Entries of this word say where something came from: an id, an address or a key of the paging system.
ORIGIN = "origin"
# Longer texts are no keys: PagerDuty keeps 255 characters.
_MAX_KEY = 255
# PagerDuty's ids of incidents are capitals and digits, P or Q first; names and fingerprints of alerts are not.
_ID = re.compile(r"[PQ][A-Z0-9]{6,24}")
_NUMBER = re.compile(r"#([1-9][0-9]{0,11})")
_HOST = "pagerduty.com"
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class PageReferences:
    """What leads from a record to its pages.

    Attributes:
        ids: Ids or numbers.
        keys: Keys of events; the record's own first.
        is_paged: Whether anything says that there are pages at all.
    """

    ids: tuple[str, ...]
    keys: tuple[str, ...]
    is_paged: bool

    def includes(self, page: PagedIncident) -> bool:
        """Whether a page is one of them, as far as the page itself tells."""
        return page.id in self.ids or str(page.number) in self.ids or (bool(page.key) and page.key in self.keys)


def page_references(incident: Incident) -> PageReferences:
    """Return what leads to the pages of a record; all of it is text from outside, and may lead nowhere."""
    origins = [str(entry.new.data[ORIGIN]) for entry in incident.entries if entry.new.data.get(ORIGIN)]
    found = [page_id_in(text) for text in (*(link.url for link in incident.links), *origins)]
    keys = [text for text in origins if not page_id_in(text) and len(text) <= _MAX_KEY]
    ids = dict.fromkeys(one for one in found if one)
    return PageReferences(
        tuple(ids), tuple(dict.fromkeys((page_key(incident), *keys))), is_paged=bool(ids) or bool(keys)
    )


def page_key(incident: Incident) -> str:
    """Return the key of a record's own page: the same each time, and no other record's, wherever that is kept.

    Several people may page through one account from stores of their own, each of which has an INC-1.
    """
    declared = incident.entries[0].new
    told = "\n".join((declared.key, format_instant(declared.at), declared.author, str(declared.data.get("title", ""))))
    return f"sre-mcp-{incident.reference}-{digest(told, _DIGITS)}"


def page_id_in(text: str) -> str:
    """Return the id (of `#12` the number) of the page that a text is or is the address of; empty where it is none."""
    told = text.strip()
    if match := _NUMBER.fullmatch(told):
        return match[1]
    if _ID.fullmatch(told):
        return told
    return _id_in_address(told) if told.lower().startswith(("https://", "http://")) else ""


def is_page_address(url: str) -> bool:
    """Whether an address is one of the paging system's own."""
    return bool(url) and bool(_id_in_address(url))


def _id_in_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return ""
    steps = [step for step in parts.path.split("/") if step]
    is_ours = host == _HOST or host.endswith(f".{_HOST}")
    if not is_ours or len(steps) < 2 or steps[0] != "incidents":
        return ""
    return steps[1] if _ID.fullmatch(steps[1]) else ""


def digest(text: str, digits: int) -> str:
    """Return a short name of a text that tells it from a few others."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:digits]
