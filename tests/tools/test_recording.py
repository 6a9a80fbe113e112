"""Who records, and what `now` is for a record."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from server.deps import Deps, Sources
from sre.core.errors import InputError, UnavailableError
from tests.support.mcp import FixedClock, deps_with
from tools.recording import RecordTime, Scribe, record_time

pytestmark = pytest.mark.anyio

END = datetime(2026, 11, 1, 12, tzinfo=UTC)
CLOCK = FixedClock(datetime(2026, 11, 2, 12, 0, 0, 999, tzinfo=UTC))


class Source:
    """The part of a metric source that is asked."""

    def __init__(self, latest: datetime | Exception | None, name: str = "a") -> None:
        self.name = name
        self._latest = latest

    async def latest(self) -> datetime | None:
        if isinstance(self._latest, Exception):
            raise self._latest
        return self._latest


def deps(*sources: Source) -> Deps:
    return deps_with(*cast("Any", sources), clock=CLOCK)


async def test_now_is_the_end_of_a_recording_and_says_so() -> None:
    time = await record_time(deps(Source(END)))
    assert time.now == END
    assert time.notes == ["Recorded data: now means 2026-11-01T12:00:00Z, the end of the recording."]


@pytest.mark.parametrize("latest", [None, UnavailableError("down", system="a")])
async def test_now_is_the_clock_to_the_second_where_a_source_is_live_or_cannot_tell(
    latest: UnavailableError | None,
) -> None:
    """*Our choice*: an incident can be declared while the monitoring is down."""
    assert await record_time(deps(Source(latest))) == RecordTime(datetime(2026, 11, 2, 12, tzinfo=UTC))


async def test_now_is_the_clock_without_a_source_or_a_default_among_several() -> None:
    several = cast("Any", {name: Source(END, name) for name in "ab"})
    for made in (deps(), Deps(sources=Sources(several, None), clock=CLOCK)):
        assert (await record_time(made)).now == datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_times_are_read_by_the_one_grammar_and_notes_are_said_once() -> None:
    time = RecordTime(END)
    assert time.read("-1h", field="at") == datetime(2026, 11, 1, 11, tzinfo=UTC)
    for _ in range(2):
        time.read("2026-10-29T14:00:00", field="at")
    assert time.notes == ["at has no time zone and was read as UTC."]
    with pytest.raises(InputError, match="at is not a time"):
        time.read("soon", field="at")


def test_an_entry_carries_its_scribe_and_may_have_data_of_any_name() -> None:
    entry = Scribe("ana", "a tool via a client").entry("action", END, kind="prevent", at="x", once="y", key="z")
    assert (entry.author, entry.source, entry.kind, entry.at, entry.key) == (
        "ana", "a tool via a client", "action", END, "",
    )  # fmt: skip
    assert entry.data == {"kind": "prevent", "at": "x", "once": "y", "key": "z"}
    assert Scribe("ana", "t").entry("note", END, "k1", text="x").key == "k1"
