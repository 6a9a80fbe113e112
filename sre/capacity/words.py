"""The method of a forecast in words."""

import numpy as np

from sre.capacity.backtest import Backtest
from sre.capacity.model import Nature, Step
from sre.core.times import format_duration

_TOLD_SHARE = 0.1
_MAX_TOLD = 3
_LEAST_TOLD = 0.005
_FAMILY_WORDS = {
    "level": "a smoothed level",
    "mean": "a mean rate",
    "drift": "a level with recent drift",
    "theta": "a level with half its drift (theta)",
    "damped": "a level with a fading drift",
    "holt": "a damped trend (Holt)",
    "return": "a return to the usual level",
    "typical": "a median level",
    "autoregression": "an autoregression",
}


def method_words(backtest: Backtest, *, nature: Nature, step: Step) -> str:
    """Return how the forecast was made, the heaviest families of models first."""
    shares = _family_shares(backtest)
    told = [f"{100 * share:.0f} % {_family_words(family, step)}" for family, share in shares]
    subject = {
        "level": "the level",
        "counter": "the rate of the counter",
        "stock": "what is added each step, summed up",
    }[nature]
    return (
        f"Forecasts {subject} by a mixture of {backtest.weights.size} models, weighted by their error at past moments "
        f"of this series: mainly {', '.join(told)}. {_network_words(backtest)}Interval and crossing times come from "
        "simulated futures that replay the forecast's own past errors."
    )


def _network_words(backtest: Backtest) -> str:
    said = backtest.network
    if said is None or said.ratio < _LEAST_TOLD:
        return ""
    return (
        f"Small networks that learnt from other series count for {100 * said.ratio:.0f} % beside it, "
        "by their errors at the same moments. "
    )


def _family_shares(backtest: Backtest) -> list[tuple[str, float]]:
    """Return the heaviest families and their share of the weight, those under a tenth left out beyond the first."""
    ideas = [_idea(family) for family in backtest.pool.families]
    families, index = np.unique(np.array(ideas), return_inverse=True)
    totals = np.bincount(index, weights=backtest.weights)
    order = np.argsort(-totals, kind="stable")[:_MAX_TOLD]
    return [(str(families[at]), float(totals[at])) for at in order if at == order[0] or totals[at] >= _TOLD_SHARE]


def _idea(family: str) -> str:
    """Return season and idea of a family, without how the season was read and on which scale."""
    parts = family.split("/")
    return f"{parts[0]}/{parts[-1]}" if len(parts) > 1 else family


def _family_words(family: str, step: Step) -> str:
    period, _, idea = family.rpartition("/")
    words = _FAMILY_WORDS[idea]
    if period in ("", "1"):
        return words
    return f"{words} on a season of {format_duration(round(int(period) * step.seconds))}"
