"""Whether an incident that is being declared is known already."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher

from sre.incidents.records.facts import began_at
from sre.incidents.records.model import Incident

# Two people page each other within a shift, not later (our choice).
NEAR = timedelta(hours=12)
# Share of the shorter title's words that the longer one has, or likeness by letters: "checkout fails" and "Checkout is
# failing" are alike, "checkout fails" and "payments slow" are not (our choice).
_LEAST_SHARED_WORDS = 0.5
_LEAST_LIKENESS = 0.6
_WORD = re.compile(r"\w+")
_EMPTY_WORDS = frozenset(
    ("a", "an", "and", "are", "at", "by", "for", "from", "in", "is", "it", "not", "of", "on", "or", "our",
     "the", "to", "with")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """A known incident that may be the same, and why."""

    incident: Incident
    why: str


def near_duplicates(declared: Incident, known: Iterable[Incident]) -> tuple[NearDuplicate, ...]:
    """Return incidents that are not over, began within hours of the declared one, and are alike; the likest first.

    Alike: a service in common and a similar title; or a nearly equal title where one of the two names no service.
    """
    found = [
        (likeness, NearDuplicate(other, why))
        for other in known
        if other.number != declared.number and not other.is_over() and _is_near(declared, other)
        for likeness, why in [_alike(declared, other)]
        if why
    ]
    return tuple(duplicate for _, duplicate in sorted(found, key=lambda pair: -pair[0]))


def title_likeness(first: str, second: str) -> float:
    """Return how alike two titles are, 0 to 1: the larger of shared words and shared letters."""
    words = [_words(first), _words(second)]
    shorter = min(len(words[0]), len(words[1]))
    shared = len(words[0] & words[1]) / shorter if shorter else 0.0
    letters = SequenceMatcher(None, first.casefold(), second.casefold()).ratio()
    return max(shared if shared >= _LEAST_SHARED_WORDS else 0.0, letters if letters >= _LEAST_LIKENESS else 0.0)


def _is_near(first: Incident, second: Incident) -> bool:
    return abs(began_at(first) - began_at(second)) <= NEAR


def _alike(declared: Incident, other: Incident) -> tuple[float, str]:
    likeness = title_likeness(declared.title, other.title)
    shared = [service for service in declared.services if service in other.services]
    if shared and likeness:
        return 1 + likeness, f"the same service ({', '.join(shared[:3])}) and a similar title"
    if likeness and not (declared.services and other.services):
        return likeness, "a similar title"
    return 0.0, ""


def _words(title: str) -> frozenset[str]:
    return frozenset(_WORD.findall(title.casefold())) - _EMPTY_WORDS
