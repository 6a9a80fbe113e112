"""Forecasts by statsforecast and prophet, run by the Python of their own environment (see `forecast_peers.py`).

    python forecast_worker.py < tasks.json > forecasts.json

Knows nothing of this repository: it is started as a script where only the peers are installed. A task has `id`,
`times` (ISO 8601, without zone), `values`, `freq` (pandas), `periods` (steps, shortest first) and `horizon`; the answer
holds for each method and task the rows `expected`, `lower`, `upper` (80 %) and the seconds, or what went wrong.
"""

import json
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

# A series that takes longer is given up, or one search would eat the run.
SERIES_SECONDS = 60
LEVEL = 80
# Above this a seasonal state for each step of the season is not searched by AutoETS; they are taken out first.
LONGEST_MODEL_SEASON = 24


def statsforecast(task: dict) -> dict:
    """Mean of AutoETS, AutoARIMA and the optimized Theta, each with its own interval."""
    from statsforecast.models import AutoARIMA, AutoETS, AutoTheta

    if len(task["periods"]) == 1 and task["periods"][0] <= LONGEST_MODEL_SEASON:
        members = [kind(season_length=task["periods"][0]) for kind in (AutoETS, AutoARIMA, AutoTheta)]
    else:
        members = [_seasons_apart(one, task) for one in (AutoETS(model="ZZN"), AutoARIMA(), AutoTheta())]
    rows = [_quantiles(one, task) for one in members]
    known = [row for row in rows if np.isfinite(row).all()]
    if not known:
        raise ValueError("no member of the ensemble has an answer")
    expected, lower, upper = np.mean(known, axis=0)
    return {"expected": expected.tolist(), "lower": lower.tolist(), "upper": upper.tolist()}


def _seasons_apart(trend: object, task: dict) -> object:
    from statsforecast.models import MSTL

    return MSTL(season_length=task["periods"], trend_forecaster=trend)


def _quantiles(model: object, task: dict) -> np.ndarray:
    made = model.forecast(np.asarray(task["values"], dtype=float), h=task["horizon"], level=[LEVEL])
    return np.array([made["mean"], made[f"lo-{LEVEL}"], made[f"hi-{LEVEL}"]])


def prophet(task: dict) -> dict:
    """Prophet as it comes, but for the width of the interval."""
    from prophet import Prophet

    past = pd.DataFrame({"ds": pd.to_datetime(task["times"]), "y": task["values"]})
    np.random.seed(0)
    model = Prophet(interval_width=LEVEL / 100).fit(past)
    # Dates by hand: a calendar frequency would snap a series that is sampled in the middle of its step.
    ahead = pd.DataFrame({"ds": _times_ahead(past["ds"], task["freq"], task["horizon"])})
    made = model.predict(ahead)
    return {
        name: made[column].tolist()
        for name, column in (("expected", "yhat"), ("lower", "yhat_lower"), ("upper", "yhat_upper"))
    }


def _times_ahead(times: pd.Series, freq: str, horizon: int) -> pd.DatetimeIndex:
    last = times.iloc[-1]
    step = pd.DateOffset(months=1) if freq == "MS" else times.diff().median()
    return pd.DatetimeIndex([last + (index + 1) * step for index in range(horizon)])


METHODS: dict[str, Callable[[dict], dict]] = {"statsforecast": statsforecast, "prophet": prophet}


def _timed(method: Callable[[dict], dict], task: dict) -> dict:
    signal.alarm(SERIES_SECONDS)
    started = _cpu_seconds()
    try:
        return {**method(task), "seconds": _cpu_seconds() - started}
    except Exception as error:  # whatever a peer raises is its answer
        return {"problem": f"{type(error).__name__}: {error}"[:200]}
    finally:
        signal.alarm(0)


def _cpu_seconds() -> float:
    """CPU of this process and of its children: prophet samples in one."""
    return sum(os.times()[:4])


def _given_up(_signal: int, _frame: object) -> None:
    raise TimeoutError(f"more than {SERIES_SECONDS} s")


def main() -> None:
    """Answer all tasks by all methods; the first task is done twice, so that compiling is not counted."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, _given_up)
    tasks = json.load(sys.stdin)
    answers = {}
    for name, method in METHODS.items():
        _timed(method, tasks[0])
        answers[name] = {task["id"]: _timed(method, task) for task in tasks}
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
