"""Did it change: the verdict on one metric before and after.

A change is called when the interval of the effect leaves out zero and the effect is not smaller than what matters:
significance alone calls every trifle in a long series a change, size alone every accident in a short one. Values that
are all positive are compared as ratios (on logarithms), others as differences; values that are mostly zero by means.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sre.core.errors import NoDataError
from sre.core.series import FloatArray
from sre.performance.earlier_days import DayPair, UsualDifference, usual_difference
from sre.performance.model import Comparison, Shift, Side, Standard, Stretches, Verdict
from sre.performance.shift import Spread, least_p_value, mean_shift, rank_shift, shift_beyond_before, typical_shift
from sre.performance.student import critical_value, two_sided_p
from sre.performance.trend import Trend, shared_trend

# From this share of zeros on, the typical value may be zero on both sides while the failures of a day double.
_MANY_ZEROS = 0.25
# One-sided, so that nine in ten changes of the size that is called unseen would have been seen.
_NINE_IN_TEN = 1.2816
# A second look at what was called no change must not add to the false alarms: one in a thousand, and a tenth of the
# level at least (our choice; on the development data it adds none).
_BEYOND_DOUBT = 0.001
_LARGE_EFFECT = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class _Scale:
    """How values were compared, and the way back to ratios.

    Attributes:
        kind: `ratio` for logarithms, `difference`, or `mean`.
        base: Level of the values before, in their unit.
        is_never_negative: A fall ends at zero.
    """

    kind: str
    base: float
    is_never_negative: bool

    def ratio(self, shift: float) -> float | None:
        """Return a shift as share of the level before; None where that level is zero."""
        if self.kind == "ratio":
            return math.expm1(min(shift, 700.0))
        return shift / abs(self.base) if self.base else None

    def difference(self, shift: float) -> float:
        """Return a shift in the unit of the metric."""
        return self.base * math.expm1(min(shift, 700.0)) if self.kind == "ratio" else shift


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    """Both sides as stretches without missing values."""

    before: list[FloatArray]
    after: list[FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What is known besides the two samples.

    Attributes:
        is_beyond: The values before alone say how sure the shift is.
    """

    trend: Trend | None = None
    usual: UsualDifference | None = None
    is_beyond: bool = False


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
    raw = _Samples(_finite(before), _finite(after))
    for name, side in (("before", raw.before), ("after", raw.after)):
        if not side:
            raise NoDataError(f"There is no value {name} the change.")
    scale = _scale(raw, standard)
    usual = usual_difference(earlier, is_ratio=scale.kind == "ratio", is_mean=scale.kind == "mean")
    samples = _on_scale(raw, scale)
    plain = _judged(raw, samples, standard, known=_Known(usual=usual))
    if usual is not None or plain.verdict == "cannot_tell":
        return plain
    trend = shared_trend(samples.before[0], samples.after[0]) if is_adjoining and _is_whole(before, after) else None
    # A slope found by accident may take a change away, but must not make one out of nothing.
    if trend is not None and (plain.verdict != "no_change" or trend.is_certain):
        return _judged(raw, samples, standard, known=_Known(trend=trend))
    if plain.verdict != "no_change" or scale.kind == "mean":
        return plain
    beyond = _judged(raw, samples, standard, known=_Known(is_beyond=True))
    is_clear = beyond.p_value <= _BEYOND_DOUBT and abs(beyond.effect_ratio or 0.0) >= _LARGE_EFFECT
    return beyond if is_clear else plain


def _judged(raw: _Samples, samples: _Samples, standard: Standard, *, known: _Known) -> Comparison:
    """Return the verdict on samples that are on their scale; `raw` are the same in their unit."""
    scale, trend, usual = _scale(raw, standard), known.trend, known.usual
    first, second = samples.before, samples.after
    if trend is not None:
        first, second = _without(trend, first[0], second[0])
    if usual is not None:
        second = [one - usual.shift for one in second]
    if known.is_beyond:
        shift, spread = shift_beyond_before(first, second, confidence_ratio=standard.confidence_ratio)
    else:
        shift, spread = _shift(scale)(
            first, second, confidence_ratio=standard.confidence_ratio, error_factor=trend.error_factor if trend else 1.0
        )
    if usual is not None:
        shift = _beside_usual(first, second, usual, standard, is_mean=scale.kind == "mean")
    counts = (sum(one.size for one in first), sum(one.size for one in second))
    verdict = _verdict(scale, shift, standard, counts=counts)
    return _comparison(raw, standard, scale=scale, shift=shift, spread=spread, known=known, verdict=verdict)


