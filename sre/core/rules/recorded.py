"""Samples that rules have made, laid over those of a store."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql import Matcher, SampleStore
from sre.core.promql.select import STALE_BITS
from sre.core.series import BoolArray, FloatArray, IntArray, Samples

_STALE = np.array([STALE_BITS], dtype=np.int64).view(np.float64)[0]
# Moves a sample behind the instant it was made at, so that it is seen from the next evaluation on.
_JUST_AFTER_MS = 1


class RecordedStore:
    """A store with recorded series on top; a recorded series takes the place of one with the same labels below."""

    def __init__(self, below: SampleStore) -> None:
        self._below = below
        self._by_name: dict[str, list[tuple[int, Samples]]] = {}
        self._labels: set[Labels] = set()

    def add(self, series: Iterable[Samples], *, rule_index: int) -> tuple[Labels, ...]:
        """Add what a rule recorded; returns the label sets that another rule recorded before, which are left out."""
        taken = []
        for one in series:
            if one.labels in self._labels:
                taken.append(one.labels)
                continue
            self._labels.add(one.labels)
            self._by_name.setdefault(one.labels.metric, []).append((rule_index, one))
        return tuple(taken)

    def recorded(self, name: str | None = None) -> tuple[Samples, ...]:
        """Return the recorded series, of one name or of all."""
        names = self._by_name if name is None else (name,)
        return tuple(one for each in names for _, one in self._by_name.get(each, ()))

    def select(self, matchers: Sequence[Matcher], *, start_ms: int, end_ms: int) -> Sequence[Samples]:
        """Return series of both layers that pass all matchers."""
        return self.seen_by(None).select(matchers, start_ms=start_ms, end_ms=end_ms)

    def seen_by(self, rule_index: int | None) -> "SampleStore":
        """Return the store as a rule sees it: what later rules record, it sees one evaluation late."""
        return _View(self, rule_index)

    def selected(
        self, matchers: Sequence[Matcher], *, start_ms: int, end_ms: int, rule_index: int | None
    ) -> Sequence[Samples]:
        """Return what `select` does, as a rule sees it."""
        below = self._below.select(matchers, start_ms=start_ms, end_ms=end_ms)
        kept = [one for one in below if one.labels not in self._labels] if self._labels else list(below)
        on_name = [matcher for matcher in matchers if matcher.name == METRIC_NAME]
        others = [matcher for matcher in matchers if matcher.name != METRIC_NAME]
        for name in self._names(on_name):
            for made_by, one in self._by_name[name]:
                if all(matcher.matches(one.labels) for matcher in others):
                    is_later = rule_index is not None and made_by > rule_index
                    kept.append(_delayed(one) if is_later else one)
        return kept

    def _names(self, on_name: Sequence[Matcher]) -> list[str]:
        exact = next((matcher.value for matcher in on_name if matcher.op == "="), None)
        names = self._by_name if exact is None else [exact] if exact in self._by_name else []
        return [name for name in names if all(matcher.matches_value(name) for matcher in on_name)]


class _View:
    """Implements `SampleStore`."""

    def __init__(self, store: RecordedStore, rule_index: int | None) -> None:
        self._store = store
        self._rule_index = rule_index

    def select(self, matchers: Sequence[Matcher], *, start_ms: int, end_ms: int) -> Sequence[Samples]:
        return self._store.selected(matchers, start_ms=start_ms, end_ms=end_ms, rule_index=self._rule_index)


def _delayed(series: Samples) -> Samples:
    return replace(series, timestamps_ms=series.timestamps_ms + _JUST_AFTER_MS)


def recorded_samples(labels: Labels, *, times_ms: IntArray, values: FloatArray, present: BoolArray) -> Samples:
    """Return what a rule writes: a sample where it has a value, a staleness marker where it has none any more.

    Args:
        times_ms, values, present: shape (steps,), one entry an evaluation.
    """
    before = np.concatenate([[False], present[:-1]])
    written = present | before
    return Samples(labels, times_ms[written], np.where(present, values, _STALE)[written])
