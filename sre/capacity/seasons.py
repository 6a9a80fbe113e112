"""Which cycles a series has: the calendar's (hour, day, week, year) and its own, detected and put in words."""

from dataclasses import dataclass

import numpy as np

from sre.capacity.model import DAY_SECONDS, Season, Step
from sre.capacity.season_words import season_words
from sre.core.series import FloatArray
from sre.core.times import format_duration

# A cycle must repeat this often before it can be told from chance.
_MIN_CYCLES = 2.0
# Correlation of one cycle with the next, trend taken out, from which a cycle is tried, and from which it is named.
# Trying costs little: the backtest decides how much it is worth.
_TRIED_CORRELATION = 0.1
_NAMED_STRENGTH = 0.3
# A longer cycle must leave at most this share of what a shorter one inside it leaves unexplained.
_REST_SHARE = 0.7
# A cycle of the series' own, found in the autocorrelation, has to be plain to see.
_OWN_CORRELATION = 0.5
_MAX_TRIED = 3
# The day is tried where it has this many steps; of days the year, once this much more than one of it is known.
_LEAST_STEPS_A_DAY, _LEAST_YEARS = 4, 1.25


@dataclass(frozen=True, slots=True)
class _Cycle:
    name: str
    period_steps: int
    correlation: float


def detected_periods(values: FloatArray, step: Step) -> tuple[int, ...]:
    """Return the periods worth trying, in steps, shortest first.

    Args:
        values: shape (steps,), no NaN.
    """
    cycles = [_measured(values, name, period) for name, period in _calendar_periods(values.size, step)]
    tried = [cycle for cycle in cycles if cycle.correlation > _TRIED_CORRELATION]
    own = _own_period(values)
    if own and all(_differs(own, cycle.period_steps) for cycle in tried):
        tried.append(_Cycle("own", own, 1.0))
    strongest = sorted(tried, key=lambda cycle: -cycle.correlation)[:_MAX_TRIED]
    return tuple(sorted(cycle.period_steps for cycle in strongest))


def tried_periods(detected: tuple[int, ...], *, count: int, step: Step) -> tuple[int, ...]:
    """Return the periods to let compete: those detected, and the calendar's own however faint they look.

    A pattern of rare peaks, or of a year seen hardly more than once, shows in no correlation; its candidates have to
    prove themselves anyway.
    """
    day = DAY_SECONDS / step.seconds
    if step.is_month:
        own = 12.0
    elif day >= _LEAST_STEPS_A_DAY:
        own = day
    elif step.seconds == DAY_SECONDS:
        own = 7.0
    else:
        own = 364 * day
    wanted = {round(own)} if own == round(own) and count >= _MIN_CYCLES * own else set()
    if step.seconds == DAY_SECONDS and count >= _LEAST_YEARS * 364:
        wanted.add(364)
    return tuple(sorted(wanted.union(detected)))


def named_seasons(values: FloatArray, step: Step, *, periods: tuple[int, ...], last_ms: int) -> tuple[Season, ...]:
    """Return the cycles strong enough to tell a person about, strongest first."""
    names = {period: name for name, period in _calendar_periods(values.size, step)}
    seasons: list[Season] = []
    for period in sorted(periods):
        name = names.get(period, f"every {format_duration(period * step.seconds)}")
        strength = _strength(values, period)
        if strength >= _NAMED_STRENGTH and _adds_to(seasons, period, strength):
            words = season_words(values, name=name, period_steps=period, step=step, last_ms=last_ms)
            seasons.append(Season(period, name, strength, words))
    return tuple(sorted(seasons, key=lambda season: -season.strength_ratio))


def _adds_to(seasons: list[Season], period: int, strength: float) -> bool:
    """Return whether a longer cycle says more than the shorter ones it repeats: a week of equal days is no week."""
    inside = [season.strength_ratio for season in seasons if period % season.period_steps == 0]
    return 1 - strength < _REST_SHARE * (1 - max(inside, default=-1.0))


def _calendar_periods(count: int, step: Step) -> list[tuple[str, int]]:
    if step.is_month:
        return [("yearly", 12)] if count >= 12 * _MIN_CYCLES else []
    wanted = (("hourly", 3600.0), ("daily", DAY_SECONDS), ("weekly", 7 * DAY_SECONDS))
    periods = [(name, seconds / step.seconds) for name, seconds in wanted]
    # 52 weeks keep the weekday; for a weekly step it is the year itself.
    if step.seconds >= DAY_SECONDS / 24:
        periods.append(("yearly", 364 * DAY_SECONDS / step.seconds))
    return [
        (name, round(period))
        for name, period in periods
        if period >= 2 and abs(period - round(period)) < 0.02 * period / count * 10 and count >= period * _MIN_CYCLES
    ]


def _detrended(values: FloatArray, period: int) -> FloatArray:
    """Return values less their centred mean over one period, shape (steps - period + 1,)."""
    sums = np.cumsum(np.concatenate(([0.0], values)))
    means = (sums[period:] - sums[:-period]) / period
    start = period // 2
    return np.asarray(values[start : start + means.size] - means)


def _measured(values: FloatArray, name: str, period: int) -> _Cycle:
    rest = _detrended(values, period)
    if rest.size <= period + 2:
        return _Cycle(name, period, 0.0)
    limit = 4 * np.median(np.abs(rest)) + 1e-300
    calm = np.clip(rest, -limit, limit)
    return _Cycle(name, period, _correlation(calm[period:], calm[:-period]))


def _correlation(first: FloatArray, second: FloatArray) -> float:
    spread = float(first.std() * second.std())
    if spread <= 1e-12 * float(np.abs(first).max()) ** 2:
        return 0.0
    return float(((first - first.mean()) * (second - second.mean())).mean()) / spread


def _own_period(values: FloatArray) -> int:
    """Return the lag of the highest peak of the autocorrelation of the detrended series, 0 where none is plain."""
    window = max(8, values.size // 6)
    if values.size < 3 * window or values.size < 48:
        return 0
    rest = _detrended(values, window)
    power = np.abs(np.fft.rfft(rest - rest.mean(), 2 * rest.size)) ** 2
    correlation = np.fft.irfft(power)[: window + 1]
    if correlation[0] <= 0:
        return 0
    correlation = correlation / correlation[0] * rest.size / (rest.size - np.arange(window + 1))
    below = np.flatnonzero(correlation < 0)
    if below.size == 0 or below[0] >= window - 1:
        return 0
    peak = int(below[0] + np.argmax(correlation[below[0] :]))
    return peak if peak < window and correlation[peak] > _OWN_CORRELATION else 0


def _differs(period: int, other: int) -> bool:
    ratio = period / other
    return abs(ratio - round(ratio)) > 0.05 * max(ratio, 1) and abs(1 / ratio - round(1 / ratio)) > 0.05


def _strength(values: FloatArray, period: int) -> float:
    """Return the share of the movement around the trend that the mean pattern explains."""
    rest = _detrended(values, period)
    cycles = rest.size // period
    rows = rest[rest.size - cycles * period :].reshape(cycles, period)
    total = float(np.abs(rows - np.median(rows)).mean())
    left = float(np.abs(rows - np.median(rows, axis=0)).mean()) * np.sqrt(cycles / max(cycles - 1, 1))
    return 0.0 if total == 0 else max(0.0, float(1.0 - (left / total) ** 2))