def _beside_usual(
    before: list[FloatArray], after: list[FloatArray], usual: UsualDifference, standard: Standard, *, is_mean: bool
) -> Shift:
    """Return the shift as sure as the days before differ among themselves."""
    old, new = np.concatenate(before), np.concatenate(after)
    estimate = float(new.mean() - old.mean()) if is_mean else typical_shift(old, new)
    reach = critical_value(standard.confidence_ratio, degrees=usual.degrees) * usual.error
    p_value = least_p_value(old.size, new.size)
    if usual.error > 0:
        p_value = max(p_value, two_sided_p(estimate / usual.error, degrees=usual.degrees))
    elif estimate == 0:
        p_value = 1.0
    return Shift(estimate, estimate - reach, estimate + reach, p_value, is_by_ranks=not is_mean)


def is_bad(effect: float, standard: Standard) -> bool:
    """Return whether a shift of this sign is one for the worse."""
    return (effect > 0) == (standard.bad == "up")


def _finite(side: Stretches) -> list[FloatArray]:
    kept = [one[np.isfinite(one)] for one in side]
    return [one for one in kept if one.size]


def _is_whole(before: Stretches, after: Stretches) -> bool:
    return len(before) == len(after) == 1 and all(bool(np.isfinite(one).all()) for one in (*before, *after))


def _scale(raw: _Samples, standard: Standard) -> _Scale:
    old = np.concatenate(raw.before)
    values = np.concatenate([old, *raw.after])
    least = float(values.min())
    if standard.is_ratio_apt and least > 0:
        return _Scale("ratio", float(np.median(old)), is_never_negative=True)
    if float((values == 0).mean()) > _MANY_ZEROS:
        return _Scale("mean", float(old.mean()), is_never_negative=least >= 0)
    return _Scale("difference", float(np.median(old)), is_never_negative=least >= 0)


def _on_scale(raw: _Samples, scale: _Scale) -> _Samples:
    if scale.kind != "ratio":
        return raw
    return _Samples([np.log(one) for one in raw.before], [np.log(one) for one in raw.after])


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
    raw: _Samples,
    standard: Standard,
    *,
    scale: _Scale,
    shift: Shift,
    spread: Spread,
    known: _Known,
    verdict: Verdict,
) -> Comparison:
    lower, upper = _finite_or_none(shift.lower), _finite_or_none(shift.upper)
    if lower is not None and scale.is_never_negative and scale.kind != "ratio":
        lower = max(lower, -abs(scale.base))
    return Comparison(
        verdict=verdict,
        before=_side(raw.before, scale, spread),
        after=_side(raw.after, scale, spread),
        effect_ratio=scale.ratio(shift.estimate),
        lower_ratio=None if lower is None else scale.ratio(lower),
        upper_ratio=None if upper is None else scale.ratio(upper),
        difference=scale.difference(shift.estimate),
        lower_difference=None if lower is None else scale.difference(lower),
        upper_difference=None if upper is None else scale.difference(upper),
        unseen_ratio=_unseen(scale, shift, known.usual.degrees if known.usual else spread.degrees, standard),
        p_value=shift.p_value,
        bad=standard.bad,
        method=_method(scale, shift, spread, known),
        usual_ratio=None if known.usual is None else scale.ratio(known.usual.shift),
        notes=_notes(known, scale),
    )


def _side(values: list[FloatArray], scale: _Scale, spread: Spread) -> Side:
    every = np.concatenate(values)
    typical = float(every.mean() if scale.kind == "mean" else np.median(every))
    return Side(typical, float(np.quantile(every, 0.95)), every.size, max(1.0, every.size / spread.factor))


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _unseen(scale: _Scale, shift: Shift, degrees: float, standard: Standard) -> float | None:
    """Return the smallest change that would have been seen nine times in ten; None where there is none."""
    half = (shift.upper - shift.lower) / 2
    if not math.isfinite(half):
        return None
    reach = half * (1 + _NINE_IN_TEN / critical_value(standard.confidence_ratio, degrees=degrees))
    ratio = scale.ratio(reach)
    return None if ratio is None else max(ratio, standard.smallest_ratio)


def _method(scale: _Scale, shift: Shift, spread: Spread, known: _Known) -> str:
    what = "ratio" if scale.kind == "ratio" else "difference"
    way = "typical values by ranks (Hodges-Lehmann)" if shift.is_by_ranks else _means(scale)
    if known.usual is not None:
        return f"{what} of {way}; interval from the same windows on {known.usual.days} earlier days"
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
            "and the interval is as wide as those days differ."
        )
    if known.is_beyond:
        notes.append("After the change it moves far more than before, so it is judged by how it moved before.")
    return tuple(notes)
