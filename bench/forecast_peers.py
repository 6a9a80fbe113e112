"""Statsforecast and prophet on the same cases as our forecast, from the Python of an environment of their own.

They cannot be installed beside us: statsforecast wants an older pandas than the one we are tested with.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.environment import environment
from bench.forecast_scores import Crossing, Rows
from sre.capacity.model import History

STATSFORECAST, PROPHET = "statsforecast 2.1.1", "prophet 1.5.0"
_KEYS = {STATSFORECAST: "statsforecast", PROPHET: "prophet"}
# A step's length (seconds), the seasons that the libraries are told of (steps), and the step's name in pandas.
_TOLD: Mapping[float, tuple[list[int], str]] = {
    300.0: ([288], "5min"),
    3600.0: ([24, 168], "h"),
    86_400.0: ([7], "D"),
    604_800.0: ([52], "W-MON"),
}
_MONTHLY = ([12], "MS")
_WORKER = Path(__file__).with_name("forecast_worker.py")
_MOST_SECONDS = 5400.0


@dataclass(frozen=True, eq=False)
class Answer:
    """What a library says of a case, and the CPU seconds it took; no rows where it failed."""

    rows: Rows | None
    seconds: float
    problem: str = ""


def answers(tasks: Mapping[str, tuple[History, int]]) -> Mapping[str, Mapping[str, Answer]] | None:
    """Return the answers of each library by case, or None where they cannot be installed.

    Args:
        tasks: History and horizon (steps) by the name of the case.
    """
    folder = environment("forecasters-2.1.1-1.5.0", ("statsforecast==2.1.1", "prophet==1.5.0"))
    if folder is None:
        return None
    # Isolated, so that nothing of this folder is imported there.
    done = subprocess.run(
        [str(folder / "bin" / "python"), "-I", str(_WORKER)],
        input=json.dumps([task_of(name, history, horizon) for name, (history, horizon) in tasks.items()]),
        capture_output=True,
        text=True,
        check=True,
        timeout=_MOST_SECONDS,
    )
    told = json.loads(done.stdout)
    return {name: {case: _answer(one) for case, one in told[key].items()} for name, key in _KEYS.items()}


def task_of(name: str, history: History, horizon: int) -> dict[str, Any]:
    """Return what the libraries are told of a case."""
    periods, freq = _MONTHLY if history.step.is_month else _TOLD[history.step.seconds]
    count = len(history)
    # A season is only a season where it was seen twice.
    seen = [period for period in periods if count >= 2 * period] or [1]
    return {
        "id": name,
        "times": _times(history),
        "values": history.values.tolist(),
        "freq": freq,
        "periods": seen,
        "horizon": horizon,
    }


def _times(history: History) -> list[str]:
    back = np.arange(len(history))[::-1]
    last = np.datetime64(history.last_ms, "ms")
    if history.step.is_month:
        months = last.astype("datetime64[M]") - back
        return [str(month) + "-01" for month in months]
    return [str(at) for at in last - (1000 * history.step.seconds * back).astype("timedelta64[ms]")]


def _answer(told: Mapping[str, object]) -> Answer:
    if "problem" in told:
        return Answer(None, float("nan"), str(told["problem"]))
    low, middle, high = (np.array(told[key], dtype=float) for key in ("lower", "expected", "upper"))
    return Answer(Rows(low, middle, high), float(str(told["seconds"])))


def crossing_of(rows: Rows | None, threshold: float) -> Crossing:
    """Return when a path and the edges of its interval first reach a limit, as one reads it off a chart."""
    if rows is None:
        return Crossing(np.inf, np.inf, np.inf)
    early, middle, late = (_first(path >= threshold) for path in (rows.high, rows.middle, rows.low))
    return Crossing(early, middle, late)


def _first(is_met: np.ndarray) -> float:
    met = np.flatnonzero(is_met)
    return float(met[0]) + 1 if met.size else float("inf")
