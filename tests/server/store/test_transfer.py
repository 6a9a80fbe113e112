"""All records out of one store and into another: complete, once, and never half."""

import json
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.store import StoredJournal
from server.store.document import EntryDocument, RecordsDocument, StreamDocument, document_json, read_document
from server.store.postgres import PostgresDatabase
from server.store.sqlite import SqliteDatabase
from server.store.transfer import Imported, exported, import_into
from sre.core.errors import InputError
from sre.core.journal import JournalError, NewEntry, StreamRef
from tests.support.journal_writers import SystemClock
from tests.support.real_postgres import PostgresServer

pytestmark = pytest.mark.anyio

AT = datetime(2026, 11, 2, 9, 30, 0, 7, tzinfo=UTC)
LATER = AT + timedelta(days=1)
FIRST, SECOND = StreamRef("incident", 1), StreamRef("incident", 2)


def _note(text: str = "x", **changes: Any) -> NewEntry:
    return replace(NewEntry("note", AT, "ann", "test", {"text": text}), **changes)


@pytest.fixture(params=["sqlite", "postgres"])
async def other(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StoredJournal]:
    """The store that is imported into."""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        journal = StoredJournal(PostgresDatabase(server.new_place()), SystemClock())
    else:
        journal = StoredJournal(SqliteDatabase(tmp_path / "other.sqlite3"), SystemClock())
    yield journal
    await journal.aclose()


@pytest.fixture
async def own() -> AsyncIterator[StoredJournal]:
    """A store with an incident of three entries, one of two, and a chore."""
    journal = StoredJournal(SqliteDatabase(None), SystemClock())
    await journal.begin("incident", [_note("one", kind="declared", key="d")], key="PD-1")
    await journal.record(FIRST, lambda _: [_note("same"), _note("same")])
    await journal.begin("incident", [_note("Ünï\0\ud800 🔥", data={"big": 10**30, "deep": [{"a": None}]}), _note()])
    await journal.begin("toil", [_note("restart")])
    yield journal
    await journal.aclose()


async def _exported(journal: StoredJournal) -> RecordsDocument:
    return await journal.transactions.read(partial(exported, at=LATER))


async def _imported(journal: StoredJournal, document: RecordsDocument) -> Imported:
    # Through text, as people do.
    read = read_document(document_json(document))
    return await journal.transactions.write(lambda statements: import_into(statements, read))


def _texts(document: RecordsDocument, number: int) -> list[str]:
    (found,) = [stream for stream in document.streams if (stream.kind, stream.number) == ("incident", number)]
    return [entry.data.get("text", "") for entry in found.entries]


async def test_an_empty_store_takes_everything_as_it_was(own: StoredJournal, other: StoredJournal) -> None:
    document = await _exported(own)
    done = await _imported(other, document)
    assert (done.streams, done.entries, done.known_entries, done.renumbered) == (3, 6, 0, [])
    assert await _exported(other) == document
    assert await other.streams("incident") == await own.streams("incident")


async def test_the_same_file_twice_gives_everything_once(own: StoredJournal, other: StoredJournal) -> None:
    document = await _exported(own)
    await _imported(other, document)
    again = await _imported(other, document)
    assert (again.streams, again.entries, again.known_entries) == (0, 0, 6)
    assert await _exported(other) == document


async def test_what_has_grown_since_is_added_to_its_stream(own: StoredJournal, other: StoredJournal) -> None:
    await _imported(other, await _exported(own))
    await own.record(FIRST, lambda _: [_note("later")])
    done = await _imported(other, await _exported(own))
    assert (done.streams, done.entries, done.known_entries) == (0, 1, 6)
    assert await other.streams("incident") == await own.streams("incident")


async def test_a_stream_that_grew_in_both_stores_has_both_and_stays_in_order(
    own: StoredJournal, other: StoredJournal
) -> None:
    await _imported(other, await _exported(own))
    await own.record(FIRST, lambda _: [_note("own")])
    await other.record(FIRST, lambda _: [_note("other")])
    await _imported(other, await _exported(own))
    assert _texts(await _exported(other), 1) == ["one", "same", "same", "other", "own"]
    again = await _imported(other, await _exported(own))
    assert again.entries == 0


async def test_the_same_entry_twice_is_two_entries_also_when_one_is_known(
    own: StoredJournal, other: StoredJournal
) -> None:
    document = await _exported(own)
    (first, *others) = document.streams
    shorter = document.model_copy(
        update={"streams": (first.model_copy(update={"entries": first.entries[:2]}), *others)}
    )
    await _imported(other, shorter)
    done = await _imported(other, document)
    assert (done.entries, done.known_entries) == (1, 5)
    assert await other.streams("incident") == await own.streams("incident")


async def test_a_number_that_is_taken_by_another_gives_way(own: StoredJournal, other: StoredJournal) -> None:
    await other.begin("incident", [_note("theirs")])
    done = await _imported(other, await _exported(own))
    assert done.renumbered == [(FIRST, StreamRef("incident", 3))]
    merged = await _exported(other)
    assert _texts(merged, 1) == ["theirs"]
    assert len(_texts(merged, 2)) == 2
    assert _texts(merged, 3) == ["one", "same", "same"]
    again = await _imported(other, await _exported(own))
    assert (again.streams, again.entries, again.renumbered) == (0, 0, [])
    (fresh,) = await other.begin("incident", [_note("next")])
    assert fresh.stream.number == 4


