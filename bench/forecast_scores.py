"""How forecasts are judged on the development data: error, pinball loss, coverage, and times to a threshold.

Every score is relative to the seasonal naive (the last season repeated) on the same series. A case is one series cut at
one origin: the last `horizon` points of each series, and, to choose anything by, earlier origins in the part before.

    python -m bench.forecast_scores [latest|earlier|thresholds ...]
"""

import csv
import gzip
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sre.capacity.forecast import forecast
from sre.capacity.model import MONTH_SECONDS, History, Request, Step
from sre.core.series import FloatArray

FOLDER = Path(os.environ.get("SRE_MCP_DEVELOPMENT_DATA", Path(__file__).parents[2] / "shared" / "data")) / "forecast"
SETS = ("ops_5min", "hourly", "daily", "weekly", "m3_monthly")
STEPS = {
    "5min": Step(300.0), "h": Step(3600.0), "D": Step(86_400.0), "W-MON": Step(604_800.0),
    "MS": Step(MONTH_SECONDS, is_month=True),
}  # fmt: skip
QUANTILES = (0.1, 0.5, 0.9)
# Earlier origins: how many at most, one horizon apart, and the least share of the visible part left to learn from.
_EARLIER, _LEAST_LEARNT = 5, 0.5


@dataclass(frozen=True, eq=False)
class Case:
    """One series cut at one origin; `season` (steps) is the one the naive repeats."""

    set_name: str
    series_id: str
    history: History
    ahead: FloatArray
    season: int


@dataclass(frozen=True, eq=False)
class Rows:
    """A forecast by its quantiles 0.1, 0.5 and 0.9, each shape (horizon,)."""

    low: FloatArray
    middle: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Score:
    """One case: errors and losses over the in-sample error of the seasonal naive (the scale of MASE).

    Attributes:
        pinball: Mean over the quantiles 0.1, 0.5, 0.9 (twice the loss, so that the middle one counts as the error).
        naive_pinball: The same for the naive with the quantiles of its own past errors at that lead.
        plain_pinball: The same for the naive repeated as all three quantiles.
        coverage: Share of values from low to high.
    """

    set_name: str
    series_id: str
    error: float
    naive_error: float
    pinball: float
    naive_pinball: float
    plain_pinball: float
    coverage: float


@dataclass(frozen=True)
class SetScore:
    """A set of series: means over cases, ratios of means; standard errors by leaving out one series at a time."""

    name: str
    case_count: int
    error: float
    error_ratio: float
    error_ratio_se: float
    pinball_ratio: float
    pinball_ratio_se: float
    plain_pinball_ratio: float
    coverage: float
    coverage_se: float


@dataclass(frozen=True, eq=False)
class ThresholdCase:
    """A series with a limit; `crossing_step` is the first step after the history at or over it, 0 for never."""

    case_id: str
    history: History
    threshold: float
    crossing_step: int
    horizon: int


@dataclass(frozen=True)
class Crossing:
    """Steps by which 10, 50 and 90 % of futures cross; infinite beyond the horizon."""

    early: float
    middle: float
    late: float


@dataclass(frozen=True)
class ThresholdScore:
    """Over the cases that cross: median relative error, interval, no answer; over the others: false alarms."""

    case_count: int
    median_relative_error: float
    inside: float
    inside_se: float
    no_answer: float
    false_alarms: float


Method = Callable[[Case], Rows]
CrossingMethod = Callable[[ThresholdCase], Crossing]


def cases(set_name: str, *, earlier: bool = False) -> list[Case]:
    """Return the cases of a set: the latest origin of each series, or several earlier ones that see nothing of it."""
    about = json.loads((FOLDER / "sets.json").read_text())[set_name]
    horizon, season, step = int(about["horizon"]), int(about["mase_season"]), STEPS[about["freq"]]
    found: list[Case] = []
    for series_id, (times_ms, values) in _series(set_name).items():
        for cut in _cuts(values.size, horizon, season, earlier=earlier):
            history = History(step, times_ms[cut - 1], values[:cut])
            found.append(Case(set_name, series_id, history, values[cut : cut + horizon], season))
    return found


def threshold_cases() -> list[ThresholdCase]:
    """Return the development data's limits."""
    series = _series("threshold_series")
    with (FOLDER / "threshold_cases.csv").open() as lines:
        return [_threshold_case(row, series) for row in csv.DictReader(lines)]


