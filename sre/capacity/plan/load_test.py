"""What one unit carries, from a load test: the Universal Scalability Law, its knee, and Little's law.

Concurrency N, throughput X(N) and time in the system R(N) belong together by Little's law, N = X R. The law of
Gunther gives X(N) = c N / (1 + s (N - 1) + k N (N - 1)): c is what one worker does alone, s the share that queues for
one thing, k what keeping many in agreement costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, sqrt

import numpy as np

from sre.core.errors import InputError
from sre.core.series import FloatArray

# Three unknowns, and one point more to see whether the law fits at all.
MIN_POINTS = 4
# A curve that explains less of the variation than this is none (our choice).
_LEAST_FIT = 0.90
_ITERATIONS = 60
_LITTLE_SLACK = 0.2


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """One level of a load test in its steady state.

    Attributes:
        concurrency: Requests inside at once; None where throughput and latency give it by Little's law.
        throughput: A second, > 0.
        latency_seconds: Mean time a request spends inside; None where not measured.
    """

    throughput: float
    concurrency: float | None = None
    latency_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ScalabilityFit:
    """The law fitted to a test.

    Attributes:
        alone: Throughput of one worker, c; > 0.
        contention: s, >= 0.
        coherency: k, >= 0.
        fit_ratio: Share of the variation of the throughput that is explained, R squared.
        tested_throughput: Highest throughput that was measured, at `tested_concurrency`.
        notes: What speaks against the test, for people.
    """

    alone: float
    contention: float
    coherency: float
    fit_ratio: float
    tested_throughput: float
    tested_concurrency: float
    notes: tuple[str, ...] = ()

    def throughput(self, concurrency: float) -> float:
        """Return the throughput at a concurrency >= 0, a second."""
        return self.alone * concurrency / _loss(concurrency, self.contention, self.coherency)

    def latency_seconds(self, concurrency: float) -> float:
        """Return the mean time inside at a concurrency, by Little's law."""
        return _loss(concurrency, self.contention, self.coherency) / self.alone

    @property
    def peak_concurrency(self) -> float:
        """Where throughput is highest; infinite where it never falls."""
        return sqrt(max(0.0, 1 - self.contention) / self.coherency) if self.coherency > 0 else inf

    @property
    def knee_concurrency(self) -> float:
        """Where throughput over latency is largest; infinite for a system that scales without limit.

        X squared over N is largest where 3 k N^2 + (s - k) N - (1 - s) = 0.

        Source:
            Kleinrock, "Power and deterministic rules of thumb", ICC (1979): the knee is where power X / R is largest.
        """
        s, k = self.contention, self.coherency
        if s >= 1:
            return 1.0
        if k == 0:
            return (1 - s) / s if s > 0 else inf
        return max(1.0, (sqrt((s - k) ** 2 + 12 * k * (1 - s)) - (s - k)) / (6 * k))

    def concurrency_within(self, max_latency_seconds: float) -> float:
        """Return the highest concurrency whose mean latency stays within a limit; 0 where one request breaks it."""
        room = self.alone * max_latency_seconds - 1 + self.contention
        slope = self.contention - self.coherency
        if self.coherency > 0:
            return max(0.0, (sqrt(max(0.0, slope**2 + 4 * self.coherency * room)) - slope) / (2 * self.coherency))
        if self.contention > 0:
            return max(0.0, room / self.contention)
        return inf if room >= 0 else 0.0


@dataclass(frozen=True, slots=True)
class UnitCapacity:
    """What one unit carries, and why that much.

    Attributes:
        throughput: A second, > 0.
        concurrency: Requests inside at that point.
        words: For people.
    """

    throughput: float
    concurrency: float
    words: str


def fitted_law(points: Sequence[LoadPoint]) -> ScalabilityFit:
    """Return the law that fits a load test, by least squares on the throughput, contention and coherency >= 0.

    Raises:
        InputError: Fewer than four levels, or levels that no such curve fits.

    Source:
        Gunther, Guerrilla Capacity Planning (2007), ch. 4 to 6.
    """
    loads, rates, notes = _levels(points)
    if loads.size < MIN_POINTS:
        raise InputError(
            f"A load test of {loads.size} level(s) cannot be fitted; at least {MIN_POINTS} different ones are needed.",
            field="load_test",
            next_steps=("measure more levels of concurrency, or give unit_capacity yourself",),
        )
    alone, contention, coherency = _refined(loads, rates, _linear_fit(loads, rates))
    left = rates - alone * loads / _loss_array(loads, contention, coherency)
    spread = float(((rates - rates.mean()) ** 2).sum())
    ratio = 1 - float((left**2).sum()) / spread if spread > 0 else 0.0
    if ratio < _LEAST_FIT:
        raise InputError(
            f"The load test does not follow a scalability curve (R2 {ratio:.2f}, at least {_LEAST_FIT} is needed): "
            "its levels contradict each other.",
            field="load_test",
            next_steps=("repeat the test with longer, steady levels", "or give unit_capacity yourself"),
        )
    if rates.argmax() == loads.argmax():
        notes = (*notes, "the highest level tested was still the fastest, so the real limit was not seen")
    return ScalabilityFit(alone, contention, coherency, ratio, float(rates.max()), float(loads[rates.argmax()]), notes)


