"""How far a metric moved, using all that is known besides the two samples.

In this order: the same windows on earlier days; a slope that was there before; how the values moved before, where they
move as never before after the change; and how often values are far from the typical one, where that hardly moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sre.core.series import FloatArray
from sre.performance.earlier_days import DayPair, UsualDifference, usual_difference
from sre.performance.model import BadDirection, Shift, Standard, Tail
from sre.performance.scale import Scale
from sre.performance.shift import Spread, mean_shift, rank_shift, shift_beyond_before, typical_shift
from sre.performance.student import critical_value, two_sided_p
from sre.performance.tail import changed_tail
from sre.performance.trend import Trend, shared_trend

# A second look at what was called no change must not add to the false alarms: one in a thousand, and a tenth of the
# level at least (our choice; on the development data it adds none).
_BEYOND_DOUBT = 0.001
_LARGE_EFFECT = 0.1
# A typical value that moved more than this says all there is to say; and so it does where most values are far.
_MOVED = 0.25
_MOST = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Both sides without missing values, on their scale, the pattern of the day taken out where there is one."""

    scale: Scale
    before: FloatArray
    after: FloatArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A shift on the scale of the sides, and what it rests on.

    Attributes:
        usual: The difference of these hours on earlier days, taken out of the shift.
        trend: The slope taken out of both sides.
        is_beyond: The values before alone say how sure the shift is.
        tail: Where values are far from the typical one more, or less, often.
    """

    shift: Shift
    spread: Spread
    usual: UsualDifference | None = None
    trend: Trend | None = None
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


def estimate_of(sides: Sides, standard: Standard, *, is_adjoining: bool, earlier: Sequence[DayPair] = ()) -> Estimate:
    """Return how far `after` lies above `before`, and how sure that is."""
    usual = usual_difference(earlier, is_ratio=sides.scale.kind == "ratio", is_mean=sides.scale.kind == "mean")
    if usual is not None:
        return _with_tail(_beside_usual(sides, usual, standard), sides, standard)
    plain = Estimate(*_shift(sides, standard))
    is_seen = is_change(plain.shift, sides.scale, standard)
    trend = shared_trend(sides.before, sides.after) if is_adjoining else None
    # A slope found by accident may take a change away, but must not make one out of nothing.
    if trend is not None and (is_seen or trend.is_certain):
        return _beside_trend(sides, trend, standard)
    if is_seen or sides.scale.kind == "mean":
        return _with_tail(plain, sides, standard)
    return _looked_at_again(plain, sides, standard)


def is_change(shift: Shift, scale: Scale, standard: Standard) -> bool:
    """Return whether a shift is beyond chance and large enough to matter."""
    effect = scale.ratio(shift.estimate)
    is_small = effect is not None and abs(effect) < _smallest(effect, scale, standard)
    return shift.p_value <= 1 - standard.confidence_ratio and not is_small


def _smallest(effect: float, scale: Scale, standard: Standard) -> float:
    """Return the smallest effect that counts: a fall by a factor counts like a rise by the same factor."""
    smallest = standard.smallest_ratio
    return smallest / (1 + smallest) if scale.kind == "ratio" and effect < 0 else smallest


def _shift(sides: Sides, standard: Standard, *, error_factor: float = 1.0) -> tuple[Shift, Spread]:
    method = mean_shift if sides.scale.kind == "mean" else rank_shift
    return method(sides.before, sides.after, confidence_ratio=standard.confidence_ratio, error_factor=error_factor)


def _beside_trend(sides: Sides, trend: Trend, standard: Standard) -> Estimate:
    """Return the step beside a slope: both sides as they are at the moment of the change."""
    back, ahead = np.arange(sides.before.size) - sides.before.size + 0.5, np.arange(sides.after.size) + 0.5
    level = replace(sides, before=sides.before - trend.per_step * back, after=sides.after - trend.per_step * ahead)
    return Estimate(*_shift(level, standard, error_factor=trend.error_factor), trend=trend)


def _beside_usual(sides: Sides, usual: UsualDifference, standard: Standard) -> Estimate:
    """Return the shift beyond the usual one, as sure as the days before differ among themselves."""
    old, new, is_mean = sides.before, sides.after, sides.scale.kind == "mean"
    middle = (float(new.mean() - old.mean()) if is_mean else typical_shift(old, new)) - usual.shift
    reach = critical_value(standard.confidence_ratio, degrees=usual.degrees) * usual.error
    p_value = 0.0 if middle else 1.0
    if usual.error > 0:
        p_value = two_sided_p(middle / usual.error, degrees=usual.degrees)
    _, spread = _shift(sides, standard)
    shift = Shift(middle, middle - reach, middle + reach, p_value, is_by_ranks=not is_mean)
    return Estimate(shift, spread, usual=usual)


def _looked_at_again(plain: Estimate, sides: Sides, standard: Standard) -> Estimate:
    """Return what the values before alone say of what was called no change, where that is beyond doubt."""
    confidence = standard.confidence_ratio
    beyond = Estimate(*shift_beyond_before(sides.before, sides.after, confidence_ratio=confidence), is_beyond=True)
    is_large = abs(sides.scale.ratio(beyond.shift.estimate) or 0.0) >= _LARGE_EFFECT
    is_clear = is_large and beyond.shift.p_value <= _BEYOND_DOUBT
    return _with_tail(beyond if is_clear else plain, sides, standard)


def _with_tail(estimate: Estimate, sides: Sides, standard: Standard) -> Estimate:
    """Return the estimate with the share of far values, where that says what the typical value does not."""
    is_moved = abs(sides.scale.ratio(estimate.shift.estimate) or 0.0) > _MOVED
    if sides.scale.kind != "ratio" or is_moved:
        return estimate
    usual = estimate.usual.shift if estimate.usual is not None else 0.0
    old, new = np.exp(sides.before), np.exp(sides.after - usual)
    looked_at: tuple[BadDirection, ...] = ("up", "down") if standard.bad is None else (standard.bad,)
    found = (changed_tail(old, new, side=side) for side in looked_at)
    tail = next((one for one in found if one is not None), None)
    # Where most values are far, the typical one of them is what an estimate by what was before tells.
    if tail is None or (estimate.is_beyond and max(tail.before_ratio, tail.after_ratio) > _MOST):
        return estimate
    return replace(estimate, tail=tail)
