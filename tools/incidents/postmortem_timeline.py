"""The timeline of a postmortem: what was recorded and told joined with what systems saw, each line with evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.text import cleaned, listed
from sre.core.times import format_instant
from sre.incidents.chronicle import Evidence, Happening, chronicle, delays
from sre.incidents.model import TimelineEvent
from sre.incidents.postmortem import TOLD
from tools.concurrent import all_of
from tools.context import in_thread
from tools.incidents.timeline_alerts import read_alerts, read_notified
from tools.incidents.timeline_changes import read_changes
from tools.incidents.timeline_pages import read_pages
from tools.incidents.timeline_signals import read_signals
from tools.incidents.timeline_window import timeline_window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.times import Window
    from sre.incidents.chronicle import Delay, Kind
    from sre.incidents.model import IncidentFacts
    from tools.incidents.service_impact import EvidenceBook
    from tools.incidents.timeline_window import Asked

# A document is for people: of systems only what belongs to its services, and no more than a page of it.
_MAX_SEEN = 30
_MAX_DAYS = 14
_LEAD = timedelta(minutes=30)
_MAX_TEXT, _MAX_NAME = 2_000, 80
_NOT_A_WORD = re.compile(r"\W+")
_MILESTONES = (
    ("start", "start", "Impact began."),
    ("detected_at", "detected", "Detected."),
    ("acknowledged_at", "acknowledged", "Acknowledged."),
    ("mitigated_at", "mitigated", "Mitigated: users no longer affected."),
    ("end", "end", "Resolved."),
)
_SEEN_DELAYS = frozenset({"to alert", "to page", "to recover"})
_STATUS, _UPDATE = "Status: ", "Update to "
# Which milestone a status reaches: both are told as one.
_REACHED = {"mitigated": "mitigated", "resolved": "end"}


@dataclass(slots=True)
class Seen:
    """What systems saw.

    Attributes:
        notes: Who was not heard, and why, by system.
        left_out: What was seen and is not in the document, as sentences.
        sample_counts: Samples behind each query.
    """

    happenings: list[Happening] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    sample_counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JoinedTimeline:
    """What happened, in order.

    Attributes:
        delays: How long systems saw it take; what people recorded is told by the milestones.
    """

    events: tuple[TimelineEvent, ...]
    delays: tuple[Delay, ...]


async def seen_by_systems(
    deps: Deps, source: MetricSource | None, window: Window, *, services: Sequence[str], now: datetime
) -> Seen:
    """Return what deploys, signals, alerts and pages there were around an incident; who fails is named."""
    if (window.end - window.start).days >= _MAX_DAYS:
        note = "The incident is too long for a timeline from data; build_timeline reads a part of it."
        return Seen(notes=[("", note)])
    looked = await timeline_window(source, window, now=now)
    calls: list[Callable[[], Awaitable[Asked]]] = []
    if source is not None:
        calls.append(partial(read_changes, source, looked, services=services))
        calls.append(partial(read_signals, deps, source, looked, services=services))
        calls.append(partial(read_alerts, source, looked, services=services))
    if deps.alert_source is not None:
        calls.append(partial(read_notified, deps.alert_source, looked, services=services))
    if deps.oncall_source is not None:
        calls.append(partial(read_pages, deps.oncall_source, looked))
    return _seen(await all_of(calls))


def _seen(answers: Sequence[Asked]) -> Seen:
    found = Seen()
    everything = [one for asked in answers for one in asked.happenings]
    relevant = sorted((one for one in everything if one.is_relevant), key=lambda one: (-one.weight, one.at))
    found.happenings = relevant[:_MAX_SEEN]
    rest = len(everything) - len(found.happenings)
    if rest:
        kept = {id(one) for one in found.happenings}
        kinds = sorted({one.kind for one in everything if id(one) not in kept})
        found.left_out.append(f"{rest} events seen by systems ({listed(kinds)}): build_timeline has them.")
    found.notes = [
        (one.system, f"Timeline: {one.system} ({one.what}): {cleaned(one.note, limit=400) or one.status}")
        for one in answers
        if one.status in ("failed", "partly")
    ]
    found.sample_counts = {text: points for asked in answers for text, _, points in asked.queries}
    return found


def hints_of(seen: Seen, *, since: datetime) -> dict[str, str]:
    """Return what systems saw that may help a person to fill in a time, by the name of the field."""
    moments: tuple[tuple[str, tuple[Kind, ...], str, bool], ...] = (
        ("start", ("deviation",), "signals left their normal", True),
        ("detected_at", ("firing", "page"), "the first alert fired", True),
        ("acknowledged_at", ("acknowledged",), "the page was acknowledged", True),
        ("mitigated_at", ("recovery",), "signals were back to normal", False),
    )
    found = {}
    for name, kinds, words, is_first in moments:
        # An alert may fire a little before people say that it began.
        times = [one.at for one in seen.happenings if one.kind in kinds and one.at >= since - _LEAD]
        if times:
            at = min(times) if is_first else max(times)
            found[name] = f"{words} {format_instant(at.replace(microsecond=0))}"
    return found


async def joined_timeline(facts: IncidentFacts, seen: Seen, book: EvidenceBook) -> JoinedTimeline:
    """Return all that is known to have happened in order, the same thing once; queries go into the book."""
    said = [*_said(facts), *_milestones(facts)]
    happenings = await in_thread(lambda: chronicle(said, seen.happenings))
    took = tuple(one for one in delays(happenings) if one.name in _SEEN_DELAYS and one.seconds >= 0)
    return JoinedTimeline(tuple(_event(one, seen, book) for one in happenings), took)


def _milestones(facts: IncidentFacts) -> list[Happening]:
    known = [(name, key, text) for name, key, text in _MILESTONES if getattr(facts, name) is not None]
    return [
        Happening(
            getattr(facts, name),
            "milestone",
            text,
            evidence=(Evidence(facts.cites.get(name, TOLD)),),
            key=f"milestone:{key}",
        )
        for name, key, text in known
        if not (name == "start" and facts.is_start_assumed)
    ]


def _said(facts: IncidentFacts) -> list[Happening]:
    return [
        Happening(
            event.at,
            _kind_of(event.text),
            cleaned(event.text, limit=_MAX_TEXT),
            who=cleaned(event.who, limit=_MAX_NAME),
            evidence=(Evidence(event.cite or TOLD),),
            key=_key_of(event.text),
        )
        for event in facts.events
    ]


def _kind_of(text: str) -> Kind:
    return "status" if text.startswith(_STATUS) else "update" if text.startswith(_UPDATE) else "note"


def _key_of(text: str) -> str:
    """Return what makes two statements the same: the milestone that a status reached, else the words."""
    if text.startswith(_STATUS):
        reached = _REACHED.get(text.removeprefix(_STATUS).split(".", 1)[0], "")
        if reached:
            return f"milestone:{reached}"
    return "said:" + _NOT_A_WORD.sub(" ", text).strip().casefold()


def _event(one: Happening, seen: Seen, book: EvidenceBook) -> TimelineEvent:
    numbers = [
        number
        for shows in one.evidence
        if shows.query
        for number in book.cite(shows.query, sample_count=seen.sample_counts.get(shows.query, 0))
    ]
    cite = "; ".join(dict.fromkeys(shows.system for shows in one.evidence if not shows.query))
    many = f" ({one.count} alerts)" if one.count > 1 and one.kind in ("firing", "resolved") else ""
    return TimelineEvent(
        at=one.at,
        text=one.text + many,
        # An entry of a record is cited with its author.
        who="" if f", {one.who}, " in cite else one.who,
        evidence=tuple(dict.fromkeys(numbers)),
        cite=cite,
        weight=one.weight,
    )