def unit_capacity(fit: ScalabilityFit, *, max_latency_seconds: float | None = None) -> UnitCapacity:
    """Return what one unit may be planned with: never more than was measured.

    With a limit of latency that is the throughput at which the mean latency meets it, otherwise the knee.

    Raises:
        InputError: Even a single request takes longer than the limit.
    """
    if max_latency_seconds is None:
        at, why = fit.knee_concurrency, "at the knee, where throughput over latency is largest"
    else:
        at = min(fit.concurrency_within(max_latency_seconds), fit.peak_concurrency)
        why = f"where the mean latency meets {max_latency_seconds * 1000:g} ms"
    if at < 1:
        raise InputError(
            f"A single request alone takes {fit.latency_seconds(1) * 1000:.3g} ms, longer than max_latency.",
            field="load_test",
            next_steps=("a higher max_latency, or none",),
        )
    rate = fit.throughput(at) if at != inf else inf
    if rate > fit.tested_throughput:
        return UnitCapacity(fit.tested_throughput, fit.tested_concurrency, "the highest throughput measured")
    return UnitCapacity(rate, at, why)


def _levels(points: Sequence[LoadPoint]) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Return concurrency and throughput of each level in rising order, levels that came twice as their mean."""
    by_load: dict[float, list[float]] = {}
    odd = 0
    for point in points:
        inside = None if point.latency_seconds is None else point.throughput * point.latency_seconds
        load = point.concurrency if point.concurrency is not None else inside
        if load is None:
            raise InputError("A level needs concurrency, or latency beside throughput.", field="load_test")
        if inside is not None and abs(inside - load) > _LITTLE_SLACK * load:
            odd += 1
        by_load.setdefault(load, []).append(point.throughput)
    loads = np.array(sorted(by_load))
    notes = (
        f"in {odd} of {len(points)} levels throughput times latency is not the concurrency (Little's law): "
        "clients that think between requests, or latency of some requests only",
    )
    return loads, np.array([float(np.mean(by_load[load])) for load in loads]), notes if odd else ()


def _linear_fit(loads: FloatArray, rates: FloatArray) -> FloatArray:
    """Return alone, contention, coherency from N / X, which is linear in 1 / c, s / c and k / c, none below zero.

    Every choice of terms that may stay at zero is tried: with two such terms that is the whole of the problem.
    """
    columns = np.stack([np.ones_like(loads), loads - 1, loads * (loads - 1)], axis=1)
    weights = rates / loads
    best, least = np.array([1.0 / weights.max(), 0.0, 0.0]), inf
    for kept in [(0, *more) for count in range(3) for more in combinations((1, 2), count)]:
        part = columns[:, kept] * weights[:, None]
        solved = np.linalg.lstsq(part, np.ones_like(loads), rcond=None)[0]
        error = float(((part @ solved - 1) ** 2).sum())
        if solved[0] > 0 and (solved >= 0).all() and error < least:
            best, least = np.zeros(3), error
            best[list(kept)] = solved
    return np.array([1 / best[0], best[1] / best[0], best[2] / best[0]])


def _refined(loads: FloatArray, rates: FloatArray, start: FloatArray) -> tuple[float, float, float]:
    """Return the least squares on the throughput itself, by damped Gauss-Newton steps within the bounds."""
    now, damping = start, 1e-3
    error = _error(loads, rates, now)
    for _ in range(_ITERATIONS):
        loss = _loss_array(loads, now[1], now[2])
        model = now[0] * loads / loss
        slopes = np.stack([loads / loss, -model * (loads - 1) / loss, -model * loads * (loads - 1) / loss], axis=1)
        size = np.maximum(np.sqrt((slopes**2).sum(axis=0)), 1e-300)
        scaled = slopes / size
        normal = scaled.T @ scaled + damping * np.eye(3)
        move = np.linalg.solve(normal, scaled.T @ (rates - model)) / size
        tried = np.maximum(now + move, [1e-300, 0.0, 0.0])
        new_error = _error(loads, rates, tried)
        if new_error < error:
            now, error, damping = tried, new_error, damping / 5
        else:
            damping *= 5
    return float(now[0]), float(now[1]), float(now[2])


def _error(loads: FloatArray, rates: FloatArray, law: FloatArray) -> float:
    return float(((rates - law[0] * loads / _loss_array(loads, law[1], law[2])) ** 2).sum())


def _loss(concurrency: float, contention: float, coherency: float) -> float:
    return 1 + contention * (concurrency - 1) + coherency * concurrency * (concurrency - 1)


def _loss_array(loads: FloatArray, contention: float, coherency: float) -> FloatArray:
    return np.asarray(1 + contention * (loads - 1) + coherency * loads * (loads - 1))
