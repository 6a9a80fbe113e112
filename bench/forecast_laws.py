"""How often intervals and probabilities of a forecast hold where the law is known, on simulated series.

    python -m bench.forecast_laws [draws]

Two measures for each law, both on 300 steps of history: the share of the next 24 values inside the 80 % interval, and
the probability to pass a limit just above the highest value within the next 100, beside how often it was passed.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sre.capacity.forecast import forecast
from sre.capacity.model import History, Request, Step
from sre.core.series import FloatArray

HISTORY, NEAR, FAR = 300, 24, 100
_STEP, _LAST_MS = Step(3600.0), 1_600_000_000_000
_DAY = 24
# A limit is this share of the range above the highest value.
_ABOVE = 0.02
# Steps before the series, so that what persists has forgotten its start.
_BEFORE = 500

Law = Callable[[np.random.Generator, int], FloatArray]


@dataclass(frozen=True)
class Held:
    """What was said of one law, and what was seen, over all draws."""

    law: str
    coverage: float
    coverage_se: float
    said: float
    seen: float


def _noise(random: np.random.Generator, steps: int) -> FloatArray:
    return random.standard_normal(steps)


def _persistent(kept: float) -> Law:
    def make(random: np.random.Generator, steps: int) -> FloatArray:
        values = np.zeros(_BEFORE + steps)
        shocks = random.standard_normal(values.size)
        for step in range(1, values.size):
            values[step] = kept * values[step - 1] + shocks[step]
        return values[_BEFORE:]

    return make


def _growing(ratio: float) -> Law:
    return lambda random, steps: 100 * (1 + ratio) ** np.arange(steps) * np.exp(0.05 * _noise(random, steps))


def _day(steps: int) -> FloatArray:
    return np.asarray(10 * np.sin(np.arange(steps) / _DAY * 2 * np.pi))


def _seasonal_growth(random: np.random.Generator, steps: int) -> FloatArray:
    return 100 * 1.003 ** np.arange(steps) * (1 + 0.03 * _day(steps)) * np.exp(0.05 * _noise(random, steps))


LAWS: Mapping[str, Law] = {
    "white noise": lambda random, steps: 100 + _noise(random, steps),
    "random walk": lambda random, steps: _noise(random, steps).cumsum(),
    "AR(0.9)": _persistent(0.9),
    "AR(0.97)": _persistent(0.97),
    "season and noise": lambda random, steps: 50 + _day(steps) + _noise(random, steps),
    "season and AR(0.9)": lambda random, steps: 50 + _day(steps) + _persistent(0.9)(random, steps),
    "trend and noise": lambda random, steps: 0.5 * np.arange(steps) + 5 * _noise(random, steps),
    "skewed (lognormal)": lambda random, steps: random.lognormal(1, 0.6, steps),
    "skewed and persistent": lambda random, steps: np.exp(1 + 0.3 * _persistent(0.9)(random, steps)),
    "growing by 1 % a step": _growing(0.01),
    "growing by 1.5 % a step": _growing(0.015),
    "noisy share of a whole": lambda random, steps: random.beta(8, 4, steps),
    "counts of 1.5 (Poisson)": lambda random, steps: random.poisson(1.5, steps).astype(float),
    "season that grows with its level": _seasonal_growth,
}


def held(law: str, *, draws: int) -> Held:
    """Return what held under one law."""
    inside, said, seen = [], [], []
    for seed in range(draws):
        values = LAWS[law](np.random.default_rng(seed), HISTORY + FAR)
        past, ahead = values[:HISTORY], values[HISTORY:]
        history = History(_STEP, _LAST_MS, past)
        made = forecast(history, Request(NEAR))
        assert made.lower is not None
        assert made.upper is not None
        inside.append(np.mean((ahead[:NEAR] >= made.lower) & (ahead[:NEAR] <= made.upper)))
        limit = float(past.max() + _ABOVE * np.ptp(past))
        found = forecast(history, Request(FAR, threshold=limit, direction="up")).exhaustion
        assert found is not None
        said.append(found.probability_ratio)
        seen.append(ahead.max() >= limit)
    error = float(np.std(inside) / np.sqrt(draws))
    return Held(law, float(np.mean(inside)), error, float(np.mean(said)), float(np.mean(seen)))


def main(draws: int) -> None:
    """Print one row a law."""
    print("| Law | 80 % holds | Limit just above the highest: said | seen |", "|---|---|---|---|", sep="\n")
    for law in LAWS:
        row = held(law, draws=draws)
        inside = f"{100 * row.coverage:.0f} ± {100 * row.coverage_se:.0f} %"
        print(f"| {row.law} | {inside} | {row.said:.2f} | {row.seen:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
