"""The record as one JSON document: complete, versioned, the same for every store; alone or at the end of a page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, NoReturn

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from server.store.rows import storable
from server.store.transactions import stamp
from sre.core.errors import InputError
from sre.core.text import cleaned, quoted

FORMAT: Final = "sre-mcp records"
VERSION: Final = 1
_MOST_TOLD = 50
_FENCE, _FENCE_END = "```json\n", "```\n"
_Text = Annotated[str, Field(max_length=100_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class EntryDocument(_Part):
    """An entry as it was recorded; what is needed to record it again elsewhere."""

    number: int = Field(ge=1)
    kind: _Text
    at: AwareDatetime = Field(strict=False)
    recorded_at: AwareDatetime = Field(strict=False)
    author: _Text
    source: _Text
    key: _Text = ""
    # Not looked into: what a newer version wrote is kept as it is.
    data: Any

    def content(self) -> str:
        """Return everything but the number, to find the same entry in another store."""
        texts = (storable(text) for text in (self.kind, self.author, self.source, self.key))
        return json.dumps([stamp(self.at), stamp(self.recorded_at), *texts, self.data], sort_keys=True)


class StreamDocument(_Part):
    """A stream with its entries in order; `uid` is the same in every store, its number need not be."""

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,99}$")]
    number: int = Field(ge=1, le=2**31 - 1)
    uid: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,100}$")]
    key: _Text = ""
    entries: tuple[EntryDocument, ...] = Field(strict=False)


class RecordsDocument(_Part):
    """All streams of a store."""

    format: Literal["sre-mcp records"] = FORMAT
    version: Literal[1] = VERSION
    exported_at: AwareDatetime = Field(strict=False)
    streams: tuple[StreamDocument, ...] = Field(strict=False)


def document_json(document: RecordsDocument) -> str:
    """Return the document as JSON in ASCII, one line an entry, so that a difference between two can be read."""
    head = {"format": document.format, "version": document.version, "exported_at": stamp(document.exported_at)}
    streams = ",\n".join(_stream_json(stream) for stream in document.streams)
    return json.dumps(head, indent=1)[:-2] + f',\n "streams": [\n{streams}\n ]\n}}\n'


def data_block(document: RecordsDocument) -> str:
    """Return the document as a block of code for the end of a Markdown page.

    No line of the document starts with a backtick, so nothing recorded can end the block or look like another.
    """
    return f"{_FENCE}{document_json(document)}{_FENCE_END}"


def read_document(text: str) -> RecordsDocument:
    """Return the document that JSON spells, by itself or in the last block of code of a Markdown page.

    Raises:
        InputError: It is none, of a newer version, or contradicts itself; says every problem.
    """
    parsed = _parsed(_without_page(text))
    if not isinstance(parsed, dict) or parsed.get("format") != FORMAT:
        raise _refused(["it is not an export of sre-mcp (no `format` that says so)"])
    if parsed.get("version") != VERSION:
        raise _refused([f"it is of version {quoted(str(parsed.get('version')))}, this sre-mcp reads {VERSION}"])
    try:
        document = RecordsDocument.model_validate(parsed)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        raise _refused([f"{_place(problem['loc'])}: {cleaned(problem['msg'])}" for problem in problems]) from None
    if contradictions := list(_contradictions(document)):
        raise _refused(contradictions)
    return document


def _without_page(text: str) -> str:
    # A page read on another system may have come back with its line ends.
    lines = text.replace("\r\n", "\n")
    begin = lines.rfind(f"\n{_FENCE}")
    if lines.lstrip().startswith("{") or begin < 0:
        return text
    return lines[begin + 1 + len(_FENCE) :].rstrip().removesuffix(_FENCE_END.rstrip())


def _parsed(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _refused([f"it is not JSON ({cleaned(str(error))})"]) from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _refused(problems: list[str]) -> InputError:
    told = problems[:_MOST_TOLD]
    more = f"; and {len(problems) - len(told)} more" if len(problems) > len(told) else ""
    return InputError(f"The file cannot be imported: {'; '.join(told)}{more}. Nothing was imported.", field="file")


def _place(location: tuple[int | str, ...]) -> str:
    return cleaned(".".join(str(part) for part in location))


def _contradictions(document: RecordsDocument) -> Iterator[str]:
    streams = document.streams
    numbers = Counter((stream.kind, stream.number) for stream in streams)
    yield from (f"{cleaned(kind)} {number} is there {n} times" for (kind, number), n in numbers.items() if n > 1)
    uids = Counter(stream.uid for stream in streams)
    yield from (f"the uid {quoted(uid)} is there {n} times" for uid, n in uids.items() if n > 1)
    keys = Counter((stream.kind, stream.key) for stream in streams if stream.key)
    yield from (
        f"{cleaned(kind)}: the key {quoted(key)} is there {n} times" for (kind, key), n in keys.items() if n > 1
    )
    for index, stream in enumerate(streams):
        yield from (f"streams.{index}: {problem}" for problem in _contradictions_within(stream))


def _contradictions_within(stream: StreamDocument) -> Iterator[str]:
    if [entry.number for entry in stream.entries] != list(range(1, len(stream.entries) + 1)):
        yield "its entries are not numbered 1, 2, 3 ..."
    keys = Counter(entry.key for entry in stream.entries if entry.key)
    yield from (f"the key {quoted(key)} is there {n} times" for key, n in keys.items() if n > 1)
    for entry in stream.entries:
        if not isinstance(entry.data, dict):
            yield f"entries.{entry.number - 1}.data: it is not an object"


def _stream_json(stream: StreamDocument) -> str:
    head = stream.model_dump(exclude={"entries"}, exclude_defaults=True)
    entries = ",\n".join("    " + _entry_json(entry) for entry in stream.entries)
    return f'  {json.dumps(head)[:-1]}, "entries": [\n{entries}\n  ]}}'


def _entry_json(entry: EntryDocument) -> str:
    fields = entry.model_dump(exclude_defaults=True)
    times = {"at": stamp(entry.at), "recorded_at": stamp(entry.recorded_at)}
    return json.dumps({**fields, **times, "data": entry.data}, allow_nan=False)
