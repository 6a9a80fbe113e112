"""The scale on which past errors are most alike: as differences or as ratios, and by the phase of the season.

Errors of what grows or swings widely are alike as ratios; errors by day are larger than by night. Which of these holds
is told by the likelihood of the past errors (Laplace's law with one size a lead), so nothing is assumed of the metric.
"""

from dataclasses import dataclass

import numpy as np

from sre.capacity.backtest import Backtest
from sre.capacity.paths import size_by_lead
from sre.core.series import FloatArray, IntArray

# What a scale must gain in mean log-likelihood over plain differences; half of it for phases alone (our choice).
_LEAST_GAIN = 0.03
# Ratios need values that are hardly ever zero; what comes close to it is kept from it by a share of the mean.
_MOST_ZEROS, _NEAR_ZERO, _SHIFT, _FLOOR = 0.01, 0.05, 0.1, 0.01
# A phase is judged as if it had been seen this many times more at the usual size; its departure counts by half (as a
# power), and a single difference at most so many times the mean. Chosen on development data, where it matters little.
_USUAL_COUNT, _PHASE_POWER, _MOST_TIMES = 4.0, 0.5, 6.0
_LEAST_CYCLES, _SMOOTH_SHARE = 3, 24
# A future's ratio to its forecast stays under e^3, twenty times.
_MAX_LOG_RATIO = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class ErrorScale:
    """How errors are compared.

    Attributes:
        shift: Added to values before ratios are taken; None for differences.
        floor: Forecasts below it are taken as this much in ratios, in the series' unit.
        phases: shape (period,), relative size of errors by phase of the series' start; length 1 for none.
    """

    shift: float | None
    phases: FloatArray
    floor: float = 0.0

    def errors(self, backtest: Backtest) -> FloatArray:
        """Return past errors on this scale, shape (past, horizon), NaN where unknown."""
        if self.shift is None:
            plain = backtest.errors
        else:
            plain = np.log(backtest.actual + self.shift) - np.log(np.maximum(backtest.past, self.floor) + self.shift)
        return np.asarray(plain / self.sizes(backtest.origins[:, None] + np.arange(plain.shape[1])))

    def futures(self, expected: FloatArray, errors: FloatArray, *, start: int) -> FloatArray:
        """Return futures from errors on this scale, shape (paths, horizon).

        Args:
            expected: shape (horizon,).
            start: Index of the first step ahead.
        """
        sized = errors * self.sizes(start + np.arange(expected.size))
        if self.shift is None:
            return np.asarray(expected + sized)
        ratios = np.exp(np.clip(sized, -_MAX_LOG_RATIO, _MAX_LOG_RATIO))
        return np.asarray((np.maximum(expected, self.floor) + self.shift) * ratios - self.shift)

    def sizes(self, index: IntArray) -> FloatArray:
        """Return the relative size of errors at these steps of the series."""
        return np.asarray(self.phases[index % self.phases.size])


PLAIN = ErrorScale(None, np.ones(1))


def likeliest_scale(backtest: Backtest, values: FloatArray, *, period: int) -> ErrorScale:
    """Return the scale under which the past errors are likeliest, plain differences unless another is clearly better.

    Args:
        values: shape (steps,), no NaN, what the errors were measured on.
        period: Steps of the season whose phases may differ, 1 for none.
    """
    options = [(PLAIN, 0.0)]
    phases = _phases(values, period)
    if phases is not None:
        options.append((ErrorScale(None, phases), _LEAST_GAIN / 2))
    shift = _ratio_shift(values)
    if shift is not None:
        floor = _FLOOR * float(values.mean())
        options.append((ErrorScale(shift, np.ones(1), floor), _LEAST_GAIN))
        phases = _phases(np.log(values + shift), period)
        if phases is not None:
            options.append((ErrorScale(shift, phases, floor), 1.5 * _LEAST_GAIN))
    scores = [_of_errors(backtest, scale) + _of_moves(values, scale) - toll for scale, toll in options]
    return options[int(np.argmax(scores))][0]


def _ratio_shift(values: FloatArray) -> float | None:
    low, mean = float(values.min()), float(values.mean())
    if low < 0 or mean <= 0 or float((values <= 0).mean()) > _MOST_ZEROS:
        return None
    return 0.0 if low > _NEAR_ZERO * mean else _SHIFT * mean


def _phases(values: FloatArray, period: int) -> FloatArray | None:
    """Return the relative size of differences one season apart by phase, shape (period,), None where too few."""
    if period < 2 or values.size < _LEAST_CYCLES * period:
        return None
    moves = np.abs(values[period:] - values[:-period])
    usual = float(moves.mean())
    if usual <= 0:
        return None
    index = np.arange(period, values.size) % period
    capped = np.minimum(moves, _MOST_TIMES * usual)
    sums = np.asarray(np.bincount(index, capped, period), dtype=np.float64)
    counts = np.asarray(np.bincount(index, minlength=period), dtype=np.float64)
    width = max(1, (period // _SMOOTH_SHARE) | 1)
    sums, counts = _around(sums, width), _around(counts, width)
    sizes = ((sums / usual + _USUAL_COUNT) / (counts + _USUAL_COUNT)) ** _PHASE_POWER
    return np.asarray(sizes / sizes.mean())


def _around(totals: FloatArray, width: int) -> FloatArray:
    """Return the sum over `width` neighbouring phases."""
    wrapped = np.concatenate([totals[totals.size - width // 2 :], totals, totals[: width // 2]])
    return np.asarray(np.convolve(wrapped, np.ones(width), mode="valid"), dtype=np.float64)


def _of_errors(backtest: Backtest, scale: ErrorScale) -> float:
    """Return the mean log-likelihood of the past errors under Laplace's law, a constant left out."""
    errors = scale.errors(backtest)
    known = np.isfinite(errors)
    sizes = np.broadcast_to(np.maximum(size_by_lead(errors), 1e-300), errors.shape)
    terms = -np.log(sizes) - np.abs(errors) / sizes
    terms = terms - np.log(scale.sizes(backtest.origins[:, None] + np.arange(errors.shape[1])))
    if scale.shift is not None:
        terms = terms - np.log(np.where(known, backtest.actual, 1.0) + scale.shift)
    return float(terms[known].mean())


def _of_moves(values: FloatArray, scale: ErrorScale) -> float:
    """Return the same of the moves from step to step: forecasts of long ago erred more for knowing less."""
    on = values if scale.shift is None else np.log(values + scale.shift)
    sizes = scale.sizes(np.arange(1, values.size))
    moves = np.abs(np.diff(on)) / sizes
    usual = float(moves.mean())
    if usual == 0:
        return 0.0
    terms = -np.log(usual * sizes) - moves / usual
    if scale.shift is not None:
        terms = terms - np.log(values[1:] + scale.shift)
    return float(terms.mean())
