"""Which alert of the Alertmanager is which alert of a Prometheus.

Both know an alert by its labels, but a Prometheus adds its external labels on the way, and its `alert_relabel_configs`
may take some away (`replica` of a pair, most often). Neither is told anywhere, so both are found by what fits: two
label sets can be the same alert where they agree on every label that both have, and of several that can, the one is
taken whose difference explains the most alerts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sre.core.labels import Labels

_ALERT_NAME: Final = "alertname"
# Bounds on the search (our choice). An alert whose labels leave so many partners open is not joined at all.
_MAX_PARTNERS: Final = 20
_MAX_LABEL_NAMES: Final = 50

# What was added on the way, and the names of what was taken away.
_Change: TypeAlias = tuple[Labels, frozenset[str]]
_Names: TypeAlias = frozenset[str]


@dataclass(frozen=True, slots=True)
class Pairing:
    """What was found.

    Attributes:
        held_by_sent: Position among the held alerts by position among the sent ones.
        added: Labels that were added on the way to most of them: the external labels.
        loose: Sent ones whose partner lacks some of their labels.
        uncertain: Sent ones that several held ones could be.
    """

    held_by_sent: Mapping[int, int] = field(default_factory=dict)
    added: Labels = field(default_factory=Labels)
    loose: frozenset[int] = frozenset()
    uncertain: frozenset[int] = frozenset()


def paired(sent: Sequence[Labels], held: Sequence[Labels]) -> Pairing:
    """Return which held alert each sent one became.

    Args:
        sent: Labels of the firing alerts of a Prometheus.
        held: Labels of the alerts of an Alertmanager, which other senders may use too.
    """
    search = _Search(held)
    partners = [search.partners(labels) for labels in sent]
    votes = Counter(change for found in partners for _, change in found or ())
    pairs, loose, uncertain = {}, set(), set()
    changes: Counter[Labels] = Counter()
    for index, found in enumerate(partners):
        best = _best(found, votes) if found else None
        if best is not None:
            position, (added, dropped) = best
            pairs[index] = position
            changes[added] += 1
            if dropped:
                loose.add(index)
        elif found is None or found:
            uncertain.add(index)
    usual = max(changes, key=lambda added: (changes[added], str(added)), default=Labels())
    return Pairing(pairs, usual, frozenset(loose), frozenset(uncertain))


class _Search:
    """Held alerts, found by the labels that a sent one shares with them."""

    def __init__(self, held: Sequence[Labels]) -> None:
        self._held = held
        self._names: dict[str, dict[_Names, list[int]]] = {}
        for position, labels in enumerate(held):
            by_names = self._names.setdefault(labels.get(_ALERT_NAME, ""), {})
            by_names.setdefault(frozenset(labels), []).append(position)
        self._indexes: dict[tuple[str, _Names, _Names], dict[Labels, list[int]]] = {}

    def partners(self, labels: Labels) -> list[tuple[int, _Change]] | None:
        """Return the held alerts that this one can be, with what changed; None where there are too many."""
        own = frozenset(labels)
        found: list[tuple[int, _Change]] = []
        for names in list(self._names.get(labels.get(_ALERT_NAME, ""), ()))[:_MAX_LABEL_NAMES]:
            shared = own & names
            positions = self._index(labels.get(_ALERT_NAME, ""), names, shared).get(labels.only(shared), ())
            if len(found) + len(positions) > _MAX_PARTNERS:
                return None
            # The name of the alert alone does not make two alerts one, if the sent one says more.
            if len(shared) > 1 or len(own) == 1:
                found += [(one, (self._held[one].without(*own), own - names)) for one in positions]
        return found

    def _index(self, name: str, names: _Names, shared: _Names) -> Mapping[Labels, Sequence[int]]:
        key = (name, names, shared)
        if key not in self._indexes:
            index = self._indexes[key] = {}
            for position in self._names[name][names]:
                index.setdefault(self._held[position].only(shared), []).append(position)
        return self._indexes[key]


def _best(found: Sequence[tuple[int, _Change]], votes: Mapping[_Change, int]) -> tuple[int, _Change] | None:
    """Return the partner that lost nothing, else the one with the most usual change; None where two are as good."""

    def merit(partner: tuple[int, _Change]) -> tuple[bool, int]:
        return not partner[1][1], votes[partner[1]]

    first, *others = sorted(found, key=merit, reverse=True)
    return None if others and merit(first) == merit(others[0]) else first
