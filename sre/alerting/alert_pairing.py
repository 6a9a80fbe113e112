"""Which alert of the Alertmanager is which alert of a Prometheus.

Both know an alert by its labels, but a Prometheus adds its external labels on the way, and its `alert_relabel_configs`
may take some away (`replica` of a pair, most often). Neither is told anywhere, so both are found by what fits.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sre.core.labels import Labels

_ALERT_NAME: Final = "alertname"
# Bounds on the search for added labels (our choice): they are the same on every alert, so a few alerts show them.
_SAMPLE: Final = 50
_CANDIDATES: Final = 200
_MAX_ADDED: Final = 20
# Alerts for which the slower search without dropped labels is tried.
_MAX_LOOSE: Final = 500


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
    by_name: dict[str, list[int]] = {}
    for position, labels in enumerate(held):
        by_name.setdefault(labels.get(_ALERT_NAME, ""), []).append(position)
    added = _added_labels(sent, held, by_name)
    exact = _exactly(sent, held, added)
    loose, uncertain = _loosely(sent, held, by_name, exact)
    return Pairing(
        {**exact, **loose}, added[0] if added and exact else Labels(), frozenset(loose), frozenset(uncertain)
    )


def _added_labels(
    sent: Sequence[Labels], held: Sequence[Labels], by_name: Mapping[str, Sequence[int]]
) -> tuple[Labels, ...]:
    """Return the sets of labels that may have been added, those that explain most alerts first."""
    votes: Counter[Labels] = Counter()
    step = max(1, len(sent) // _SAMPLE)
    for labels in sent[::step][:_SAMPLE]:
        candidates = [held[position] for position in by_name.get(labels.get(_ALERT_NAME, ""), ())[:_CANDIDATES]]
        votes.update({other.without(*labels) for other in candidates if other.only(labels) == labels})
    ranked = sorted(votes, key=lambda added: (-votes[added], len(added), str(added)))
    return tuple(ranked[:_MAX_ADDED])


def _exactly(sent: Sequence[Labels], held: Sequence[Labels], added: Sequence[Labels]) -> dict[int, int]:
    positions = {labels: position for position, labels in enumerate(held)}
    pairs = {}
    for index, labels in enumerate(sent):
        # Labels of the alert itself win over external ones.
        wanted = (Labels({**extra, **labels}) for extra in added)
        found = next((positions[one] for one in wanted if one in positions), None)
        if found is not None:
            pairs[index] = found
    return pairs


def _loosely(
    sent: Sequence[Labels], held: Sequence[Labels], by_name: Mapping[str, Sequence[int]], exact: Mapping[int, int]
) -> tuple[dict[int, int], set[int]]:
    """Return pairs where labels were dropped on the way, and those that have several possible partners."""
    taken = set(exact.values())
    pairs: dict[int, int] = {}
    uncertain: set[int] = set()
    for index in [index for index in range(len(sent)) if index not in exact][:_MAX_LOOSE]:
        labels = sent[index]
        free = [one for one in by_name.get(labels.get(_ALERT_NAME, ""), ()) if one not in taken][:_CANDIDATES]
        fitting = [position for position in free if _agree(labels, held[position])]
        if len(fitting) == 1:
            pairs[index] = fitting[0]
        elif fitting:
            uncertain.add(index)
    return pairs, uncertain


def _agree(one: Labels, other: Labels) -> bool:
    return all(other[name] == value for name, value in one.items() if name in other)
