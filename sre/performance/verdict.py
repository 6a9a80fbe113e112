"""Did it change: the verdict on one metric before and after.

A change is called when the interval of the effect leaves out zero and the effect is not smaller than what matters:
significance alone calls every trifle in a long series a change, size alone every accident in a short one. What is
known besides the two samples is used in this order: the same windows on earlier days, a slope that was there before,
and, where values after the change move as never before, how they moved before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sre.core.errors import NoDataError
from sre.core.series import FloatArray
from sre.performance.cycle import Cycle, without_pattern
from sre.performance.earlier_days import DayPair, UsualDifference, usual_difference
from sre.performance.model import BadDirection, Comparison, Shift, Side, Standard, Tail, Verdict
from sre.performance.scale import Scale, scale_of
from sre.performance.shift import Spread, least_p_value, mean_shift, rank_shift, shift_beyond_before, typical_shift
from sre.performance.student import critical_value, two_sided_p
from sre.performance.tail import heavier_tail
from sre.performance.trend import Trend, shared_trend

# One-sided, so that nine in ten changes of the size that is called unseen would have been seen.
_NINE_IN_TEN = 1.2816
# A second look at what was called no change must not add to the false alarms: one in a thousand, and a tenth of the
# level at least (our choice; on the development data it adds none).
_BEYOND_DOUBT = 0.001
_LARGE_EFFECT = 0.1
_MOST = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """Both sides without missing values.

    Attributes:
        before, after: In their unit.
        first, second: The same on their scale, the pattern of the day taken out where there is one.
    """

    before: FloatArray
    after: FloatArray
    scale: Scale
    first: FloatArray
    second: FloatArray


@dataclass(frozen=True, slots=True)
class _Estimate:
    """A shift, and what it rests on besides the two samples."""

    shift: Shift
    spread: Spread
    trend: Trend | None = None
    usual: UsualDifference | None = None
    is_beyond: bool = False
    tail: Tail | None = None

    @property
    def p_value(self) -> float:
        """Probability of what was seen where nothing changed."""
        return self.shift.p_value if self.tail is None else self.tail.p_value

    @property
    def degrees(self) -> float:
        """Degrees of freedom of the interval."""
        return self.spread.degrees if self.usual is None else self.usual.degrees


def compare(
    before: FloatArray,
    after: FloatArray,
    standard: Standard,
    *,
    is_adjoining: bool = False,
    earlier: Sequence[DayPair] = (),
    cycle: Cycle | None = None,
) -> Comparison:
    """Return whether a metric changed from before to after, and by how much.

    Args:
        before, after: shape (values,) each, in the unit of the metric and in order of time, NaN where missing.
        is_adjoining: Evenly spaced, one right behind the other: movement that was there before can then be told from
            the change.
        earlier: The same two windows on earlier days, where the hours of the day may matter.
        cycle: Where windows of several days lie in the day.

    Raises:
        NoDataError: One side has no value.
    """
    old, new = before[np.isfinite(before)], after[np.isfinite(after)]
    for name, side in (("before", old), ("after", new)):
        if not side.size:
            raise NoDataError(f"There is no value {name} the change.")
    scale = scale_of(old, new)
    sides = _Sides(old, new, scale, *(_level(before, after, scale, cycle) or (scale.taken(old), scale.taken(new))))
    is_whole = old.size == before.size and new.size == after.size
    estimate = _estimate(sides, standard, is_adjoining=is_adjoining and is_whole, earlier=earlier)
    return _comparison(sides, estimate, standard)


def is_bad(effect: float, standard: Standard) -> bool:
    """Return whether a shift of this sign is one for the worse."""
    return (effect > 0) == (standard.bad == "up")


def _level(
    before: FloatArray, after: FloatArray, scale: Scale, cycle: Cycle | None
) -> tuple[FloatArray, FloatArray] | None:
    """Return both sides on their scale without the pattern of the day, or None where there is none."""
    if cycle is None or scale.kind == "mean":
        return None
    found = without_pattern(scale.taken(before), scale.taken(after), cycle)
    return None if found is None else (found[0][np.isfinite(found[0])], found[1][np.isfinite(found[1])])


def _estimate(sides: _Sides, standard: Standard, *, is_adjoining: bool, earlier: Sequence[DayPair]) -> _Estimate:
    scale, first, second = sides.scale, sides.first, sides.second
    usual = usual_difference(earlier, is_ratio=scale.kind == "ratio", is_mean=scale.kind == "mean")
    if usual is not None:
        return _beside_usual(first, second, usual, scale, standard)
    plain = _Estimate(*_shift(first, second, scale, standard))
    is_seen = _verdict(sides, plain.shift, standard) not in ("no_change", "cannot_tell")
    trend = shared_trend(first, second) if is_adjoining else None
    # A slope found by accident may take a change away, but must not make one out of nothing.
    if trend is not None and (is_seen or trend.is_certain):
        return _beside_trend(first, second, trend, scale, standard)
    if is_seen or scale.kind == "mean":
        return plain
    beyond = _Estimate(*shift_beyond_before(first, second, confidence_ratio=standard.confidence_ratio), is_beyond=True)
    size = abs(scale.ratio(beyond.shift.estimate) or 0.0)
    is_beyond = beyond.shift.p_value <= _BEYOND_DOUBT and size >= _LARGE_EFFECT
    tail = _tail(sides, standard)
    # Where most values moved, the typical one says it better.
    return beyond if is_beyond and (tail is None or tail.after_ratio > _MOST) else replace(plain, tail=tail)


def _tail(sides: _Sides, standard: Standard) -> Tail | None:
    if sides.scale.kind != "ratio":
        return None
    looked_at: tuple[BadDirection, ...] = ("up", "down") if standard.bad is None else (standard.bad,)
    found = (heavier_tail(sides.before, sides.after, side=side) for side in looked_at)
    return next((one for one in found if one is not None), None)


def _shift(
    first: FloatArray, second: FloatArray, scale: Scale, standard: Standard, *, error_factor: float = 1.0
) -> tuple[Shift, Spread]:
    method = mean_shift if scale.kind == "mean" else rank_shift
    return method(first, second, confidence_ratio=standard.confidence_ratio, error_factor=error_factor)


def _beside_trend(first: FloatArray, second: FloatArray, trend: Trend, scale: Scale, standard: Standard) -> _Estimate:
    """Return the step beside a slope: both sides as they are at the moment of the change."""
    back, ahead = np.arange(first.size) - first.size + 0.5, np.arange(second.size) + 0.5
    level = first - trend.per_step * back, second - trend.per_step * ahead
    shift, spread = _shift(*level, scale, standard, error_factor=trend.error_factor)
    return _Estimate(shift, spread, trend=trend)


def _beside_usual(
    first: FloatArray, second: FloatArray, usual: UsualDifference, scale: Scale, standard: Standard
) -> _Estimate:
    """Return the shift beyond the usual one, as sure as the days before differ among themselves."""
    is_mean = scale.kind == "mean"
    whole = float(second.mean() - first.mean()) if is_mean else typical_shift(first, second)
    estimate = whole - usual.shift
    reach = critical_value(standard.confidence_ratio, degrees=usual.degrees) * usual.error
    p_value = 0.0 if estimate else 1.0
    if usual.error > 0:
        p_value = two_sided_p(estimate / usual.error, degrees=usual.degrees)
    _, spread = _shift(first, second, scale, standard)
    return _Estimate(
        Shift(estimate, estimate - reach, estimate + reach, p_value, is_by_ranks=not is_mean), spread, usual=usual
    )


def _verdict(sides: _Sides, shift: Shift, standard: Standard) -> Verdict:
    level = 1 - standard.confidence_ratio
    if least_p_value(sides.before.size, sides.after.size) > level:
        return "cannot_tell"
    effect = sides.scale.ratio(shift.estimate)
    is_small = effect is not None and abs(effect) < _smallest(effect, sides.scale, standard)
    if shift.p_value > level or is_small:
        return "no_change"
    if standard.bad is None:
        return "changed"
    return "regression" if is_bad(shift.estimate, standard) else "improvement"


def _tail_verdict(standard: Standard) -> Verdict:
    # Only the bad side is looked at where it is known.
    return "changed" if standard.bad is None else "regression"


def _smallest(effect: float, scale: Scale, standard: Standard) -> float:
    """Return the smallest effect that counts: a fall by a factor counts like a rise by the same factor."""
    smallest = standard.smallest_ratio
    return smallest / (1 + smallest) if scale.kind == "ratio" and effect < 0 else smallest


def _comparison(sides: _Sides, estimate: _Estimate, standard: Standard) -> Comparison:
    scale, shift = sides.scale, estimate.shift
    lower, upper = scale.bounded(shift.lower), scale.bounded(shift.upper)
    return Comparison(
        verdict=_tail_verdict(standard) if estimate.tail else _verdict(sides, shift, standard),
        before=_side(sides.before, scale, estimate.spread),
        after=_side(sides.after, scale, estimate.spread),
        effect_ratio=scale.ratio(shift.estimate),
        lower_ratio=None if lower is None else scale.ratio(lower),
        upper_ratio=None if upper is None else scale.ratio(upper),
        difference=scale.difference(shift.estimate),
        lower_difference=None if lower is None else scale.difference(lower),
        upper_difference=None if upper is None else scale.difference(upper),
        unseen_ratio=_unseen(scale, estimate, standard),
        p_value=estimate.p_value,
        bad=standard.bad,
        method=_method(scale, estimate),
        usual_ratio=None if estimate.usual is None else scale.ratio(estimate.usual.shift),
        tail=estimate.tail,
        notes=_notes(scale, estimate),
    )


def _side(values: FloatArray, scale: Scale, spread: Spread) -> Side:
    return Side(
        typical=scale.typical(values),
        high=float(np.quantile(values, 0.95)),
        count=values.size,
        effective_count=max(1.0, values.size / spread.factor),
    )


def _unseen(scale: Scale, estimate: _Estimate, standard: Standard) -> float | None:
    """Return the smallest change that would have been seen nine times in ten; None where there is none."""
    half = (estimate.shift.upper - estimate.shift.lower) / 2
    if not np.isfinite(half):
        return None
    reach = half * (1 + _NINE_IN_TEN / critical_value(standard.confidence_ratio, degrees=estimate.degrees))
    ratio = scale.ratio(reach)
    return None if ratio is None else max(ratio, standard.smallest_ratio)


def _method(scale: Scale, estimate: _Estimate) -> str:
    what = "ratio" if scale.kind == "ratio" else "difference"
    way = "typical values by ranks (Hodges-Lehmann)" if estimate.shift.is_by_ranks else _means(scale)
    if estimate.usual is not None:
        return f"{what} of {way}; interval from the same windows on {estimate.usual.days} earlier days"
    return f"{what} of {way}; interval widened for dependence: {estimate.spread.factor:.1f} values worth one"


def _means(scale: Scale) -> str:
    if scale.kind == "mean":
        return "means (Welch), as many values are zero"
    return "geometric means (Welch)" if scale.kind == "ratio" else "means (Welch)"


def _notes(scale: Scale, estimate: _Estimate) -> tuple[str, ...]:
    notes = []
    if estimate.trend is not None:
        notes.append(
            "It was moving before the change already; that slope is taken out, and the effect is the step beside it."
        )
    if estimate.usual is not None:
        ratio = scale.ratio(estimate.usual.shift)
        usual = f"{estimate.usual.shift:+.3g}" if ratio is None else f"{100 * ratio:+.1f} %"
        notes.append(
            f"On {estimate.usual.days} earlier days these hours differed by {usual} (median); that is taken out, "
            "and the interval is as wide as those days differ."
        )
    if estimate.is_beyond:
        notes.append("After the change it moves far more than before, so it is judged by how it moved before.")
    return tuple(notes)
