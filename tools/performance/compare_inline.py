"""Before and after as data in the call: values, series with times, or summaries of load tests."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from sre.core.errors import InputError, NoDataError
from sre.core.text import cleaned, quoted
from sre.core.times import Window, epoch_ms, instant_from_ms, parse_instant
from tools.arguments import MAX_INLINE_POINTS
from tools.performance.compare_subjects import LARGEST_VALUE, Material, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sre.core.series import FloatArray, IntArray
    from sre.performance.model import BadDirection
    from tools.performance.compare_steps import Asked

_MAX_JSON = 5_000_000
_MAX_RUNS = 100
_MAX_NAME = 120
_DAY_MS = 86_400_000
# Gaps of a few steps, as around a deploy, leave two stretches neighbours.
_NEIGHBOUR_STEPS = 4.0
_EVEN_TOLERANCE = 0.02
_FORMS = (
    "[1.2, 1.3, ...]",
    '{"timestamps": [...], "values": [...]}',
    "a k6 summary, or a list of one for each run",
)


def inline_material(asked: Asked, *, now: datetime) -> Material:
    """Return what was passed in the call.

    Raises:
        InputError: It has none of the forms, or before and after have different ones.
        NoDataError: One side has no value.
    """
    before, after = _decoded(asked.before, "before"), _decoded(asked.after, "after")
    if asked.after is None:
        return _split(before, asked, now=now)
    runs = [_runs(side) for side in (before, after)]
    if all(runs):
        return _load_tests(runs[0], runs[1])
    if any(runs):
        raise InputError("One of before and after is a k6 summary and the other is not.", field="after", valid=_FORMS)
    old, new = _series(before, "before", now=now), _series(after, "after", now=now)
    return _of_series(old, new, asked)


def said_direction(asked: Asked, guessed: BadDirection | None) -> BadDirection | None:
    """Return which direction is bad: as the caller says, else as the name tells."""
    if asked.higher_is_worse is None:
        return guessed
    return "up" if asked.higher_is_worse else "down"


def _decoded(given: str | list[Any] | dict[str, Any] | None, field: str) -> Any:
    if isinstance(given, list):
        return [_decoded(one, field) if isinstance(one, str) else one for one in given]
    if not isinstance(given, str):
        return given
    if len(given) > _MAX_JSON:
        raise InputError(f"{field} has {len(given):,} characters; at most {_MAX_JSON:,} are read.", field=field)
    try:
        return json.loads(given)
    except (ValueError, RecursionError) as error:
        is_window = "/" in given and len(given) < 200
        hint = ("a window needs a query or a service beside it",) if is_window else ()
        raise InputError(
            f"{field} is neither data nor JSON: {quoted(given, limit=80)}.", field=field, valid=_FORMS, next_steps=hint
        ) from error


def _runs(side: Any) -> list[Mapping[str, object]]:
    from sre.performance.load_tests import is_summary

    if is_summary(side):
        return [side]
    if isinstance(side, list) and side and all(is_summary(one) for one in side):
        return side[:_MAX_RUNS]
    return []


def _load_tests(before: list[Mapping[str, object]], after: list[Mapping[str, object]]) -> Material:
    import numpy as np

    from sre.performance.load_tests import load_test_metrics

    def array(values: tuple[float | None, ...]) -> FloatArray:
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64)

    subjects = tuple(
        Subject(
            cleaned(old.name, limit=_MAX_NAME), old.unit, old.bad, array(old.values), array(new.values), are_runs=True
        )
        for old, new in load_test_metrics(before, after)
    )
    return Material(subjects)


class _Series:
    """Values, and their times where they have some."""

    def __init__(self, values: FloatArray, times_ms: IntArray | None) -> None:
        self.values = values
        self.times_ms = times_ms

    @property
    def window(self) -> Window | None:
        """From the first value to the last."""
        if self.times_ms is None or self.times_ms.size < 2 or self.times_ms[0] == self.times_ms[-1]:
            return None
        return Window(instant_from_ms(int(self.times_ms[0])), instant_from_ms(int(self.times_ms[-1])))


def _series(side: Any, field: str, *, now: datetime) -> _Series:
    import numpy as np

    if isinstance(side, list):
        return _Series(_values(side, field), None)
    if not isinstance(side, dict) or set(side) != {"timestamps", "values"}:
        raise InputError(f"{field} is none of the forms that can be compared.", field=field, valid=_FORMS)
    times, values = side["timestamps"], side["values"]
    if not isinstance(times, list) or not isinstance(values, list) or len(times) != len(values):
        raise InputError(f"{field} needs as many timestamps as values, both as lists.", field=field)
    read = np.array([_moment_ms(one, now, field) for one in times], dtype=np.int64)
    order = np.argsort(read, kind="stable")
    return _Series(_values(values, field)[order], read[order])


def _values(given: list[Any], field: str) -> FloatArray:
    import numpy as np

    if len(given) > MAX_INLINE_POINTS:
        raise InputError(f"{field} has {len(given):,} values; at most {MAX_INLINE_POINTS:,} are read.", field=field)
    for index, one in enumerate(given):
        if one is not None and (isinstance(one, bool) or not isinstance(one, (int, float))):
            raise InputError(f"{field}: value {index} is not a number.", field=field, valid=_FORMS)
        if one is not None and abs(one) > LARGEST_VALUE and math.isfinite(one):
            raise InputError(f"{field}: value {index} is too large for a measurement.", field=field)
    values = np.array([math.nan if one is None else float(one) for one in given], dtype=np.float64)
    return np.where(np.isfinite(values), values, math.nan)


def _moment_ms(item: Any, now: datetime, field: str) -> int:
    if not isinstance(item, (str, int, float)):
        raise InputError(f"{field}: a timestamp is not a time.", field=field)
    return epoch_ms(parse_instant(item, now=now, field=f"{field}.timestamps").at)


def _split(side: Any, asked: Asked, *, now: datetime) -> Material:
    """Return one series cut where it was changed."""
    if not asked.change_at or not isinstance(side, dict):
        raise InputError(
            "There is no after to compare before with.",
            field="after",
            valid=_FORMS,
            next_steps=("pass after, or change_at to cut before={timestamps, values} there.",),
        )
    whole = _series(side, "before", now=now)
    assert whole.times_ms is not None
    change = epoch_ms(parse_instant(asked.change_at, now=now, field="change_at").at)
    is_old = whole.times_ms < change
    old, new = (_Series(whole.values[mask], whole.times_ms[mask]) for mask in (is_old, ~is_old))
    return _of_series(old, new, asked)


def _of_series(old: _Series, new: _Series, asked: Asked) -> Material:
    import numpy as np

    from sre.metrics.query_unit import unit_of_metric
    from sre.performance.direction import bad_direction

    for field, side in (("before", old), ("after", new)):
        if not np.isfinite(side.values).any():
            raise NoDataError(f"{field} has no value.", next_steps=("pass the values of both sides.",))
    name = cleaned(asked.metric or "series", limit=_MAX_NAME)
    bad = said_direction(asked, bad_direction(asked.metric))
    subject = Subject(
        name, unit_of_metric(asked.metric), bad, old.values, new.values, is_adjoining=_are_neighbours(old, new)
    )
    return Material((_with_days(subject, old, new),), before_window=old.window, after_window=new.window)


def _are_neighbours(old: _Series, new: _Series) -> bool:
    """Return whether the sides are one series cut in two; values without times are taken for it, oldest first."""
    import numpy as np

    if old.times_ms is None or new.times_ms is None:
        return old.times_ms is None and new.times_ms is None
    if old.times_ms.size < 2 or new.times_ms.size < 2:
        return False
    steps = np.concatenate([np.diff(old.times_ms), np.diff(new.times_ms)])
    step = float(np.median(steps))
    is_even = step > 0 and bool((np.abs(steps - step) <= _EVEN_TOLERANCE * step).all())
    return is_even and 0 < new.times_ms[0] - old.times_ms[-1] <= _NEIGHBOUR_STEPS * step


def _with_days(subject: Subject, old: _Series, new: _Series) -> Subject:
    """Return the subject with earlier days, where the series before holds enough of them."""
    from dataclasses import replace

    import numpy as np

    from sre.performance.earlier_days import LEAST_DAYS, earlier_pairs

    if old.times_ms is None or new.times_ms is None or not new.times_ms.size or not old.times_ms.size:
        return subject
    length = int(new.times_ms[-1] - new.times_ms[0])
    edge = int(old.times_ms[-1])
    first = edge - length
    if length <= 0 or first - int(old.times_ms[0]) < LEAST_DAYS * _DAY_MS:
        return subject
    times, values = np.concatenate([old.times_ms, new.times_ms]), np.concatenate([old.values, new.values])
    pairs = earlier_pairs(
        times,
        values,
        before_ms=(first, edge),
        after_ms=(int(new.times_ms[0]), int(new.times_ms[-1])),
        period_ms=_DAY_MS,
    )
    recent = old.values[old.times_ms >= first]
    return replace(subject, before=recent, earlier=tuple(pairs))
