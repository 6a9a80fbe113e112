"""Which share of its series an entity still has: what stops sends no value that could look odd."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sre.core.promql_text import selector
from sre.incidents.suspects.model import Behaviour

if TYPE_CHECKING:
    from sre.core.series import BoolArray, FloatArray

PRESENCE: Final = "series present (percent)"
# A series belongs to an entity's usual ones where it is there at nine of ten normal steps (our choice).
_USUAL_RATIO: Final = 0.9
# With fewer of all series left than this, nobody can be told apart: it is the monitoring that was away (our choice).
_MONITORED_RATIO: Final = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class EntityRow:
    """One row of an entity; `label` and `value` are what names it."""

    entity: str
    label: str
    value: str
    values: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Present:
    """How much of an entity is there, and how to ask for it."""

    behaviour: Behaviour
    query: str


def monitored_steps(rows: Sequence[EntityRow], is_normal: BoolArray) -> BoolArray:
    """Return at which steps there are samples of more than a few of the usual series, shape (steps,)."""
    usual = _usual(np.array([np.isfinite(row.values) for row in rows]), is_normal) if rows else np.zeros((0, 0))
    if not len(usual):
        return np.ones(len(is_normal), dtype=np.bool_)
    seen: BoolArray = usual.mean(axis=0) > _MONITORED_RATIO
    return seen


def presences(rows: Sequence[EntityRow], is_normal: BoolArray) -> tuple[Present, ...]:
    """Return the share of its usual series that each entity has, in percent; missing while the monitoring was away."""
    seen = monitored_steps(rows, is_normal)
    found = []
    for entity, own in _by_entity(rows).items():
        usual = _usual(np.array([np.isfinite(row.values) for row in own]), is_normal & seen)
        if len(usual):
            values = np.where(seen, 100.0 * usual.mean(axis=0), np.nan)
            found.append(Present(Behaviour(entity, PRESENCE, values, kind="errors"), _query(own[0])))
    return tuple(found)


def _usual(present: BoolArray, is_normal: BoolArray) -> BoolArray:
    if not is_normal.any():
        return present[:0]
    usual: BoolArray = present[present[:, is_normal].mean(axis=1) >= _USUAL_RATIO]
    return usual


def _by_entity(rows: Iterable[EntityRow]) -> Mapping[str, list[EntityRow]]:
    groups: dict[str, list[EntityRow]] = {}
    for row in rows:
        groups.setdefault(row.entity, []).append(row)
    return groups


def _query(row: EntityRow) -> str:
    if not row.label:
        return "count(up)"
    if row.value == row.entity:
        return f"count({selector('', [(row.label, '=', row.value)])})"
    # A host without its port, a deployment without the ends of its pods' names.
    start = re.escape(row.entity).replace("\\-", "-")
    return f"count({selector('', [(row.label, '=~', f'{start}.*')])})"
