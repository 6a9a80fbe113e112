"""Rows that came back become behaviours: means from their halves, error ratios from counts by status, rates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql_text import LabelMatch
from sre.core.times import Duration
from sre.incidents.scan.entities import entity_labels, entity_of, named_entities
from sre.incidents.scan.model import ITEM_LABEL, Part, ScanItem, ScanQuery
from sre.incidents.scan.presence import EntityRow, presences
from sre.incidents.suspects.kinds import kind_of
from sre.incidents.suspects.model import Behaviour

if TYPE_CHECKING:
    from sre.core.series import BoolArray, FloatArray, Grid, SeriesSet
    from sre.incidents.suspects.model import Kind

Measure: TypeAlias = Literal["level", "rate", "mean", "p95", "error ratio", "percent", "highest", "lowest"]
_MEASURES: Final[Mapping[Part, Measure]] = {"quantile": "p95", "highest": "highest", "lowest": "lowest"}
# A counter that nobody calls one: it never falls, and moves at this share of its steps.
_COUNTING_SHARE: Final = 0.2
_CLIENT_ERRORS: Final = "4.."


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """A behaviour, and how to ask for it again."""

    behaviour: Behaviour
    metric: str
    measure: Measure
    query: str

    @property
    def point_count(self) -> int:
        """How many values it has."""
        return int(np.isfinite(self.behaviour.values).sum())


@dataclass(slots=True)
class ScanTable:
    """Collects the rows of all questions on one timeline.

    Args:
        grids: The windows that are read, oldest first.
        rate_window: Range of the rates.
        fallback: Whom series speak about that no label and no name assigns.
    """

    grids: Sequence[Grid]
    rate_window: Duration
    fallback: str = ""
    _rows: dict[ScanItem, dict[Labels, FloatArray]] = field(default_factory=dict)

    def add(self, query: ScanQuery, *, part: int, series: SeriesSet) -> None:
        """Take the answer for the window of this number."""
        first = sum(grid.count for grid in self.grids[:part])
        steps = sum(grid.count for grid in self.grids)
        for labels, values in zip(series.labels, series.values, strict=True):
            item = query.items.get(labels.get(ITEM_LABEL, "") or labels.metric)
            if item is None:
                continue
            rows = self._rows.setdefault(item, {})
            key = labels.without(ITEM_LABEL, METRIC_NAME)
            if key not in rows:
                rows[key] = np.full(steps, np.nan)
            rows[key][first : first + len(values)] = np.where(np.isfinite(values), values, np.nan)

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return sum(map(len, self._rows.values()))

    @property
    def point_count(self) -> int:
        """How many values there are."""
        return sum(int(np.isfinite(values).sum()) for rows in self._rows.values() for values in rows.values())

    def entity_rows(self) -> list[EntityRow]:
        """Return the rows as they came, each with whom it speaks about."""
        naming = self._naming()
        found = []
        for item, rows in self._rows.items():
            for labels, values in rows.items():
                label = next(iter(entity_labels(item.metric, labels)), "")
                found.append(EntityRow(naming.entity(item.metric, labels), label, labels.get(label, ""), values))
        return found

    def present(self, is_normal: BoolArray) -> tuple[Scanned, ...]:
        """Return how much of each entity is there."""
        return tuple(
            Scanned(one.behaviour, "series present", "percent", one.query)
            for one in presences(self.entity_rows(), is_normal)
        )

    def scanned(self) -> tuple[Scanned, ...]:
        """Return the behaviours of all rows."""
        naming = self._naming()
        halves = {item.family: item for item in self._rows if item.part == "count"}
        found: list[Scanned] = []
        for item, rows in self._rows.items():
            reader = _Reader(item, self.rate_window, naming)
            if item.part == "total":
                other = halves.get(item.family)
                found += reader.means(rows, self._rows.get(other, {}) if other else {}, other)
            elif item.status:
                found += reader.outcomes(rows)
            elif item.part in ("rate", "count"):
                found += reader.rates(rows)
            else:
                found += reader.levels(rows, self._step_seconds())
        return tuple(found)

    def _naming(self) -> _Naming:
        unlabelled = [item.metric for item, rows in self._rows.items() if all(not labels for labels in rows)]
        return _Naming(named_entities(unlabelled), self.fallback)

    def _step_seconds(self) -> FloatArray:
        """Return how long before each step the one before lies; missing where a window begins."""
        apart = np.concatenate([np.full(grid.count, grid.step_ms / 1000) for grid in self.grids])
        apart[np.cumsum([0, *(grid.count for grid in self.grids[:-1])])] = np.nan
        return apart


@dataclass(frozen=True, slots=True)
class _Naming:
    by_name: Mapping[str, str]
    fallback: str

    def entity(self, metric: str, labels: Labels) -> str:
        return entity_of(metric, labels) or self.by_name.get(metric, "") or self.fallback


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the rows of one item."""

    item: ScanItem
    window: Duration
    naming: _Naming

    def levels(self, rows: Mapping[Labels, FloatArray], step_seconds: FloatArray) -> list[Scanned]:
        if self.item.metric == "up":
            # A target that is down is no small step from 1 to 0.
            return [self._one(labels, 100.0 * values, "percent") for labels, values in rows.items()]
        measure = _MEASURES.get(self.item.part, "level")
        found = []
        for labels, values in rows.items():
            if self.item.may_count and _counts(values):
                found.append(self._one(labels, _differences(values) / step_seconds, "rate"))
            else:
                found.append(self._one(labels, values, measure))
        return found

    def rates(self, rows: Mapping[Labels, FloatArray]) -> list[Scanned]:
        found = [self._one(labels, values, "rate") for labels, values in rows.items()]
        # What a machine does with all its time is always the same.
        if "mode" in self.item.by:
            return found
        for whose, group in self._by_entity(rows).items():
            if len(group) > 1:
                total = _summed(rows[labels] for labels in group)
                found.append(self._one(_shared(group), total, "rate", whose=whose))
        return found

    def means(
        self, rows: Mapping[Labels, FloatArray], counts: Mapping[Labels, FloatArray], other: ScanItem | None
    ) -> list[Scanned]:
        """Return total / count for each row, and for all of an entity together; the count itself is read elsewhere."""
        if other is None:
            return []
        found = []
        pairs = {labels: (values, counts[labels]) for labels, values in rows.items() if labels in counts}
        status = other.status
        for whose, group in self._by_entity(pairs).items():
            details = sorted({labels.without(status) for labels in group}, key=str)
            for detail in details if len(details) > 1 else ():
                of_detail = [labels for labels in group if labels.without(status) == detail]
                found.append(self._mean(detail, [pairs[labels] for labels in of_detail], whose))
            found.append(self._mean(_shared(group), [pairs[labels] for labels in group], whose))
        return found

    def outcomes(self, rows: Mapping[Labels, FloatArray]) -> list[Scanned]:
        """Return the rate of all, and the share that failed, for each entity and each detail of it."""
        found: list[Scanned] = []
        status = self.item.status
        for whose, group in self._by_entity(rows).items():
            details = sorted({labels.without(status) for labels in group}, key=str)
            parts = [[labels for labels in group if labels.without(status) == detail] for detail in details]
            for detail, part in zip(details, parts, strict=True) if len(details) > 1 else ():
                found += self._outcome(detail, part, rows, whose=whose)
            found += self._outcome(_shared(group), group, rows, whose=whose)
        return found

    def _outcome(
        self, shown: Labels, part: Sequence[Labels], rows: Mapping[Labels, FloatArray], *, whose: str
    ) -> list[Scanned]:
        shown = shown.without(self.item.status)
        total = _summed(rows[labels] for labels in part)
        found = [self._one(shown, total, "rate", whose=whose)]
        for pattern in (self.item.errors, _CLIENT_ERRORS):
            bad = [rows[labels] for labels in part if re.fullmatch(pattern, labels.get(self.item.status, ""))]
            if bad:
                ratio = np.where(np.isfinite(total), np.nan_to_num(_summed(bad)), np.nan) / np.where(
                    total > 0, total, np.nan
                )
                found.append(self._one(shown, ratio, "error ratio", (self.item.status, "=~", pattern), whose=whose))
        return found

    def _mean(self, shown: Labels, pairs: Sequence[tuple[FloatArray, FloatArray]], whose: str) -> Scanned:
        total, count = _summed(pair[0] for pair in pairs), _summed(pair[1] for pair in pairs)
        return self._one(shown, total / np.where(count > 0, count, np.nan), "mean", whose=whose)

    def _one(self, labels: Labels, values: FloatArray, measure: Measure, *bad: LabelMatch, whose: str = "") -> Scanned:
        # What all rows of an entity share need not hold the label that named it.
        metric = self.item.family if measure in ("mean", "p95") else self.item.metric
        shown = metric if measure == "level" else f"{metric} ({_client(bad)}{measure})"
        whom = entity_labels(self.item.metric, labels)
        service = whose or self.naming.entity(self.item.metric, labels)
        behaviour = Behaviour(service, shown, values, labels.without(*whom), self._kind(metric, measure))
        return Scanned(behaviour, metric, measure, self._query(labels, measure, bad))

    def _query(self, labels: Labels, measure: Measure, bad: Sequence[LabelMatch]) -> str:
        own: list[LabelMatch] = [(name, "=", value) for name, value in labels.items()]
        if measure == "mean":
            count = replace(self.item, metric=f"{self.item.family}_count", part="count")
            halves = (one.expression(self.window, *own) for one in (self.item, count))
            return " / ".join(map(_plain, halves))
        text = _plain(self.item.expression(self.window, *own))
        if measure == "error ratio":
            return f"{_plain(self.item.expression(self.window, *own, *bad))} / {text}"
        if measure == "percent":
            return f"100 * {text}"
        if measure == "rate" and self.item.part == "level":
            return _plain(replace(self.item, part="rate").expression(self.window, *own))
        return text

    def _kind(self, metric: str, measure: Measure) -> Kind:
        guessed = kind_of(metric)
        if metric == "up" or measure == "error ratio":
            return "errors"
        if measure in ("mean", "p95"):
            return "latency" if guessed in ("other", "traffic") else guessed
        if measure == "rate" and (self.item.status or guessed == "latency"):
            # A histogram's count is called after durations, but counts requests.
            return "traffic"
        # A gauge that is known to be one counts what is there, not what comes.
        return "other" if guessed == "traffic" and measure == "level" and not self.item.may_count else guessed

    def _by_entity(self, rows: Iterable[Labels]) -> dict[str, list[Labels]]:
        groups: dict[str, list[Labels]] = {}
        for labels in rows:
            groups.setdefault(self.naming.entity(self.item.metric, labels), []).append(labels)
        return groups


