"""The method of a forecast in words."""

import numpy as np

from sre.capacity.backtest import Backtest
from sre.capacity.model import Nature

_TOLD_SHARE = 0.08
_MAX_TOLD = 3


def method_words(backtest: Backtest, *, nature: Nature) -> str:
    """Return how the forecast was made, the heaviest ingredients first."""
    names, shares = _shares_by_name(backtest)
    told = [(name, share) for name, share in zip(names, shares, strict=True) if share >= _TOLD_SHARE][:_MAX_TOLD]
    told = told or [(names[0], shares[0])]
    main = "; ".join(f"{100 * share:.0f} % {name}" for name, share in told)
    subject = {
        "level": "the level",
        "counter": "the rate of the counter",
        "stock": "what is added each step, summed up",
    }[nature]
    return (
        f"Forecasts {subject}: a mixture of {len(names)} models weighted by their error at {backtest.origins.size} "
        f"past moments of this series, heaviest {main}. Interval and crossing times come from simulated futures that "
        "replay the mixture's own past errors."
    )


def _shares_by_name(backtest: Backtest) -> tuple[list[str], list[float]]:
    order = np.argsort(-backtest.weights, kind="stable")
    names = [backtest.pool.names[index] for index in order]
    return names, [float(backtest.weights[index]) for index in order]