async def test_a_stream_of_the_same_key_is_kept_apart_and_named(own: StoredJournal, other: StoredJournal) -> None:
    """Our choice: joined, two histories would contradict each other (actions are numbered within their incident)."""
    await other.begin("incident", [_note("theirs")], key="PD-1")
    done = await _imported(other, await _exported(own))
    assert done.without_key == [StreamRef("incident", 3)]
    assert (await _imported(other, await _exported(own))).streams == 0
    (theirs,) = await other.begin("incident", [_note("again")], key="PD-1")
    assert theirs.new.data == {"text": "theirs"}


async def test_keys_count_after_an_import_as_before(own: StoredJournal, other: StoredJournal) -> None:
    await _imported(other, await _exported(own))
    assert len(await other.begin("incident", [_note()], key="PD-1")) == 3
    assert len(await other.record(FIRST, lambda _: [_note(key="d")])) == 3


async def test_an_import_that_fails_leaves_nothing(own: StoredJournal, other: StoredJournal) -> None:
    await other.begin("incident", [_note("theirs")])
    before = await _exported(other)
    await other.transactions.write(lambda statements: statements.run("CREATE UNIQUE INDEX one ON sre_entries (source)"))
    with pytest.raises(JournalError, match="Nothing was recorded"):
        await _imported(other, await _exported(own))
    assert await _exported(other) == before


async def test_entries_of_another_time_zone_are_the_same_entries(own: StoredJournal, other: StoredJournal) -> None:
    document = await _exported(own)
    await _imported(other, document)
    zone = timezone(timedelta(hours=5, minutes=30))
    parsed = json.loads(document_json(document))
    for entry in parsed["streams"][0]["entries"]:
        entry["at"] = datetime.fromisoformat(entry["at"]).astimezone(zone).isoformat()
    read = read_document(json.dumps(parsed))
    done = await other.transactions.write(lambda statements: import_into(statements, read))
    assert done.entries == 0


def _document() -> dict[str, Any]:
    entry = {"number": 1, "kind": "note", "at": "2026-11-02T09:00:00Z", "recorded_at": "2026-11-02T09:00:00Z"}
    entry |= {"author": "ann", "source": "test", "key": "k", "data": {}}
    stream = {"kind": "incident", "number": 1, "uid": "0123456789abcdef", "key": "s", "entries": [entry]}
    return {"format": "sre-mcp records", "version": 1, "exported_at": "2026-11-02T09:00:00Z", "streams": [stream]}


def _twice(document: dict[str, Any], **changes: Any) -> None:
    document["streams"].append({**deepcopy(document["streams"][0]), **changes})


Mend = Callable[[dict[str, Any]], object]
BROKEN: list[tuple[str, Mend, list[str]]] = [
    ("of something else", lambda d: d.update(format="x"), ["not an export of sre-mcp"]),
    ("of a newer version", lambda d: d.update(version=2), ["version"]),
    ("with a field nobody knows", lambda d: d["streams"][0].update(colour="red"), ["streams.0.colour"]),
    ("without a time zone", lambda d: d["streams"][0]["entries"][0].update(at="2026-11-02T09:00:00"), ["0.at"]),
    ("with an entry that is missing", lambda d: d["streams"][0]["entries"][0].update(number=2), ["numbered 1, 2, 3"]),
    ("with data that is no object", lambda d: d["streams"][0]["entries"][0].update(data=[1]), ["not an object"]),
    ("with a kind that is none", lambda d: d["streams"][0].update(kind="In cident\0"), ["streams.0.kind"]),
    ("with the same number twice", lambda d: _twice(d, uid="fedcba9876543210", key=""), ["incident 1 is there 2"]),
    ("with the same uid twice", lambda d: _twice(d, number=2, key=""), ["uid"]),
    ("with the same key twice", lambda d: _twice(d, number=2, uid="fedcba9876543210"), ['key "s"']),
    (
        "with many problems at once",
        lambda d: (d["streams"][0].update(number=0, uid=5), d["streams"][0]["entries"][0].pop("author")),
        ["streams.0.number", "streams.0.uid", "streams.0.entries.0.author"],
    ),
]


@pytest.mark.parametrize(("break_it", "said"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_file_is_refused_with_every_problem(break_it: Mend, said: list[str]) -> None:
    document = _document()
    assert len(read_document(json.dumps(document)).streams) == 1
    break_it(document)
    with pytest.raises(InputError, match="Nothing was imported") as raised:
        read_document(json.dumps(document))
    assert [part for part in said if part not in raised.value.message] == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"x": NaN}'])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="Nothing was imported"):
        read_document(text)


def test_very_many_problems_are_counted_not_listed() -> None:
    document = _document()
    document["streams"] = [{} for _ in range(1_000)]
    with pytest.raises(InputError, match="more") as raised:
        read_document(json.dumps(document))
    assert len(raised.value.message) < 10_000


MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DATA = st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=4))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(at=MOMENTS, recorded_at=MOMENTS, texts=st.lists(st.text(max_size=20), min_size=3, max_size=3), data=DATA)
def test_a_document_comes_back_from_its_json(
    at: datetime, recorded_at: datetime, texts: list[str], data: dict[str, Any]
) -> None:
    kind, author, source = texts
    entry = EntryDocument(
        number=1, kind=kind, at=at, recorded_at=recorded_at, author=author, source=source, key="k", data=data
    )
    streams = (
        StreamDocument(kind="incident", number=7, uid="0123456789abcdef", entries=(entry,)),
        StreamDocument(kind="toil", number=1, uid="fedcba9876543210", key="x", entries=()),
    )
    document = RecordsDocument(exported_at=at, streams=streams)
    text = document_json(document)
    assert text.isascii()
    assert read_document(text) == document


def test_an_empty_record_is_a_document_too() -> None:
    document = RecordsDocument(exported_at=AT, streams=())
    assert read_document(document_json(document)) == document
