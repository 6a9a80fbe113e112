"""One ordered line of events out of milestones, notes and measurements."""

import re
from collections.abc import Iterable
from dataclasses import replace

from sre.incidents.model import IncidentFacts, TimelineEvent

_NOT_A_WORD = re.compile(r"\W+")


def milestones(facts: IncidentFacts) -> tuple[TimelineEvent, ...]:
    """Return the known milestones of an incident as events."""
    named = (
        (facts.start, "Impact began."),
        (facts.detected_at, "Detected."),
        (facts.acknowledged_at, "Acknowledged."),
        (facts.mitigated_at, "Mitigated: users no longer affected."),
        (facts.end, "Resolved."),
    )
    return tuple(TimelineEvent(at, text) for at, text in named if at is not None)


def merged_timeline(*sources: Iterable[TimelineEvent]) -> tuple[TimelineEvent, ...]:
    """Return all events in order of time, each once.

    Two events are the same when they share the second and the words; the first one met is kept, with the author and
    the evidence of both.
    """
    kept: dict[tuple[int, str], TimelineEvent] = {}
    for events in sources:
        for event in events:
            key = (int(event.at.timestamp()), _words(event.text))
            known = kept.get(key)
            kept[key] = event if known is None else _joined(known, event)
    return tuple(sorted(kept.values(), key=lambda event: event.at))


def _joined(first: TimelineEvent, second: TimelineEvent) -> TimelineEvent:
    evidence = tuple(dict.fromkeys((*first.evidence, *second.evidence)))
    return replace(first, who=first.who or second.who, evidence=evidence, cite=first.cite or second.cite)


def _words(text: str) -> str:
    return _NOT_A_WORD.sub(" ", text).strip().casefold()
