"""The answer of `build_timeline`: its shape, and how happenings become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sre.core.figures import seconds_text
from sre.core.text import cleaned, listed
from sre.incidents.chronicle import delays, most_telling
from tools.answer import EvidencedAnswer, Figure, Instant, Part, QueryEvidence, WindowAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre.incidents.chronicle import Delay, Evidence, Happening
    from tools.incidents.timeline_window import Asked, TimelineWindow

# What a person can follow; the rest is named by kind.
MAX_EVENTS = 40
_MAX_QUERIES = 20
_MAX_TEXT = 500
# Of these kinds the first one belongs to the story.
_FIRSTS = ("pressure", "firing", "page", "acknowledged", "worst")


class EvidenceRow(Part):
    """What shows it; `query` is a row of `queries`, Q1 being the first."""

    system: str
    query: str = ""
    at: Instant | None = None
    value: Figure = None


class EventRow(Part):
    """One thing that happened; `count` says how many are told as one."""

    at: Instant
    kind: str
    text: str
    service: str = ""
    who: str = ""
    count: int = 1
    evidence: list[EvidenceRow] = Field(default_factory=list)


class DelayRow(Part):
    """How long it took between two moments."""

    name: str
    minutes: Figure
    since: str
    until: str


class AskedRow(Part):
    """A system and whether it answered: answered, partly, failed or not_asked."""

    system: str
    what: str
    status: str
    found: int = 0
    note: str = ""


class TimelineAnswer(EvidencedAnswer):
    """A timeline, oldest first."""

    RANKED: ClassVar[tuple[str, ...]] = ("queries",)

    events: list[EventRow] = Field(default_factory=list)
    event_count: int = 0
    delays: list[DelayRow] = Field(default_factory=list)
    asked: list[AskedRow] = Field(default_factory=list)
    searched: WindowAnswer | None = Field(None, description="With the time before and after")


def timeline_answer(
    title: str, happenings: Sequence[Happening], asked: Sequence[Asked], window: TimelineWindow
) -> TimelineAnswer:
    """Return the answer."""
    shown, left = most_telling(happenings, limit=MAX_EVENTS)
    numbers = _numbers(shown, asked)
    times = delays(happenings)
    answer = TimelineAnswer(
        summary=_summary(title, happenings, asked, times),
        window=WindowAnswer(start=window.asked.start, end=window.asked.end, step_seconds=window.step.seconds),
        searched=WindowAnswer(start=window.searched.start, end=window.searched.end),
        events=[_row(one, numbers) for one in shown],
        event_count=len(happenings),
        delays=[_delay_row(one) for one in times],
        asked=[_asked_row(one) for one in asked],
        queries=_queries(numbers, asked),
    )
    if left:
        kinds = sorted({one.kind for one in left})
        answer.left_out.append(
            f"{len(left)} events ({listed(kinds)}), the least telling: ask for a shorter window, or name services."
        )
    for one in asked:
        if one.status in ("failed", "partly"):
            answer.warnings.append(f"{one.system} ({one.what}): {cleaned(one.note, limit=_MAX_TEXT) or one.status}")
    return answer


def _numbers(shown: Sequence[Happening], asked: Sequence[Asked]) -> dict[str, int]:
    """Return the queries that shown events rest on, numbered in their order, then those that found nothing."""
    behind = (shows.query for one in shown for shows in one.evidence if shows.query)
    silent = (text for one in asked for text, series_count, _ in one.queries if not series_count)
    return {text: number for number, text in enumerate(list(dict.fromkeys((*behind, *silent)))[:_MAX_QUERIES], 1)}


def _queries(numbers: dict[str, int], asked: Sequence[Asked]) -> list[QueryEvidence]:
    counts = {text: (series, points) for one in asked for text, series, points in one.queries}
    return [
        QueryEvidence(query=text, series_count=counts.get(text, (1, 0))[0], sample_count=counts.get(text, (1, 0))[1])
        for text in numbers
    ]


def _row(one: Happening, numbers: dict[str, int]) -> EventRow:
    many = f" ({one.count} alerts)" if one.count > 1 and one.kind in ("firing", "resolved") else ""
    return EventRow(
        at=one.at.replace(microsecond=0),
        kind=one.kind,
        text=cleaned(one.text, limit=_MAX_TEXT) + many,
        service=cleaned(one.service),
        who=one.who,
        count=one.count,
        evidence=[_evidence_row(shows, one, numbers) for shows in one.evidence],
    )


def _evidence_row(shows: Evidence, one: Happening, numbers: dict[str, int]) -> EvidenceRow:
    number = numbers.get(shows.query)
    return EvidenceRow(
        system=cleaned(shows.system),
        query=f"Q{number}" if number else "",
        at=shows.at if shows.at is not None and shows.at != one.at else None,
        value=shows.value,
    )


def _delay_row(one: Delay) -> DelayRow:
    return DelayRow(name=one.name, minutes=one.seconds / 60, since=one.since, until=one.until)


def _asked_row(one: Asked) -> AskedRow:
    note = cleaned(one.note, limit=_MAX_TEXT)
    return AskedRow(system=one.system, what=one.what, status=one.status, found=len(one.happenings), note=note)


def _summary(title: str, happenings: Sequence[Happening], asked: Sequence[Asked], times: Sequence[Delay]) -> str:
    silent = [f"{one.system} ({one.what})" for one in asked if one.status in ("failed", "not_asked")]
    unheard = f" Not heard: {listed(silent)}." if silent else ""
    if not happenings:
        return f"{title}: nothing was found.{unheard}"
    systems = list(dict.fromkeys(shows.system for one in happenings for shows in one.evidence))
    head = f"{title}: {len(happenings)} events from {listed([cleaned(name) for name in systems])}."
    course = [f"{one.at:%H:%M} {cleaned(one.text, limit=_MAX_TEXT)}" for one in _course(happenings)]
    took = "".join(f" From {since}: {', '.join(delays)}." for since, delays in _by_beginning(times).items())
    return " ".join([head, *course]) + took + unheard


def _by_beginning(times: Sequence[Delay]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in times:
        if one.seconds >= 0:
            found.setdefault(one.since, []).append(f"{one.name} {seconds_text(one.seconds)}")
    return found


def _course(happenings: Sequence[Happening]) -> list[Happening]:
    """Return the few events that tell the story: what changed before, what was felt, who noticed, what ended it."""
    relevant = [one for one in happenings if one.is_relevant]
    felt = [one for one in relevant if one.kind == "deviation"]
    over = [one for one in relevant if one.kind == "recovery"]
    harm = felt[0].at if felt else None
    deploys = [one for one in relevant if one.kind == "deploy"]
    before = [one for one in deploys if harm is None or one.at <= harm][-1:]
    during = [one for one in deploys if harm is not None and one.at > harm][:1]
    firsts = [next((one for one in relevant if one.kind == kind), None) for kind in _FIRSTS]
    chosen = {id(one): one for one in (*before, *firsts, *felt[:2], *during, *over[-1:]) if one is not None}
    return sorted(chosen.values(), key=lambda one: one.at)
