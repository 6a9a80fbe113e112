"""Changes of several series at the same time, told as one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from sre.core.deploy_matching import Moment
    from sre.metrics.changes.model import DatedAnomaly, DatedChange

Item = TypeVar("Item", bound="DatedChange | DatedAnomaly")


@dataclass(frozen=True, slots=True)
class Group(Generic[Item]):
    """What happened to one or more series at the same time, as far as that can be told.

    Attributes:
        lead: Where it stands out most.
        others: The same in other series, strongest first.
    """

    lead: Item
    others: tuple[Item, ...] = ()

    @property
    def members(self) -> tuple[Item, ...]:
        """All of them, the lead first."""
        return (self.lead, *self.others)


def grouped_changes(changes: Sequence[DatedChange], *, tolerance_ms: int) -> tuple[Group[DatedChange], ...]:
    """Return changes by their time, ranked: size in a series' own noise, times the root of the number of series.

    Args:
        tolerance_ms: How far apart two may seem although they are one: a step or two.
    """
    return _grouped(changes, strength=_effect, moment=lambda one: one.moment, tolerance_ms=tolerance_ms)


def grouped_anomalies(anomalies: Sequence[DatedAnomaly], *, tolerance_ms: int) -> tuple[Group[DatedAnomaly], ...]:
    """Return anomalies by the time they began, ranked as changes are."""
    return _grouped(anomalies, strength=_score, moment=lambda one: one.start, tolerance_ms=tolerance_ms)


def _effect(change: DatedChange) -> float:
    return change.effect


def _score(anomaly: DatedAnomaly) -> float:
    return anomaly.score


def _grouped(
    items: Sequence[Item],
    *,
    strength: Callable[[Item], float],
    moment: Callable[[Item], Moment],
    tolerance_ms: int,
) -> tuple[Group[Item], ...]:
    groups: list[list[Item]] = []
    for item in sorted(items, key=lambda one: (-strength(one), moment(one).at_ms, one.row)):
        near = (
            group
            for group in groups
            if _overlap(moment(group[0]), moment(item), tolerance_ms) and all(one.row != item.row for one in group)
        )
        group = next(near, None)
        if group is None:
            groups.append([item])
        else:
            group.append(item)
    found = [Group(group[0], tuple(group[1:])) for group in groups]
    return tuple(sorted(found, key=lambda group: -strength(group.lead) * math.sqrt(len(group.members))))


def _overlap(one: Moment, other: Moment, tolerance_ms: int) -> bool:
    return one.earliest_ms - tolerance_ms <= other.latest_ms and other.earliest_ms - tolerance_ms <= one.latest_ms
