"""Did it change: the verdict on one metric before and after.

A change is called when the interval of the effect leaves out zero and the effect is not smaller than what matters:
significance alone calls every trifle in a long series a change, size alone every accident in a short one. Values that
are all positive are compared as ratios (on logarithms), others as differences; values that are mostly zero by means.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sre.core.errors import NoDataError
from sre.core.series import FloatArray
from sre.performance.earlier_days import DayPair, UsualDifference, usual_difference
from sre.performance.model import Comparison, Shift, Side, Standard, Stretches, Verdict
from sre.performance.shift import Spread, least_p_value, mean_shift, rank_shift
from sre.performance.student import critical_value, two_sided_p
from sre.performance.trend import Trend, shared_trend

# From this share of zeros on, the typical value may be zero on both sides while the failures of a day double.
_MANY_ZEROS = 0.25
# One-sided, so that nine in ten changes of the size that is called unseen would have been seen.
_NINE_IN_TEN = 1.2816


@dataclass(frozen=True, slots=True, eq=False)
class _Scale:
    """How values were compared, and the way back to ratios.

    Attributes:
        kind: `ratio` for logarithms, `difference`, or `mean`.
        base: Level of the values before, in their unit.
    """

    kind: str
    base: float

    def ratio(self, shift: float) -> float | None:
        """Return a shift as share of the level before; None where that level is zero."""
        if self.kind == "ratio":
            return math.expm1(min(shift, 700.0))
        return shift / abs(self.base) if self.base else None

    def difference(self, shift: float) -> float:
        """Return a shift in the unit of the metric."""
        return self.base * math.expm1(min(shift, 700.0)) if self.kind == "ratio" else shift


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What is known besides the two samples."""

    trend: Trend | None = None
    usual: UsualDifference | None = None


def compare(
    before: Stretches,
    after: Stretches,
    standard: Standard,
    *,
    is_adjoining: bool = False,
    earlier: Sequence[DayPair] = (),
) -> Comparison:
    """Return whether a metric changed from before to after, and by how much.

    Args:
        before, after: shape (values,) each stretch, in the unit of the metric, NaN where missing.
        is_adjoining: One stretch each, evenly spaced, one right behind the other in time: movement that was there
            before can then be told from the change.
        earlier: The same two windows on earlier days, where the hours of the day may matter.

    Raises:
        NoDataError: One side has no value.
    """
    old, new = _finite(before), _finite(after)
    for name, side in (("before", old), ("after", new)):
        if not side:
            raise NoDataError(f"There is no value {name} the change.")
    scale = _scale(old, new, standard)
    usual = usual_difference(earlier, is_ratio=scale.kind == "ratio", is_mean=scale.kind == "mean")
    plain = _judged(old, new, standard, known=_Known(usual=usual))
    # The days before tell of slow movement too.
    if usual is not None or not is_adjoining or not _is_whole(before, after) or plain.verdict == "cannot_tell":
        return plain
    trend = shared_trend(_on_scale(old, scale)[0], _on_scale(new, scale)[0])
    # A slope found by accident may take a change away, but must not make one out of nothing.
    if trend is None or (plain.verdict == "no_change" and not trend.is_certain):
        return plain
    return _judged(old, new, standard, known=_Known(trend=trend))


def _judged(old: list[FloatArray], new: list[FloatArray], standard: Standard, *, known: _Known) -> Comparison:
    scale, trend, usual = _scale(old, new, standard), known.trend, known.usual
    first, second = _on_scale(old, scale), _on_scale(new, scale)
    if trend is not None:
        first, second = _without(trend, first[0], second[0])
    if usual is not None:
        second = [one - usual.shift for one in second]
    shift, spread = _shift(scale)(
        first, second, confidence_ratio=standard.confidence_ratio, error_factor=trend.error_factor if trend else 1.0
    )
    if usual is not None:
        shift = _beside_usual(shift, usual, standard)
    counts = (sum(one.size for one in old), sum(one.size for one in new))
    verdict = _verdict(scale, shift, standard, counts=counts)
    return _comparison(old, new, standard, scale=scale, shift=shift, spread=spread, known=known, verdict=verdict)


def _beside_usual(shift: Shift, usual: UsualDifference, standard: Standard) -> Shift:
    """Return the shift no surer than the difference of the days allows."""
    reach = critical_value(standard.confidence_ratio, degrees=usual.degrees) * usual.error
    p_value = two_sided_p(shift.estimate / usual.error, degrees=usual.degrees) if usual.error > 0 else 0.0
    return replace(
        shift,
        lower=min(shift.lower, shift.estimate - reach),
        upper=max(shift.upper, shift.estimate + reach),
        p_value=max(shift.p_value, p_value),
    )


def is_bad(effect: float, standard: Standard) -> bool:
    """Return whether a shift of this sign is one for the worse."""
    return (effect > 0) == (standard.bad == "up")


def _finite(side: Stretches) -> list[FloatArray]:
    kept = [one[np.isfinite(one)] for one in side]
    return [one for one in kept if one.size]


