"""The samples that make a scenario happen: one a minute, for every series that drives the SLI."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sre.core.exact import exact_number
from sre.core.labels import Labels
from sre.core.promql import Matcher, selects
from sre.core.promql.select import STALE_BITS
from sre.core.series import BoolArray, FloatArray, Samples
from sre.slo.event_series import EventSeries
from sre.slo.timelines import Phase, Timeline
from sre.slo.trial import AnySeries, RecordSeries, Scenario, Subject

_STALE = np.array([STALE_BITS], dtype=np.int64).view(np.float64)[0]
_MINUTE_MS = 60_000
# A recorded count that no least number of bad events is above of.
_MANY = 1e9
# Sums of shares of events carry noise far behind this.
_DIGITS = 6


@dataclass(frozen=True, eq=False)
class InputSeries:
    """A series of a scenario.

    Attributes:
        values: shape (samples,), its value at each scrape.
        is_there: shape (samples,), whether it has one.
        every_ms: Milliseconds between scrapes, the first at the beginning.
    """

    labels: Labels
    values: FloatArray
    is_there: BoolArray
    every_ms: int = _MINUTE_MS

    def samples(self, *, start_ms: int = 0) -> Samples:
        """Return it as samples; where it ends it is stale, as after a scrape that failed."""
        ends = ~self.is_there & np.concatenate([[False], self.is_there[:-1]])
        kept = self.is_there | ends
        times = start_ms + self.every_ms * np.arange(len(self.values), dtype=np.int64)
        return Samples(self.labels, times[kept], np.where(ends, _STALE, self.values)[kept])

    def denser(self, times: int) -> "InputSeries":
        """Return it with so many scrapes for one, in a straight line from each to the next."""
        if times == 1:
            return self
        between = np.arange((len(self.values) - 1) * times + 1) / times
        before, after = np.floor(between).astype(np.int64), np.ceil(between).astype(np.int64)
        first, last = self.values[before], self.values[after]
        # A counter that has begun again counts up from 0.
        first = np.where(last < first, np.where(before < after, 0.0, last), first)
        values = first + (between - before) * (last - first)
        # What lies before a scrape that found nothing belongs to the minute that is gone.
        there = self.is_there[before] & self.is_there[after]
        return InputSeries(self.labels, values, there, self.every_ms // times)

    def notation(self) -> str:
        """Return it as promtool writes series: `0+10x5` for 0 10 20 30 40 50, `_x3` for none three times."""
        return " ".join(_runs(self.values, self.is_there))


@dataclass(frozen=True, slots=True)
class ScenarioStore:
    """The samples of a scenario, as a store."""

    series: Sequence[Samples]

    def select(self, matchers: Sequence[Matcher], *, start_ms: int, end_ms: int) -> Sequence[Samples]:  # noqa: ARG002
        """Return the series that pass all matchers, whole."""
        return [one for one in self.series if selects(tuple(matchers), one.labels)]


def input_series(subject: Subject, scenario: Scenario) -> tuple[InputSeries, ...]:
    """Return the series of a scenario; the first group has the trouble, a second one good traffic."""
    good = [Phase(scenario.minutes, 0.0, subject.traffic)]
    return tuple(
        made.denser(subject.samples_per_minute)
        for index, series in enumerate(subject.series)
        for made in _of_group(
            series, scenario.phases if index == 0 or scenario.is_for_all else good, is_first=scenario.is_first_failure
        )
    )


def _of_group(series: AnySeries, phases: Sequence[Phase], *, is_first: bool) -> Iterator[InputSeries]:
    timeline = Timeline.of(phases)
    if isinstance(series, RecordSeries):
        there = np.ones(timeline.minutes + 1, dtype=np.bool_)
        for labels in series.ratios:
            yield InputSeries(labels, np.round(timeline.shares(), 9), there)
        for labels in series.counts:
            yield InputSeries(labels, _MANY * timeline.shares(), there)
        return
    if not isinstance(series, EventSeries):
        there = ~timeline.is_gone
        yield InputSeries(series.labels, np.round(_levels(series.good_value, series.bad_value, timeline), 9), there)
        for labels, value in series.others:
            yield InputSeries(labels, np.full(timeline.minutes + 1, value), there)
        return
    good = timeline.total - timeline.bad
    for labels in dict.fromkeys((*series.good, *series.bad)):
        grown = good * (labels in series.good) + timeline.bad * (labels in series.bad)
        there = ~timeline.is_gone
        if is_first and labels in series.only_bad:
            there = there & (np.cumsum(timeline.bad) > 0)
        yield InputSeries(labels, _counter(grown, timeline.restarts), there)


def _levels(good_value: float, bad_value: float, timeline: Timeline) -> FloatArray:
    levels: FloatArray = good_value + timeline.shares() * (bad_value - good_value)
    return levels


def _counter(grown: FloatArray, restarts: Sequence[int]) -> FloatArray:
    value = np.cumsum(grown)
    for mark in restarts:
        value[mark:] -= value[mark - 1]
    counter: FloatArray = np.round(value, _DIGITS)
    return counter


def _runs(values: FloatArray, is_there: BoolArray) -> Iterator[str]:
    index, count = 0, len(values)
    while index < count:
        end = index
        if not is_there[index]:
            while end + 1 < count and not is_there[end + 1]:
                end += 1
            was_there = index > 0
            rest = end - index + (0 if was_there else 1)
            yield from ["stale"] if was_there else []
            yield from [f"_x{rest}"] if rest else []
        else:
            step = _step_at(values, is_there, index)
            while end + 1 < count and is_there[end + 1] and _step_at(values, is_there, end) == step:
                end += 1
            yield _run(float(values[index]), step, end - index)
        index = end + 1


def _step_at(values: FloatArray, is_there: BoolArray, index: int) -> float:
    if index + 1 >= len(values) or not is_there[index + 1]:
        return 0.0
    return round(float(values[index + 1] - values[index]), _DIGITS)


def _run(first: float, step: float, times: int) -> str:
    if times == 0:
        return exact_number(first)
    sign = "-" if step < 0 else "+"
    return f"{exact_number(first)}{sign}{exact_number(abs(step))}x{times}"
