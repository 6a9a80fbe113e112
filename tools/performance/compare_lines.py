"""Reading the values of a query in both windows, and on earlier days, and making subjects of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import RefusedError, SreError
from sre.core.labels import METRIC_NAME, Labels
from sre.core.text import cleaned, listed
from sre.core.times import Window, epoch_ms
from tools.concurrent import all_of, seconds_left, with_stand_in
from tools.performance.compare_subjects import LARGEST_VALUE, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import MetricSource
    from sre.core.series import BoolArray, FloatArray, IntArray, RangeResult
    from sre.performance.cycle import Cycle
    from sre.performance.model import BadDirection
    from tools.performance.compare_windows import Windows

MAX_SERIES = 12
# Ten days in one question may be too much for a source; then the two windows alone are asked for.
_PATIENCE_SECONDS = 12.0
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Question:
    """One query, what it measures and which direction is bad."""

    name: str
    query: str
    unit: str
    bad: BadDirection | None


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The values of one query over time."""

    times_ms: IntArray
    labels: tuple[Labels, ...]
    values: FloatArray
    present: BoolArray
    has_earlier: bool


async def read_lines(metrics: MetricSource, question: Question, windows: Windows) -> tuple[Lines, tuple[str, ...]]:
    """Return the values of a query, and what the source warned about."""

    async def ask(window: Window) -> RangeResult:
        return await metrics.range_query(question.query, window=window, step=windows.step)

    async def both() -> tuple[list[RangeResult], bool]:
        return list(await all_of([partial(ask, windows.before), partial(ask, windows.after)])), False

    async def whole() -> tuple[list[RangeResult], bool]:
        assert windows.earlier is not None
        # On the grid of the window after the change, so that its first value is its own.
        steps = (windows.after.start - windows.earlier).total_seconds() // windows.step.seconds
        start = windows.after.start - timedelta(seconds=steps * windows.step.seconds)
        return [await ask(Window(start, windows.after.end))], True

    if windows.earlier is None:
        results, has_earlier = await both()
    else:
        outcome, _ = await with_stand_in(
            whole, both, after_seconds=_PATIENCE_SECONDS, seconds=seconds_left(), system=metrics.name
        )
        if isinstance(outcome, SreError):
            raise outcome
        results, has_earlier = outcome
    warnings = tuple(cleaned(text) for result in results for text in result.warnings)
    return _joined(results, has_earlier=has_earlier), warnings


def _joined(results: Sequence[RangeResult], *, has_earlier: bool) -> Lines:
    """Return the answers to several windows as one, by label sets."""
    import numpy as np

    labels = list(dict.fromkeys(one for result in results for one in result.series.labels))
    times = np.concatenate([result.series.grid.times_ms() for result in results])
    values = np.full((len(labels), times.size), np.nan)
    present = np.zeros((len(labels), times.size), dtype=bool)
    start = 0
    for result in results:
        end = start + result.series.grid.count
        for row, one in enumerate(result.series.labels):
            values[labels.index(one), start:end] = result.series.values[row]
            present[labels.index(one), start:end] = result.series.present[row]
        start = end
    return Lines(times, tuple(labels), values, present & (np.abs(values) <= LARGEST_VALUE), has_earlier)


def subjects_of(question: Question, lines: Lines, windows: Windows) -> tuple[list[Subject], list[str]]:
    """Return one subject a series that has values on both sides, and what is said of the others.

    Raises:
        RefusedError: More series than can be told apart in one answer.
    """
    if len(lines.labels) > MAX_SERIES:
        raise _too_many(lines.labels)
    subjects, missing = [], []
    for row, labels in enumerate(_differing(lines.labels)):
        subject = _subject(question, lines, row, windows)
        name = question.name if not labels else f"{question.name} {labels}"
        sides = [side for side, values in (("before", subject.before), ("after", subject.after)) if not _has(values)]
        if sides:
            missing.append(f"{cleaned(name)}: no values {' and '.join(sides)} the change.")
        else:
            subjects.append(replace(subject, labels=labels or None))
    if not lines.labels:
        missing.append(f"{cleaned(question.name)}: the query returned nothing.")
    return subjects, missing


def _differing(every: Sequence[Labels]) -> list[Labels]:
    """Return what tells the series apart: their labels without those that all share."""
    shared = [
        name for name in {name for one in every for name in one} if len({one.get(name, "") for one in every}) == 1
    ]
    return [one.without(*shared) for one in every]


def _has(values: FloatArray) -> bool:
    import numpy as np

    return bool(np.isfinite(values).any())


def _subject(question: Question, lines: Lines, row: int, windows: Windows) -> Subject:
    import numpy as np

    from sre.performance.earlier_days import earlier_pairs

    values = np.where(lines.present[row], lines.values[row], np.nan)
    edges = [(epoch_ms(window.start), epoch_ms(window.end)) for window in (windows.before, windows.after)]
    old, new = (values[(lines.times_ms >= start) & (lines.times_ms <= end)] for start, end in edges)
    pairs = (
        earlier_pairs(lines.times_ms, values, before_ms=edges[0], after_ms=edges[1], period_ms=_DAY_MS)
        if lines.has_earlier
        else []
    )
    return Subject(
        cleaned(question.name, limit=200),
        question.unit,
        question.bad,
        old,
        new,
        is_adjoining=windows.is_adjoining,
        earlier=tuple(pairs),
        cycle=_cycle(windows),
    )


def _cycle(windows: Windows) -> Cycle:
    """Return how the values lie in the day; both windows are read from their own start."""
    from sre.performance.cycle import Cycle

    step = windows.step.seconds
    lag = (windows.after.start - windows.before.start).total_seconds()
    return Cycle(round(_DAY_MS / 1000 / step), round(lag / step))


def _too_many(labels: Sequence[Labels]) -> RefusedError:
    differing = sorted({name for one in _differing(labels) for name in one if name != METRIC_NAME})
    return RefusedError(
        f"The query has {len(labels)} series; at most {MAX_SERIES} are compared in one answer.",
        next_steps=(
            "compare the whole: sum(<query>) or max(<query>), or",
            f"select by one of the labels that differ: {cleaned(listed(differing))}",
        ),
    )
