"""What happened around an incident, told by several systems, put into one line: ordered, the same thing once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from sre.core.deploys import announces_deploy
from sre.core.labels import Labels

Kind: TypeAlias = Literal[
    "deploy", "restart", "setting", "pressure", "deviation", "worst", "outage", "recovery",
    "pending", "firing", "resolved", "page", "acknowledged", "milestone", "status", "note", "update", "other",
]  # fmt: skip
# `deviation` is what users feel; `pressure` is what may lead to it: a resource filling, more traffic than usual.
# What is shown first where not everything can be: what people need to follow the course of it.
_WEIGHTS: Final[dict[Kind, int]] = {
    "milestone": 9, "acknowledged": 9, "status": 8, "deploy": 8, "deviation": 8, "recovery": 8, "firing": 7, "page": 7,
    "note": 7, "pressure": 7, "outage": 6, "worst": 6, "update": 5, "setting": 5, "resolved": 4, "restart": 4,
    "pending": 2, "other": 1,
}  # fmt: skip
# The key of a counter that began anew: most likely its process did.
RESET: Final = "reset"
# Systems tell the same thing with clocks and delays of their own (our choice).
_SAME_SECONDS: Final = 120.0
# A person writes down a deploy minutes before or after it is seen (our choice).
_NOTED_SECONDS: Final = 600.0
# So many of one kind are looked at; more within minutes is a storm that nobody reads one by one (our choice).
_MOST_NEAR: Final = 200
# Alerts of one rule that start no further apart are told as one (our choice).
_TOGETHER_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that something happened.

    Attributes:
        system: Which one says so: a source, the record, the paging system.
        query: What was asked; empty for what was told.
        at: The instant of the value.
        value: In base units; None for what is no number.
        unit: As `figure_text` takes it.
    """

    system: str
    query: str = ""
    at: datetime | None = None
    value: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened.

    Attributes:
        at: Aware UTC.
        text: What; may hold text from outside.
        who: Who did it or said so; text from outside.
        key: Two happenings with the same key close together are one; empty for what is never the same.
        labels: Of an alert: two with the same key are one only where no label contradicts.
        names: Words that a note about the same thing holds, such as a version.
        is_relevant: It belongs to the services asked about.
        count: How many such things are told as one.
        becomes: What a note is where no system saw the thing it tells of; None leaves it a note.
    """

    at: datetime
    kind: Kind
    text: str
    service: str = ""
    who: str = ""
    evidence: tuple[Evidence, ...] = ()
    key: str = ""
    labels: Labels = field(default_factory=Labels)
    names: tuple[str, ...] = ()
    is_relevant: bool = True
    count: int = 1
    becomes: Kind | None = None

    @property
    def weight(self) -> int:
        """How much it is needed to follow the course of it."""
        return _WEIGHTS[self.kind] + (10 if self.is_relevant else 0)


@dataclass(frozen=True, slots=True)
class Delay:
    """Time between two moments.

    Attributes:
        seconds: Negative where the later one came first.
    """

    name: str
    since: str
    until: str
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end - self.start).total_seconds()


def chronicle(*sources: Iterable[Happening]) -> tuple[Happening, ...]:
    """Return all happenings in order of time, each once, with the evidence of all who told it."""
    kept: list[Happening] = []
    places = _Places()
    for one in sorted((one for each in sources for one in each), key=lambda one: one.at):
        index = next((place for place in places.near(one) if _is_same(kept[place], one)), None)
        if index is None:
            index = len(kept)
            kept.append(one)
        else:
            kept[index] = _joined(kept[index], one)
        places.add(one, index)
    known = (replace(one, kind=one.becomes) if one.kind == "note" and one.becomes else one for one in kept)
    return tuple(sorted(known, key=lambda one: one.at))


class _Places:
    """Where happenings are that another one may be the same as: by key, things with names, and notes."""

    def __init__(self) -> None:
        self._by_key: dict[str, list[int]] = {}
        self._named: list[int] = []
        self._notes: list[int] = []

    def near(self, one: Happening) -> list[int]:
        """Return the places to look at, the latest first; what is older than these is too far away to be the same."""
        found = self._by_key.get(one.key, [])[-_MOST_NEAR:] if one.key else []
        found = [*found, *(self._named[-_MOST_NEAR:] if one.kind == "note" else ())]
        found = [*found, *(self._notes[-_MOST_NEAR:] if one.names else ())]
        return found[::-1]

    def add(self, one: Happening, place: int) -> None:
        """Remember where a happening is, or where it was joined."""
        if one.key:
            self._by_key.setdefault(one.key, []).append(place)
        if one.names:
            self._named.append(place)
        if one.kind == "note":
            self._notes.append(place)


def announced_kind(text: str) -> Kind:
    """Return what a change is that was announced in these words: a deploy, or another one."""
    return "deploy" if announces_deploy(text) else "setting"


def without_known_resets(happenings: Sequence[Happening]) -> tuple[Happening, ...]:
    """Return happenings without resets of counters that a deploy or the start of a process explains."""
    known = [one for one in happenings if one.kind in ("deploy", "restart") and not one.key.startswith(RESET)]
    return tuple(
        one
        for one in happenings
        if not one.key.startswith(RESET)
        or not any(
            other.service == one.service and abs((other.at - one.at).total_seconds()) <= _TOGETHER_SECONDS
            for other in known
        )
    )


def together(happenings: Sequence[Happening]) -> tuple[Happening, ...]:
    """Return happenings of the same key that follow each other closely as one, with their count.

    For one kind of one rule at a time; the labels kept are those all of them share.
    """
    found: list[Happening] = []
    latest: dict[str, int] = {}
    for one in sorted(happenings, key=lambda one: one.at):
        place = latest.get(one.key)
        last = None if place is None else found[place]
        if place is None or last is None or (one.at - last.at).total_seconds() > _TOGETHER_SECONDS:
            latest[one.key] = len(found)
            found.append(one)
            continue
        shared = Labels((name, value) for name, value in last.labels.items() if one.labels.get(name) == value)
        found[place] = replace(
            last,
            labels=shared,
            count=last.count + one.count,
            is_relevant=last.is_relevant or one.is_relevant,
            service=last.service if last.service == one.service else "",
        )
    return tuple(found)


def most_telling(happenings: Sequence[Happening], *, limit: int) -> tuple[tuple[Happening, ...], tuple[Happening, ...]]:
    """Return the happenings to show, in order of time, and those left out."""
    ranked = sorted(range(len(happenings)), key=lambda place: (-happenings[place].weight, place))
    shown = set(ranked[:limit])
    return (
        tuple(one for place, one in enumerate(happenings) if place in shown),
        tuple(one for place, one in enumerate(happenings) if place not in shown),
    )


def delays(happenings: Sequence[Happening]) -> tuple[Delay, ...]:
    """Return how long it took from the first harm to notice, to answer and to recover, as far as both ends are known.

    The first harm is the first deviation users feel, and the recorded start where that is earlier or nothing deviated.
    """
    relevant = [one for one in happenings if one.is_relevant]
    deviation = _first(relevant, "deviation")
    start = _milestone(relevant, "start")
    harm = min((one for one in (deviation, start) if one is not None), key=lambda one: one.at, default=None)
    if harm is None:
        return ()
    began = "first deviation" if harm is deviation else "recorded start"
    since = harm.at - timedelta(seconds=_SAME_SECONDS)
    firing = next((one for one in relevant if one.kind == "firing" and one.at >= since), None)
    page = next((one for one in relevant if one.kind == "page" and one.at >= since), None)
    noticed = min((one for one in (firing, page) if one), key=_at, default=None)
    told = _milestone(relevant, "detected")
    detected = told or noticed
    answered = _first(relevant, "acknowledged") or _milestone(relevant, "acknowledged")
    recovered = max((one for one in relevant if one.kind == "recovery"), key=_at, default=None)
    pairs = (
        ("to alert", began, harm, "first alert", firing),
        ("to page", began, harm, "page", page),
        ("to detect", began, harm, "recorded detection", told),
        (
            "to acknowledge",
            "recorded detection" if told else "first alert or page",
            detected,
            "acknowledgement",
            answered,
        ),
        ("to mitigate", began, harm, "recorded mitigation", _milestone(relevant, "mitigated")),
        ("to recover", began, harm, "back to normal", recovered),
    )
    return tuple(
        Delay(name, since_words, until, first.at, last.at)
        for name, since_words, first, until, last in pairs
        if first is not None and last is not None and last is not first
    )


def _at(one: Happening) -> datetime:
    return one.at


def _first(happenings: Sequence[Happening], kind: Kind) -> Happening | None:
    return next((one for one in happenings if one.kind == kind), None)


def _milestone(happenings: Sequence[Happening], name: str) -> Happening | None:
    return next((one for one in happenings if one.key == f"milestone:{name}"), None)


def _is_same(known: Happening, one: Happening) -> bool:
    apart = abs((one.at - known.at).total_seconds())
    if known.key and known.key == one.key and apart <= _SAME_SECONDS:
        return all(known.labels.get(name, value) == value for name, value in one.labels.items())
    return apart <= _NOTED_SECONDS and (_notes(known, one) or _notes(one, known))


def _notes(note: Happening, thing: Happening) -> bool:
    """Whether somebody wrote down what a system saw: all names of the thing stand in the note."""
    if note.kind != "note" or not thing.names:
        return False
    text = note.text.casefold()
    return all(name.casefold() in text for name in thing.names)


def _joined(first: Happening, second: Happening) -> Happening:
    """Return both as one: a system's time and kind go before a person's, a person's words are kept beside them."""
    main, other = (second, first) if first.kind == "note" and second.kind != "note" else (first, second)
    is_said = other.text and other.text.casefold() not in main.text.casefold()
    return replace(
        main,
        text=f"{main.text} {_sentence(other.text)}" if is_said and other.kind in ("note", "status") else main.text,
        who=main.who or other.who,
        service=main.service or other.service,
        evidence=tuple(dict.fromkeys((*main.evidence, *other.evidence))),
        names=main.names or other.names,
        is_relevant=main.is_relevant or other.is_relevant,
        count=max(main.count, other.count),
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