def _is_whole(before: Stretches, after: Stretches) -> bool:
    return len(before) == len(after) == 1 and all(bool(np.isfinite(one).all()) for one in (*before, *after))


def _scale(before: list[FloatArray], after: list[FloatArray], standard: Standard) -> _Scale:
    old = np.concatenate(before)
    values = np.concatenate([old, *after])
    if standard.is_ratio_apt and bool((values > 0).all()):
        return _Scale("ratio", float(np.median(old)))
    if float((values == 0).mean()) > _MANY_ZEROS:
        return _Scale("mean", float(old.mean()))
    return _Scale("difference", float(np.median(old)))


def _on_scale(side: list[FloatArray], scale: _Scale) -> list[FloatArray]:
    return [np.log(one) for one in side] if scale.kind == "ratio" else side


def _shift(scale: _Scale) -> Callable[..., tuple[Shift, Spread]]:
    return mean_shift if scale.kind == "mean" else rank_shift


def _without(trend: Trend, before: FloatArray, after: FloatArray) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return both sides with the slope taken out, as they are at the moment of the change."""
    back, ahead = np.arange(before.size) - before.size + 0.5, np.arange(after.size) + 0.5
    return [before - trend.per_step * back], [after - trend.per_step * ahead]


def _verdict(scale: _Scale, shift: Shift, standard: Standard, *, counts: tuple[int, int]) -> Verdict:
    level = 1 - standard.confidence_ratio
    if least_p_value(*counts) > level:
        return "cannot_tell"
    effect = scale.ratio(shift.estimate)
    is_small = effect is not None and abs(effect) < _smallest(effect, scale, standard)
    if shift.p_value > level or is_small:
        return "no_change"
    if standard.bad is None:
        return "changed"
    return "regression" if is_bad(shift.estimate, standard) else "improvement"


def _smallest(effect: float, scale: _Scale, standard: Standard) -> float:
    """Return the smallest effect that counts: a fall by a factor counts like a rise by the same factor."""
    smallest = standard.smallest_ratio
    return smallest / (1 + smallest) if scale.kind == "ratio" and effect < 0 else smallest


def _comparison(
    old: list[FloatArray],
    new: list[FloatArray],
    standard: Standard,
    *,
    scale: _Scale,
    shift: Shift,
    spread: Spread,
    known: _Known,
    verdict: Verdict,
) -> Comparison:
    lower, upper = _finite_or_none(shift.lower), _finite_or_none(shift.upper)
    return Comparison(
        verdict=verdict,
        before=_side(old, scale, spread),
        after=_side(new, scale, spread),
        effect_ratio=scale.ratio(shift.estimate),
        lower_ratio=None if lower is None else scale.ratio(lower),
        upper_ratio=None if upper is None else scale.ratio(upper),
        difference=scale.difference(shift.estimate),
        lower_difference=None if lower is None else scale.difference(lower),
        upper_difference=None if upper is None else scale.difference(upper),
        unseen_ratio=_unseen(scale, shift, spread, standard),
        p_value=shift.p_value,
        bad=standard.bad,
        method=_method(scale, shift, spread),
        notes=_notes(known, scale),
    )


def _side(values: list[FloatArray], scale: _Scale, spread: Spread) -> Side:
    every = np.concatenate(values)
    typical = float(every.mean() if scale.kind == "mean" else np.median(every))
    return Side(typical, float(np.quantile(every, 0.95)), every.size, max(1.0, every.size / spread.factor))


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _unseen(scale: _Scale, shift: Shift, spread: Spread, standard: Standard) -> float | None:
    """Return the smallest change that would have been seen nine times in ten; None where there is none."""
    half = (shift.upper - shift.lower) / 2
    if not math.isfinite(half):
        return None
    reach = half * (1 + _NINE_IN_TEN / critical_value(standard.confidence_ratio, degrees=spread.degrees))
    ratio = scale.ratio(reach)
    return None if ratio is None else max(ratio, standard.smallest_ratio)


def _method(scale: _Scale, shift: Shift, spread: Spread) -> str:
    what = "ratio" if scale.kind == "ratio" else "difference"
    way = "typical values by ranks (Hodges-Lehmann)" if shift.is_by_ranks else _means(scale)
    return f"{what} of {way}; interval widened for dependence: {spread.factor:.1f} values worth one"


def _means(scale: _Scale) -> str:
    if scale.kind == "mean":
        return "means (Welch), as many values are zero"
    return "geometric means (Welch)" if scale.kind == "ratio" else "means (Welch)"


def _notes(known: _Known, scale: _Scale) -> tuple[str, ...]:
    notes = []
    if known.trend is not None:
        notes.append(
            "It was moving before the change already; that slope is taken out, and the effect is the step beside it."
        )
    if known.usual is not None:
        ratio = scale.ratio(known.usual.shift)
        usual = f"{known.usual.shift:+.3g}" if ratio is None else f"{100 * ratio:+.1f} %"
        notes.append(
            f"On {known.usual.days} earlier days these hours differed by {usual} (median); that is taken out, "
            "and the interval is at least as wide as those days differ."
        )
    return tuple(notes)