def _client(bad: Sequence[LabelMatch]) -> str:
    return "client " if bad and bad[0][2] == _CLIENT_ERRORS else ""


def _plain(expression: str) -> str:
    """Return an aggregation of one group without the labels it was grouped by."""
    return re.sub(r"^(avg|max|min|sum) by \([^)]*\) ", r"\1", expression, count=1)


def _shared(group: Sequence[Labels]) -> Labels:
    """Return the labels that all have in common."""
    first, *others = group
    return Labels({name: value for name, value in first.items() if all(one.get(name) == value for one in others)})


def _summed(rows: Iterable[FloatArray]) -> FloatArray:
    """Return the sum of rows, missing only where all are."""
    stacked = np.vstack(list(rows))
    return np.where(np.isfinite(stacked).any(axis=0), np.nansum(stacked, axis=0), np.nan)


def _counts(values: FloatArray) -> bool:
    """Return whether values only ever grow, and often."""
    kept = values[np.isfinite(values)]
    steps = np.diff(kept)
    return len(steps) > 1 and bool((steps >= 0).all()) and float((steps > 0).mean()) >= _COUNTING_SHARE


def _differences(values: FloatArray) -> FloatArray:
    steps = np.diff(values, prepend=np.nan)
    return np.where(steps >= 0, steps, np.nan)