def earlier_threshold_cases(share: float) -> list[ThresholdCase]:
    """Return limits of the same making at an earlier origin, on the visible part of each series alone.

    Args:
        share: Share of the visible part that is learnt from, 0 < x < 1; the rest is hidden.
    """
    found: list[ThresholdCase] = []
    for case in (one for one in threshold_cases() if one.crossing_step == 0):
        values, at = case.history.values, int(share * len(case.history))
        past, hidden = values[:at], values[at:]
        history = History(case.history.step, case.history.last_ms, past)
        gain = hidden.max() - past.max()
        # As in the development data: 35 and 80 % of the way to the highest hidden value, and well beyond it.
        limits = (past.max() + 0.35 * gain, past.max() + 0.8 * gain, hidden.max() + 0.5 * max(np.ptp(past), gain))
        for limit in limits[0 if gain > 0 else 2 :]:
            met = np.flatnonzero(hidden >= limit)
            crossing = int(met[0]) + 1 if met.size else 0
            horizon = 2 * hidden.size if crossing else hidden.size
            found.append(ThresholdCase(f"{case.case_id}@{share}", history, float(limit), crossing, horizon))
    return found


def ours(case: Case) -> Rows:
    """Return our forecast."""
    made = forecast(case.history, Request(case.ahead.size))
    assert made.lower is not None
    assert made.upper is not None
    return Rows(made.lower, made.expected, made.upper)


def our_crossing(case: ThresholdCase) -> Crossing:
    """Return our time to threshold."""
    made = forecast(case.history, Request(case.horizon, threshold=case.threshold, direction="up"))
    found = made.exhaustion
    assert found is not None
    early, middle, late = (
        np.inf if at is None else float(np.searchsorted(made.times_ms, at) + 1)
        for at in (found.earliest_ms, found.expected_ms, found.latest_ms)
    )
    return Crossing(early, middle, late)


def seasonal_naive(case: Case) -> Rows:
    """Return the last season repeated, with the quantiles of its own past errors at each lead."""
    values, horizon, season = case.history.values, case.ahead.size, case.season
    naive = np.resize(values[-season:], horizon)
    low, high = np.empty(horizon), np.empty(horizon)
    for start in range(0, horizon, season):
        apart = min(start + season, values.size - 1)
        errors = values[apart:] - values[:-apart]
        low[start : start + season], high[start : start + season] = np.quantile(errors, (QUANTILES[0], QUANTILES[-1]))
    return Rows(naive + low, naive, naive + high)


def scored(case: Case, rows: Rows) -> Score:
    """Return the score of one forecast."""
    values, season = case.history.values, case.season
    scale = float(np.abs(values[season:] - values[:-season]).mean())
    naive = seasonal_naive(case)
    edge = 1e-9 * (1 + np.abs(case.ahead))
    return Score(
        case.set_name,
        case.series_id,
        error=float(np.abs(case.ahead - rows.middle).mean()) / scale,
        naive_error=float(np.abs(case.ahead - naive.middle).mean()) / scale,
        pinball=_pinball(case.ahead, rows) / scale,
        naive_pinball=_pinball(case.ahead, naive) / scale,
        plain_pinball=_pinball(case.ahead, Rows(naive.middle, naive.middle, naive.middle)) / scale,
        coverage=float(np.mean((case.ahead >= rows.low - edge) & (case.ahead <= rows.high + edge))),
    )


def summarised(scores: Sequence[Score]) -> SetScore:
    """Return a set's score."""
    names = sorted({score.series_id for score in scores})
    whole = _means(scores)
    spared = np.array([_means([one for one in scores if one.series_id != name]) for name in names])
    spread = np.sqrt((len(names) - 1) / len(names) * ((spared - spared.mean(axis=0)) ** 2).sum(axis=0))
    error, ratio, pinball, plain, coverage = whole
    return SetScore(
        scores[0].set_name, len(scores), error, ratio, spread[1], pinball, spread[2], plain, coverage, spread[4]
    )


def set_scores(method: Method, *, earlier: bool = False, sets: Sequence[str] = SETS) -> list[SetScore]:
    """Return the scores of a method by set."""
    return [summarised([scored(case, method(case)) for case in cases(name, earlier=earlier)]) for name in sets]


def geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean."""
    return float(np.exp(np.mean(np.log(values))))


def threshold_score(method: CrossingMethod, over: Sequence[ThresholdCase]) -> ThresholdScore:
    """Return the score of a method on limits."""
    relative, inside, alarms = [], [], []
    for case in over:
        found = method(case)
        if case.crossing_step == 0:
            alarms.append(np.isfinite(found.middle))
            continue
        relative.append(abs(found.middle - case.crossing_step) / case.crossing_step)
        inside.append(found.early <= case.crossing_step <= found.late)
    return ThresholdScore(
        len(over),
        float(np.median(relative)),
        float(np.mean(inside)),
        float(np.std(inside) / np.sqrt(len(inside))),
        float(np.mean(np.isinf(relative))),
        float(np.mean(alarms)),
    )


def table(scores: Sequence[SetScore]) -> str:
    """Return the scores as Markdown, with the geometric mean over the sets."""
    lines = [
        "| set | cases | MASE | MASE ratio | pinball ratio | against the plain naive | coverage of 80 % |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.case_count} | {one.error:.3f} | {one.error_ratio:.3f} ± {one.error_ratio_se:.3f} "
        f"| {one.pinball_ratio:.3f} ± {one.pinball_ratio_se:.3f} | {one.plain_pinball_ratio:.3f} "
        f"| {100 * one.coverage:.1f} ± {100 * one.coverage_se:.1f} % |"
        for one in scores
    ]
    error, pinball, plain = (
        geometric_mean([getattr(one, name) for one in scores])
        for name in ("error_ratio", "pinball_ratio", "plain_pinball_ratio")
    )
    return "\n".join([*lines, f"| geometric mean | | | {error:.3f} | {pinball:.3f} | {plain:.3f} | |"])


def threshold_table(score: ThresholdScore) -> str:
    """Return the score on limits in one line."""
    return (
        f"{score.case_count} limits: median relative error {score.median_relative_error:.3f}, 80 % interval holds "
        f"{100 * score.inside:.1f} ± {100 * score.inside_se:.1f} %, no answer {100 * score.no_answer:.1f} %, "
        f"false alarms {100 * score.false_alarms:.1f} %"
    )


def _series(name: str) -> dict[str, tuple[list[int], FloatArray]]:
    found: dict[str, list[tuple[str, float]]] = {}
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["series_id"], []).append((row["timestamp"], float(row["value"])))
    return {
        key: (
            np.array([at for at, _ in rows], dtype="datetime64[ms]").astype(np.int64).tolist(),
            np.array([value for _, value in rows]),
        )
        for key, rows in found.items()
    }


def _cuts(count: int, horizon: int, season: int, *, earlier: bool) -> list[int]:
    visible = count - horizon
    if not earlier:
        return [visible]
    least = max(int(_LEAST_LEARNT * visible), 2 * season + 2)
    return [visible - back * horizon for back in range(1, _EARLIER + 1) if visible - back * horizon >= least]


def _threshold_case(row: dict[str, str], series: dict[str, tuple[list[int], FloatArray]]) -> ThresholdCase:
    times_ms, values = series[row["series_id"]]
    count = int(row["n_history"])
    history = History(STEPS[row["freq"]], times_ms[count - 1], values[:count])
    return ThresholdCase(
        row["case_id"], history, float(row["threshold"]), int(row["crossing_step"]), int(row["horizon"])
    )


def _pinball(ahead: FloatArray, rows: Rows) -> float:
    losses = [
        np.maximum(share * (ahead - made), (share - 1) * (ahead - made)).mean()
        for share, made in zip(QUANTILES, (rows.low, rows.middle, rows.high), strict=True)
    ]
    return 2 * float(np.mean(losses))


def _means(scores: Sequence[Score]) -> tuple[float, float, float, float, float]:
    error, naive, pinball, naive_pinball, plain, coverage = (
        float(np.mean([getattr(score, name) for score in scores]))
        for name in ("error", "naive_error", "pinball", "naive_pinball", "plain_pinball", "coverage")
    )
    return error, error / naive, pinball / naive_pinball, pinball / plain, coverage


def main(wanted: Sequence[str]) -> None:
    """Print the tables asked for, all by default."""
    for what in wanted or ("latest", "earlier", "thresholds"):
        if what == "thresholds":
            print(threshold_table(threshold_score(our_crossing, threshold_cases())))
            for share in (0.6, 0.75):
                score = threshold_score(our_crossing, earlier_threshold_cases(share))
                print(f"from {100 * share:.0f} % of the visible part:", threshold_table(score))
        else:
            print(what, table(set_scores(ours, earlier=what == "earlier")), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
