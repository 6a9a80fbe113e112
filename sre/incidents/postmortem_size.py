"""Keeping a postmortem at a length that people read and an answer can carry: the least telling parts go first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sre.core.text import cleaned
from sre.incidents.model import ActionItem, Cause, IncidentFacts, TimelineEvent

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Room:
    """How much a document may hold.

    Attributes:
        events: Lines of the timeline.
        items: Lines of each other list.
        chars: Characters of a text from outside.
        query_chars: Characters of a query.
    """

    events: int
    items: int
    chars: int
    query_chars: int


# From all that a person would read to what always fits (our choice).
ROOMS = (Room(60, 60, 2_000, 2_000), Room(40, 30, 400, 600), Room(25, 15, 160, 200), Room(12, 8, 80, 100))


def shortened_facts(facts: IncidentFacts, room: Room) -> tuple[IncidentFacts, tuple[str, ...]]:
    """Return the facts that have room, and what was left out, as words for a list.

    Texts are cut with an ellipsis; of lists the first lines are kept, of actions those that are not done.
    """
    cut = _Cut(room)
    items = sorted(facts.action_items, key=lambda item: (not item.is_overdue, item.status in ("done", "dropped")))
    kept = cut.kept(items, "actions")
    shown = replace(
        facts,
        impact=cut.text(facts.impact),
        causes=tuple(Cause(cut.text(c.text), cut.text(c.evidence), c.cite) for c in cut.kept(facts.causes, "causes")),
        went_well=cut.texts(facts.went_well, "lines of what went well"),
        went_badly=cut.texts(facts.went_badly, "lines of what went badly"),
        lucky=cut.texts(facts.lucky, "lines of where we got lucky"),
        action_items=tuple(_short_action(item, cut) for item in facts.action_items if item in kept),
        links=tuple((cut.text(url), cut.text(title)) for url, title in cut.kept(facts.links, "links")),
    )
    return shown, tuple(cut.left_out)


def shortened_timeline(
    events: Sequence[TimelineEvent], room: Room
) -> tuple[tuple[TimelineEvent, ...], tuple[str, ...]]:
    """Return the events that tell most, in their order, and how many were left out, as words for a list."""
    cut = _Cut(room)
    ranked = sorted(range(len(events)), key=lambda place: (-events[place].weight, place))
    shown = set(ranked[: room.events])
    kept = tuple(replace(one, text=cut.text(one.text)) for place, one in enumerate(events) if place in shown)
    rest = len(events) - len(kept)
    return kept, (f"{rest} of {len(events)} events, the least telling",) if rest else ()


class _Cut:
    """Shortens, and remembers what it took away."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.left_out: list[str] = []

    def text(self, text: str) -> str:
        return cleaned(text, limit=self._room.chars)

    def kept(self, items: Sequence[_Item], name: str) -> tuple[_Item, ...]:
        rest = len(items) - self._room.items
        if rest > 0:
            self.left_out.append(f"{rest} of {len(items)} {name}")
        return tuple(items[: self._room.items])

    def texts(self, texts: Sequence[str], name: str) -> tuple[str, ...]:
        return tuple(self.text(text) for text in self.kept(texts, name))


def _short_action(item: ActionItem, cut: _Cut) -> ActionItem:
    return replace(item, title=cut.text(item.title), owner=cut.text(item.owner), link=cut.text(item.link))
