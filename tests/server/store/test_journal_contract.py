"""What every journal promises, in memory, in SQLite and in PostgreSQL alike."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.store import StoredJournal
from server.store.postgres import PostgresDatabase
from server.store.rows import data_json, storable
from server.store.sqlite import SqliteDatabase
from sre.core.errors import InputError
from sre.core.journal import Journal, NewEntry, StreamRef
from tests.support.memory_journal import MemoryJournal

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 2, 12, 0, 0, 123456, tzinfo=UTC)
HAPPENED = datetime(2026, 11, 2, 9, 30, 0, 1, tzinfo=UTC)
PLACES = ("memory", "sqlite file", "sqlite memory", "postgres")


class FixedClock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture(params=PLACES)
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Journal]:
    made = _journal(request, tmp_path)
    yield made
    await made.aclose()


def _journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    if request.param == "memory":
        return MemoryJournal(recorded_at=NOW)
    if request.param == "postgres":
        return StoredJournal(PostgresDatabase(request.getfixturevalue("postgres").new_place()), FixedClock())
    path = tmp_path / "records.sqlite3" if request.param == "sqlite file" else None
    return StoredJournal(SqliteDatabase(path), FixedClock())


def entry(kind: str = "note", **changes: object) -> NewEntry:
    return replace(NewEntry(kind, HAPPENED, "ann", "test"), **changes)  # type: ignore[arg-type]


async def test_streams_of_a_kind_are_numbered_from_one_and_each_kind_by_itself(journal: Journal) -> None:
    begun = [await journal.begin(kind, [entry()]) for kind in ("incident", "toil", "incident")]
    assert [entries[0].stream for entries in begun] == [
        StreamRef("incident", 1),
        StreamRef("toil", 1),
        StreamRef("incident", 2),
    ]


async def test_entries_are_numbered_and_carry_when_it_happened_and_when_it_was_recorded(journal: Journal) -> None:
    (first,) = await journal.begin("incident", [entry("declared")])
    entries = await journal.record(first.stream, lambda _: [entry("status"), entry("note")])
    assert [(one.number, one.new.kind) for one in entries] == [(1, "declared"), (2, "status"), (3, "note")]
    assert {one.new.at for one in entries} == {HAPPENED}
    assert {one.recorded_at for one in entries} == {NOW}
    assert {one.new.author for one in entries} == {"ann"}


async def test_what_is_returned_is_what_is_read_later(journal: Journal) -> None:
    (first,) = await journal.begin("incident", [entry("declared")])
    written = await journal.record(first.stream, lambda _: [entry(data={"text": "x"}, key="k")])
    assert await journal.entries(first.stream) == written
    assert await journal.streams("incident") == (written,)


async def test_the_same_begin_key_returns_the_stream_and_records_nothing(journal: Journal) -> None:
    begun = await journal.begin("incident", [entry("declared")], key="PD-1")
    grown = await journal.record(begun[0].stream, lambda _: [entry()])
    assert await journal.begin("incident", [entry("declared again")], key="PD-1") == grown
    assert await journal.streams("incident") == (grown,)


async def test_a_begin_key_counts_within_its_kind(journal: Journal) -> None:
    await journal.begin("incident", [entry()], key="PD-1")
    (other,) = await journal.begin("toil", [entry()], key="PD-1")
    assert other.stream == StreamRef("toil", 1)


async def test_streams_without_a_key_are_never_the_same(journal: Journal) -> None:
    await journal.begin("incident", [entry()])
    (second,) = await journal.begin("incident", [entry()])
    assert second.stream.number == 2


async def test_no_number_is_spent_on_a_stream_that_was_there(journal: Journal) -> None:
    for _ in range(3):
        await journal.begin("incident", [entry()], key="PD-1")
    (second,) = await journal.begin("incident", [entry()])
    assert second.stream.number == 2


async def test_an_entry_key_is_recorded_once_in_a_stream(journal: Journal) -> None:
    (first,) = await journal.begin("incident", [entry(key="a")])
    entries = await journal.record(first.stream, lambda _: [entry(key="a"), entry(key="b"), entry(key="b"), entry()])
    assert [one.new.key for one in entries] == ["a", "b", ""]
    assert [one.number for one in entries] == [1, 2, 3]


async def test_an_entry_key_counts_within_its_stream(journal: Journal) -> None:
    await journal.begin("incident", [entry(key="a")])
    assert len(await journal.begin("incident", [entry(key="a")])) == 1


async def test_a_stream_may_begin_with_several_entries(journal: Journal) -> None:
    entries = await journal.begin("incident", [entry("declared"), entry("severity")])
    assert [one.number for one in entries] == [1, 2]


async def test_decide_sees_everything_recorded_before(journal: Journal) -> None:
    (first,) = await journal.begin("incident", [entry("declared")])
    for count in range(1, 4):
        await journal.record(first.stream, lambda known: [entry(data={"seen": len(known)})])
        assert (await journal.entries(first.stream))[-1].new.data == {"seen": count}


@pytest.mark.parametrize("error", [InputError("no", field="status"), OSError("no"), KeyError("no")])
async def test_an_error_of_decide_passes_through_and_nothing_is_recorded(journal: Journal, error: Exception) -> None:
    begun = await journal.begin("incident", [entry("declared")])

    def refuse(_: object) -> list[NewEntry]:
        raise error

    with pytest.raises(type(error)) as raised:
        await journal.record(begun[0].stream, refuse)
    assert raised.value is error
    assert await journal.entries(begun[0].stream) == begun
    assert len(await journal.record(begun[0].stream, lambda _: [entry()])) == 2


async def test_an_error_between_entries_leaves_none_of_them(journal: Journal) -> None:
    begun = await journal.begin("incident", [entry("declared")])
    naive = datetime(2026, 11, 2)  # noqa: DTZ001
    if not isinstance(journal, MemoryJournal):
        with pytest.raises(ValueError, match="aware"):
            await journal.record(begun[0].stream, lambda _: [entry(), entry(at=naive)])
    assert await journal.entries(begun[0].stream) == begun


async def test_deciding_nothing_records_nothing(journal: Journal) -> None:
    begun = await journal.begin("incident", [entry("declared")])
    assert await journal.record(begun[0].stream, lambda _: []) == begun


async def test_an_unknown_stream_has_no_entries_and_takes_none(journal: Journal) -> None:
    assert await journal.entries(StreamRef("incident", 9)) == ()
    assert await journal.streams("incident") == ()
    with pytest.raises(InputError) as raised:
        await journal.record(StreamRef("incident", 9), lambda _: [entry()])
    assert raised.value.field == "stream"
    assert await journal.streams("incident") == ()


async def test_streams_come_by_number_also_past_ten(journal: Journal) -> None:
    for _ in range(12):
        await journal.begin("incident", [entry()])
    assert [entries[0].stream.number for entries in await journal.streams("incident")] == list(range(1, 13))


ODD_DATA = {
    "text": "Überlauf 溢出 🔥 \u202e",
    "nul and half a surrogate": "\0 \ud800",
    "sql": "'; DROP TABLE sre_entries; --",
    "marks": "? %s %(x)s :y",
    "big": 10**30,
    "small": -(2**63) - 1,
    "float": 0.1 + 0.2,
    "nothing": None,
    "true": True,
    "nested": [[], {}, [{"a": [1, "1", 1.0]}]],
    "": "empty name",
}


async def test_data_of_any_kind_comes_back_as_it_was(journal: Journal) -> None:
    (first,) = await journal.begin("incident", [entry("a kind of tomorrow", data=ODD_DATA)])
    (read,) = await journal.entries(first.stream)
    assert read.new.kind == "a kind of tomorrow"
    assert json.dumps(read.new.data) == json.dumps(ODD_DATA)


@pytest.mark.parametrize(
    "at",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 3, 29, 2, 30, 0, 7, tzinfo=timezone(timedelta(hours=2))),
    ],
)
async def test_times_are_exact_to_the_microsecond(journal: Journal, at: datetime) -> None:
    (first,) = await journal.begin("incident", [entry(at=at)])
    assert (await journal.entries(first.stream))[0].new.at == at


async def test_text_that_is_none_is_marked_and_does_not_fail(journal: Journal) -> None:
    (first,) = await journal.begin("incident", [entry("no\0te", author="a\ud800b", source="\0", key="\0k")], key="\0")
    (read,) = await journal.entries(first.stream)
    if not isinstance(journal, MemoryJournal):
        assert (read.new.author, read.new.source) == ("a?b", "\ufffd")
    assert await journal.begin("incident", [entry()], key="\0") == (read,)
    assert await journal.record(first.stream, lambda _: [entry(key="\0k")]) == (read,)


async def test_calls_at_once_lose_nothing(journal: Journal) -> None:
    (first,) = await journal.begin("incident", [entry("declared")])

    async def write(number: int) -> None:
        await journal.record(first.stream, lambda known: [entry(data={"number": number, "after": len(known)})])

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(write, number)
    entries = (await journal.entries(first.stream))[1:]
    assert sorted(one.new.data["number"] for one in entries) == list(range(20))  # type: ignore[type-var]
    assert [one.new.data["after"] for one in entries] == list(range(1, 21))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.dictionaries(st.text(), JSON, max_size=4))
def test_any_json_survives_as_plain_ascii(data: dict[str, object]) -> None:
    text = data_json(data)
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text) == data


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=st.text(alphabet=st.characters()))
def test_storable_text_is_utf8_without_nul_and_ordinary_text_is_left_alone(text: str) -> None:
    kept = storable(text)
    assert b"\0" not in kept.encode("utf-8")
    if "\0" not in text and not any("\ud800" <= ch <= "\udfff" for ch in text):
        assert kept == text


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_has_not_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        data_json({"x": value})
