"""Where exactly a step is: the shape of the noise, learnt from both sides at once, tells to the point.

The two parts are laid on each other by the shift that makes them most alike; the density of what then lies together
(a mixture of kernels, each value left out of its own estimate) gives each value's likelihood before and after the
step, and so that of each place. This is an adaptive estimate in the sense of Bickel (Annals of Statistics 10, 1982):
it sees the cap of a throughput or the lower of two modes move, where a mean hardly does.
"""

from dataclasses import dataclass

import numpy as np

from sre.core.changes.scan import SIDE_MIN, split_curve
from sre.core.series import BoolArray, FloatArray, IntArray

# Only places whose split is this much weaker than the best, in units of the noise, are looked at.
_PLAUSIBLE = 6.0
_SHIFTS = 4
_STARTS = 6
_TURNS = 6
_OUTLIER_SHARE = 0.05
# Kernel widths as shares of the usual rule (Silverman 1986): a narrow one for caps and few values, a wide one for
# tails.
_WIDTHS = (0.08, 0.25, 0.8)
_BINS = 2048


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step is in the values given.

    Attributes:
        at: First value of the new level.
        earliest, latest: The range that holds it with 95 % confidence, both included.
        gain: Twice what the step adds to the log-likelihood, in units of the memory of the noise.
    """

    at: int
    earliest: int
    latest: int
    is_up: bool
    gain: float


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """The most likely way to lay the parts on each other.

    Attributes:
        logs: shape (values + 1,), the log-likelihood of each place of the step.
        total: The largest of them on a scale that values and their logarithms share; `gain` is over no step at all.
    """

    at: int
    logs: FloatArray
    total: float
    gain: float


def placed(values: FloatArray, first: int, *, memory: float) -> Place:
    """Return the place of a step.

    Args:
        values: shape (steps,), all finite, with one step at most.
        first: Where the best split is, 4 values from the ends or more.
        memory: How many times more the mean of the noise varies than if it were independent.
    """
    curve, rises = split_curve(values)
    is_up = bool(rises[first - 1])
    plausible = np.zeros(len(values) + 1, dtype=np.bool_)
    plausible[1:-1] = (curve >= curve[first - 1] - _PLAUSIBLE * memory) & (rises == is_up)
    plausible[:SIDE_MIN] = plausible[len(values) - SIDE_MIN + 1 :] = False
    plausible[first] = True
    fit = _most_likely(values, first, plausible, is_up=is_up)
    if fit is None:
        fit = _Fit(first, np.concatenate([[-np.inf], curve / 2, [-np.inf]]), 0.0, 0.0)
    low, high = _credible(np.where(plausible, fit.logs, -np.inf) / memory)
    return Place(fit.at, min(low, fit.at), max(high, fit.at), is_up, 2 * fit.gain / memory)


def _credible(logs: FloatArray) -> tuple[int, int]:
    """Return the range between 2.5 % and 97.5 % of the weight."""
    weights = np.exp(logs - logs.max())
    cumulated = np.cumsum(weights) / weights.sum()
    return int(np.searchsorted(cumulated, 0.025)), int(np.searchsorted(cumulated, 0.975))


def _most_likely(values: FloatArray, first: int, plausible: BoolArray, *, is_up: bool) -> _Fit | None:
    """Return the best fit on a scale of sums or of ratios, whichever is more likely; None without any."""
    fits = []
    for is_ratio in (False, True) if values.min() > 0 else (False,):
        logarithms = np.log(values) if is_ratio else values
        laid = _Laid.out(logarithms, first)
        if laid is None:
            continue
        offset = laid.offset - (float(logarithms.sum()) if is_ratio else 0.0)
        none = float(laid.likelihood(0, 0)[0])
        for place, shift in _starts(laid, first, plausible, is_up=is_up):
            at, logs = _climbed(laid, place, shift, plausible)
            fits.append(_Fit(at, logs, float(logs[at]) + offset, float(logs[at]) - none))
    return max(fits, key=lambda fit: fit.total, default=None)


def _starts(laid: "_Laid", first: int, plausible: BoolArray, *, is_up: bool) -> list[tuple[int, int]]:
    """Return places and shifts to climb from."""
    among = np.flatnonzero(plausible)
    places = {first, *(int(among[round(share * (len(among) - 1))]) for share in np.linspace(0.1, 0.9, _STARTS))}
    starts = {(place, shift) for place in places for shift in laid.likely_shifts(place)}
    return sorted((place, shift) for place, shift in starts if shift != 0 and (shift > 0) == is_up)


def _climbed(laid: "_Laid", place: int, shift: int, plausible: BoolArray) -> tuple[int, FloatArray]:
    """Return where laying out and placing agree, or nearly, and the log-likelihoods there."""
    logs = laid.likelihood(place, shift)
    for _ in range(_TURNS):
        better = int(np.where(plausible, logs, -np.inf).argmax())
        if better == place:
            break
        place, logs = better, laid.likelihood(better, shift)
    return place, logs


@dataclass(frozen=True, slots=True, eq=False)
class _Laid:
    """Values in narrow bins, and the kernel that smooths counts of them.

    Attributes:
        bins: shape (steps,), in the middle of the range, so that shifts do not leave it.
        kernel: shape (bins / 2 + 1,), its transform; `peak` is what a value adds to its own bin.
        offset: What turns log-likelihoods of bins into those of the values.
    """

    bins: IntArray
    kernel: FloatArray
    peak: float
    offset: float

    @classmethod
    def out(cls, values: FloatArray, first: int) -> "_Laid | None":
        low, high = np.quantile(values, [0.02, 0.98])
        if high <= low:
            low, high = values.min(), values.max()
        span = high - low
        if span <= 0:
            return None
        low, high = max(values.min(), low - span), min(values.max(), high + span)
        width = (high - low) / (_BINS // 4 - 1)
        bins = np.clip(np.round((values - low) / width), 0, _BINS // 4 - 1).astype(np.int64) + 3 * _BINS // 8
        usual = 0.9 * _spread(values, first) / width * len(values) ** -0.2
        frequencies = np.fft.rfftfreq(_BINS)
        widths = [max(usual * share, 0.5) for share in _WIDTHS]
        kernel = np.mean([np.exp(-2 * (np.pi * frequencies * each) ** 2) for each in widths], axis=0)
        peak = float(np.fft.irfft(kernel, _BINS)[0])
        return cls(bins, kernel, peak, -len(values) * float(np.log(width)))

    def likelihood(self, place: int, shift: int) -> FloatArray:
        """Return the log-likelihood of each place of the step, shape (steps + 1,), laid out for one of them."""
        count = len(self.bins)
        is_first = np.arange(count) < place
        density = self._smoothed(np.where(is_first, self.bins, self.bins - shift))
        before = self._logs(density[self.bins], is_first)
        after = self._logs(density[self.bins - shift], ~is_first)
        return np.concatenate([[0.0], np.cumsum(before - after)]) + float(after.sum())

    def likely_shifts(self, place: int) -> list[int]:
        """Return the shifts that lay most of the second part on the first, and that of the medians."""
        counts = [np.bincount(part, minlength=_BINS) for part in (self.bins[:place], self.bins[place:])]
        first, second = (np.fft.rfft(each) for each in counts)
        matches = np.fft.fftshift(np.fft.irfft(second * np.conj(first) * self.kernel**2, _BINS))
        peaks = np.flatnonzero((matches[1:-1] >= matches[:-2]) & (matches[1:-1] > matches[2:])) + 1
        best = peaks[np.argsort(-matches[peaks], kind="stable")[:_SHIFTS]] - _BINS // 2
        medians = round(float(np.median(self.bins[place:]) - np.median(self.bins[:place])))
        most = _BINS // 4
        return sorted({int(shift) for shift in best if abs(shift) < most} | {medians})

    def _smoothed(self, bins: IntArray) -> FloatArray:
        counts = np.bincount(bins, minlength=_BINS)
        return np.maximum(np.fft.irfft(np.fft.rfft(counts) * self.kernel, _BINS), 0.0)

    def _logs(self, density: FloatArray, is_own: BoolArray) -> FloatArray:
        others = np.maximum(density - np.where(is_own, self.peak, 0.0), 0.0) / (len(density) - is_own)
        return np.asarray(np.log((1 - _OUTLIER_SHARE) * others + _OUTLIER_SHARE * 4 / _BINS))


def _spread(values: FloatArray, first: int) -> float:
    """Return the noise around the two levels; of two robust estimates the smaller, which a step inflates less."""
    around = values - np.where(np.arange(len(values)) < first, np.median(values[:first]), np.median(values[first:]))
    low, quarter, three_quarters, high = np.quantile(around, [0.1, 0.25, 0.75, 0.9])
    estimates = ((three_quarters - quarter) / 1.349, 1.4826 * float(np.median(np.abs(np.diff(values)))) / 2**0.5)
    positive = [estimate for estimate in estimates if estimate > 0]
    least = 1e-12 * float(np.abs(values).max())
    return max(min(positive, default=0.0), 0.05 * float(high - low) / 2.563, least, 1e-300)
