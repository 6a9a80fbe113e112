"""Did it change: the verdict on one metric before and after.

A change is called when the interval of the effect leaves out zero and the effect is not smaller than what matters:
significance alone calls every trifle in a long series a change, size alone every accident in a short one.
"""

from collections.abc import Sequence

import numpy as np

from sre.core.errors import NoDataError
from sre.core.series import FloatArray
from sre.performance.cycle import Cycle, without_pattern
from sre.performance.earlier_days import DayPair
from sre.performance.estimate import Estimate, Sides, estimate_of, is_change
from sre.performance.model import Comparison, Side, Standard, Verdict
from sre.performance.scale import Scale, scale_of
from sre.performance.shift import least_p_value
from sre.performance.student import critical_value

# One-sided, so that nine in ten changes of the size that is called unseen would have been seen.
_NINE_IN_TEN = 1.2816


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
    is_whole = old.size == before.size and new.size == after.size
    sides = _level(before, after, scale, cycle) or Sides(scale, scale.taken(old), scale.taken(new))
    estimate = estimate_of(sides, standard, is_adjoining=is_adjoining and is_whole, earlier=earlier)
    return _comparison(old, new, scale, estimate, standard)


def is_bad(effect: float, standard: Standard) -> bool:
    """Return whether a shift of this sign is one for the worse."""
    return (effect > 0) == (standard.bad == "up")


def _level(before: FloatArray, after: FloatArray, scale: Scale, cycle: Cycle | None) -> Sides | None:
    """Return both sides without the pattern of the day, or None where there is none."""
    if cycle is None or scale.kind == "mean":
        return None
    found = without_pattern(scale.taken(before), scale.taken(after), cycle)
    return None if found is None else Sides(scale, *(side[np.isfinite(side)] for side in found))


def _verdict(estimate: Estimate, scale: Scale, standard: Standard, *, counts: tuple[int, int]) -> Verdict:
    if least_p_value(*counts) > 1 - standard.confidence_ratio:
        return "cannot_tell"
    tail = estimate.tail
    if tail is None and not is_change(estimate.shift, scale, standard):
        return "no_change"
    if standard.bad is None:
        return "changed"
    # Of far values, only those on the bad side are looked at where it is known.
    is_worse = is_bad(estimate.shift.estimate, standard) if tail is None else tail.after_ratio > tail.before_ratio
    return "regression" if is_worse else "improvement"


def _comparison(old: FloatArray, new: FloatArray, scale: Scale, estimate: Estimate, standard: Standard) -> Comparison:
    shift = estimate.shift
    lower, upper = scale.bounded(shift.lower), scale.bounded(shift.upper)
    return Comparison(
        verdict=_verdict(estimate, scale, standard, counts=(old.size, new.size)),
        before=_side(old, scale, estimate),
        after=_side(new, scale, estimate),
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


def _side(values: FloatArray, scale: Scale, estimate: Estimate) -> Side:
    return Side(
        typical=scale.typical(values),
        count=values.size,
        effective_count=max(1.0, values.size / estimate.spread.factor),
    )


def _unseen(scale: Scale, estimate: Estimate, standard: Standard) -> float | None:
    """Return the smallest change that would have been seen nine times in ten; None where there is none."""
    half = (estimate.shift.upper - estimate.shift.lower) / 2
    if not np.isfinite(half):
        return None
    reach = half * (1 + _NINE_IN_TEN / critical_value(standard.confidence_ratio, degrees=estimate.degrees))
    ratio = scale.ratio(reach)
    return None if ratio is None else max(ratio, standard.smallest_ratio)


def _method(scale: Scale, estimate: Estimate) -> str:
    what = "ratio" if scale.kind == "ratio" else "difference"
    way = "typical values by ranks (Hodges-Lehmann)" if estimate.shift.is_by_ranks else _means(scale)
    if estimate.usual is not None:
        return f"{what} of {way}; interval from the same windows on {estimate.usual.days} earlier days"
    return f"{what} of {way}; interval widened for dependence: {estimate.spread.factor:.1f} values worth one"


def _means(scale: Scale) -> str:
    if scale.kind == "mean":
        return "means (Welch), as many values are zero"
    return "geometric means (Welch)" if scale.kind == "ratio" else "means (Welch)"


def _notes(scale: Scale, estimate: Estimate) -> tuple[str, ...]:
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
