"""Which earlier incidents are like this one, why, and what was left undone after them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal, TypeAlias

from sre.core.text import cleaned, listed
from sre.incidents.records.facts import began_at
from sre.incidents.records.model import Incident, TrackedAction

Shortfall: TypeAlias = Literal["overdue", "open", "dropped", "late"]

# How much each likeness says (our choice): the same service alone makes an incident worth naming, a like cause in
# another service too, since the same mistake is made in two places.
_SERVICE_WEIGHT, _SLO_WEIGHT, _TITLE_WEIGHT, _CAUSE_WEIGHT = 0.3, 0.2, 0.25, 0.25
_LEAST_SCORE = 0.1
# Words in common below this share are chance.
_LEAST_WORDS = 0.25
_MAX_REASON_WORDS = 5
_WORD = re.compile(r"[^\W_]+")
_EMPTY_WORDS = frozenset(
    ("a", "after", "all", "an", "and", "are", "as", "at", "be", "been", "before", "but", "by", "for", "from", "had",
     "has", "have", "in", "into", "is", "it", "its", "no", "not", "of", "on", "or", "our", "so", "that", "the", "their",
     "there", "this", "to", "too", "was", "we", "were", "when", "which", "with")
)  # fmt: skip
# `fails`, `failed`, `failing` and `failure` are the same word here; what is left keeps at least four letters.
_ENDINGS = ("ations", "ation", "ions", "ion", "ings", "ing", "ures", "ure", "ers", "ed", "es", "er", "s", "e")
_LEAST_STEM = 4
_MAX_TEXT, _MAX_WORD = 2_000, 40


@dataclass(frozen=True, slots=True)
class Profile:
    """What an incident is compared by; texts from outside.

    Attributes:
        number: Its own number in the journal, which is not compared with; None where it has none.
    """

    title: str
    began_at: datetime
    services: tuple[str, ...] = ()
    slos: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    number: int | None = None


@dataclass(frozen=True, slots=True)
class UnfinishedAction:
    """An action that had not changed anything when the later incident began.

    Attributes:
        shortfall: `late` was done, but only after the later incident had begun.
    """

    reference: str
    action: TrackedAction
    shortfall: Shortfall


@dataclass(frozen=True, slots=True)
class SimilarIncident:
    """An earlier incident that is alike.

    Attributes:
        score: 0 to 1.
        reasons: What is alike, as words for a list; hold text from outside, cleaned.
        unfinished: What was not done when the later one began, overdue ones first.
    """

    incident: Incident
    score: float
    reasons: tuple[str, ...]
    unfinished: tuple[UnfinishedAction, ...]


def similar_incidents(
    subject: Profile, known: Iterable[Incident], *, now: datetime, limit: int = 5
) -> tuple[SimilarIncident, ...]:
    """Return the earlier incidents that are alike, the likest first and of equals the latest.

    Words that few incidents share say more than words of all of them.

    Args:
        now: Decides which actions are overdue.
    """
    mine = _read(subject)
    others = [(one, _read(profile_of(one))) for one in known if one.number != subject.number]
    rarity = _rarity([mine, *(read for _, read in others)])
    found = []
    for incident, read in others:
        if began_at(incident) >= subject.began_at:
            continue
        score, reasons = _likeness(mine, read, rarity)
        if score >= _LEAST_SCORE:
            undone = _unfinished(incident, before=subject.began_at, now=now)
            found.append(SimilarIncident(incident, score, reasons, undone))
    found.sort(key=lambda one: (-one.score, -began_at(one.incident).timestamp(), -one.incident.number))
    return tuple(found[:limit])


def profile_of(incident: Incident) -> Profile:
    """Return what an incident is compared by."""
    causes = tuple(cause.text for cause in incident.causes)
    return Profile(incident.title, began_at(incident), incident.services, incident.slos, causes, incident.number)


@dataclass(frozen=True, slots=True)
class _Read:
    """A profile with its words by their stems."""

    profile: Profile
    title: dict[str, str]
    causes: tuple[dict[str, str], ...]


def _read(profile: Profile) -> _Read:
    # The names of its services are in most titles and are counted apart.
    names = {stem for name in profile.services for stem in _stems(name)}
    title = {stem: word for stem, word in _stems(profile.title).items() if stem not in names}
    return _Read(profile, title, tuple(_stems(text) for text in profile.causes))


def _likeness(mine: _Read, theirs: _Read, rarity: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
    subject, other = mine.profile, theirs.profile
    title, title_words = _words_in_common(mine.title, theirs.title, rarity)
    pairs = (_words_in_common(one, another, rarity) for one in mine.causes for another in theirs.causes)
    cause, cause_words = max(pairs, default=(0.0, ()))
    score = (
        _SERVICE_WEIGHT * _overlap(subject.services, other.services)
        + _SLO_WEIGHT * _overlap(subject.slos, other.slos)
        + _TITLE_WEIGHT * title
        + _CAUSE_WEIGHT * cause
    )
    said = (
        ("the same service", _shared(subject.services, other.services)),
        ("the same SLO", _shared(subject.slos, other.slos)),
        ("words of the title", title_words),
        ("words of a cause", cause_words),
    )
    return score, tuple(f"{what}: {_listed(words)}" for what, words in said if words)


def _words_in_common(
    left: Mapping[str, str], right: Mapping[str, str], rarity: Mapping[str, float]
) -> tuple[float, tuple[str, ...]]:
    """Return how many of their words two texts share, 0 to 1, rare ones weighing more; and these words."""
    shared = [stem for stem in right if stem in left]
    if not shared:
        return 0.0, ()
    whole = sum(rarity[stem] for stem in left) + sum(rarity[stem] for stem in right)
    share = 2 * sum(rarity[stem] for stem in shared) / whole
    if share < _LEAST_WORDS:
        return 0.0, ()
    return min(share, 1.0), tuple(right[stem] for stem in sorted(shared, key=lambda stem: -rarity[stem]))


def _rarity(reads: Sequence[_Read]) -> dict[str, float]:
    """Return how much each word says: the logarithm of how few incidents have it."""
    having = Counter(stem for one in reads for stem in set().union(one.title, *one.causes))
    return {stem: math.log(1 + len(reads) / count) for stem, count in having.items()}


def _stems(text: str) -> dict[str, str]:
    """Return the words of a text by their stems."""
    words = (word.casefold() for word in _WORD.findall(text[:_MAX_TEXT]))
    return {_stem(word[:_MAX_WORD]): word for word in words if word not in _EMPTY_WORDS and not word.isdigit()}


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    endings = (ending for ending in _ENDINGS if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM)
    return word.removesuffix(next(endings, ""))


def _shared(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    folded = {name.casefold() for name in first}
    return tuple(name for name in second if name.casefold() in folded)


def _overlap(first: Sequence[str], second: Sequence[str]) -> float:
    """Return the share of the shorter list that the other has, 0 to 1."""
    sizes = len({name.casefold() for name in first}), len({name.casefold() for name in second})
    return len(set(_shared(first, second))) / min(sizes) if all(sizes) else 0.0


def _unfinished(incident: Incident, *, before: datetime, now: datetime) -> tuple[UnfinishedAction, ...]:
    order: tuple[Shortfall, ...] = ("overdue", "open", "dropped", "late")
    found = [
        UnfinishedAction(f"{incident.reference}#{action.number}", action, shortfall)
        for action in incident.actions
        if (shortfall := _shortfall(action, before=before, now=now)) is not None
    ]
    return tuple(sorted(found, key=lambda one: (order.index(one.shortfall), one.action.number)))


def _shortfall(action: TrackedAction, *, before: datetime, now: datetime) -> Shortfall | None:
    if action.is_open():
        return "overdue" if action.is_overdue(now.date()) else "open"
    if action.status == "dropped":
        return "dropped"
    return "late" if action.done_at is not None and action.done_at >= before else None


def _listed(words: Sequence[str]) -> str:
    return listed([cleaned(word, limit=60) for word in words], limit=_MAX_REASON_WORDS)
