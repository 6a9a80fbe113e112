"""Forecasts of real series beside statsforecast, prophet and a straight line, each over the seasonal naive.

    python -m bench.forecasts [earlier]

Every method sees the same history and forecasts the same last points (`forecast_scores.py` says how that is judged);
with `earlier` those after up to five earlier origins of each series, which takes half an hour.
The limits are a sample: the libraries need seconds for each. Where a library fails on a series, the seasonal naive
stands in for it. The data lie beside the repository (README there); without them there is nothing to measure.
"""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.forecast_peers import PROPHET, STATSFORECAST, Answer, answers, crossing_of
from bench.forecast_scores import (
    FOLDER,
    SETS,
    Case,
    Crossing,
    Rows,
    SetScore,
    ThresholdCase,
    ThresholdScore,
    cases,
    geometric_mean,
    our_crossing,
    ours,
    scored,
    seasonal_naive,
    summarised,
    threshold_cases,
    threshold_score,
)
from bench.row import Row, table

OURS, LINE = "ours", "straight line (predict_linear)"
# What is aimed at.
MOST_ERROR, MOST_PINBALL, MOST_OPERATIONS_ERROR = 0.64, 0.58, 0.95
LEAST_HELD, MOST_HELD = 0.75, 0.87
MOST_RELATIVE_ERROR, MOST_FALSE_ALARMS, MOST_WITHOUT_ANSWER = 0.28, 0.05, 0.05
# Every so many limits are asked of the libraries, and of us beside them.
SAMPLE_EVERY = 4


@dataclass(frozen=True)
class Judged:
    """One method over the sets: scores and CPU seconds of its series; `failed` counts where the naive stood in."""

    scores: Mapping[str, SetScore]
    seconds: Mapping[str, list[float]]
    failed: int = 0


@dataclass(frozen=True)
class Limits:
    """One method over the limits."""

    score: ThresholdScore
    failed: int = 0


@dataclass
class _Ran:
    """Calls a method and keeps what each series cost."""

    method: Callable[[Case], Rows]
    seconds: list[float] = field(default_factory=list)

    def __call__(self, case: Case) -> Rows:
        started = time.process_time()
        made = self.method(case)
        self.seconds.append(time.process_time() - started)
        return made


def rows(*, earlier: bool = False) -> list[Row]:
    """Return error, pinball loss and coverage by set, what a series costs, and times to limits at the latest origin."""
    if not FOLDER.is_dir():
        return []
    all_cases = {name: cases(name, earlier=earlier) for name in SETS}
    judged = {OURS: _judged_here(ours, all_cases), LINE: _judged_here(straight_line, all_cases)}
    told = answers({_key(case): (case.history, case.ahead.size) for found in all_cases.values() for case in found})
    judged |= {} if told is None else {name: _judged_there(one, all_cases) for name, one in told.items()}
    return [
        *_over_all("error", "error_ratio", judged, limit=MOST_ERROR),
        *_over_all("pinball loss", "pinball_ratio", judged, limit=MOST_PINBALL),
        *_over_all("pinball loss (the naive as all three quantiles)", "plain_pinball_ratio", judged),
        *_by_set(judged),
        *(() if earlier else _limit_rows()),
    ]


def straight_line(case: Case) -> Rows:
    """Return least squares over as much past as it looks ahead, as `predict_linear` draws, and its residuals."""
    values = case.history.values[-max(case.ahead.size, case.season) :]
    steps = np.arange(values.size)
    slope, level = np.polyfit(steps, values, 1)
    low, high = np.quantile(values - (level + slope * steps), (0.1, 0.9))
    middle = level + slope * (values.size + np.arange(case.ahead.size))
    return Rows(middle + low, middle, middle + high)


def _judged_here(method: Callable[[Case], Rows], all_cases: Mapping[str, Sequence[Case]]) -> Judged:
    method(next(iter(all_cases.values()))[0])
    ran = {name: _Ran(method) for name in all_cases}
    scores = {name: summarised([scored(one, ran[name](one)) for one in found]) for name, found in all_cases.items()}
    return Judged(scores, {name: one.seconds for name, one in ran.items()})


def _judged_there(told: Mapping[str, Answer], all_cases: Mapping[str, Sequence[Case]]) -> Judged:
    def made(case: Case) -> Rows:
        return told[_key(case)].rows or seasonal_naive(case)

    scores = {name: summarised([scored(one, made(one)) for one in found]) for name, found in all_cases.items()}
    seconds = {
        name: [told[_key(one)].seconds for one in found if told[_key(one)].rows] for name, found in all_cases.items()
    }
    return Judged(scores, seconds, sum(one.rows is None for one in told.values()))


def _key(case: Case) -> str:
    return f"{case.set_name}/{case.series_id}/{len(case.history)}"


def _over_all(what: str, figure: str, judged: Mapping[str, Judged], *, limit: float | None = None) -> list[Row]:
    means = {
        name: geometric_mean([getattr(score, figure) for score in one.scores.values()]) for name, one in judged.items()
    }
    return [
        Row(
            f"Forecast's {what} over the seasonal naive's, geometric mean over {len(SETS)} sets",
            ours=means[OURS],
            unit="ratio",
            peer=means.get(name),
            peer_name=name if name in means else f"{name} could not be installed",
            limit=limit,
            detail={
                "by set": {one.name: getattr(one, figure) for one in judged[name].scores.values()},
                "failed": judged[name].failed,
            }
            if name in judged
            else {},
        )
        for name in (STATSFORECAST, PROPHET, LINE)
    ]


def _by_set(judged: Mapping[str, Judged]) -> list[Row]:
    """Return error, coverage and seconds of each set, beside the stronger library where there is one."""
    here, there = judged[OURS], judged.get(STATSFORECAST)
    found: list[Row] = []
    for name, score in here.scores.items():
        peer = there.scores[name] if there else None
        of_set = f"{name} ({score.case_count} cases)"
        found += [
            Row(
                f"Forecast's error (MASE), {of_set}",
                ours=score.error,
                unit="number",
                peer=peer and peer.error,
                peer_name=STATSFORECAST if peer else "",
                limit=MOST_OPERATIONS_ERROR if name == "ops_5min" else None,
                detail={"standard error of its ratio to the naive": score.error_ratio_se, "ratio": score.error_ratio},
            ),
            Row(
                f"Values inside the 80 % interval, {of_set}",
                ours=score.coverage,
                unit="ratio",
                peer=peer and peer.coverage,
                peer_name=STATSFORECAST if peer else "",
                at_least=LEAST_HELD,
                limit=MOST_HELD,
                detail={"standard error": score.coverage_se},
            ),
            Row(
                f"CPU time of a forecast, median, {of_set}",
                ours=statistics.median(here.seconds[name]),
                unit="s",
                peer=statistics.median(there.seconds[name]) if there and there.seconds[name] else None,
                peer_name=STATSFORECAST if there else "",
                detail={
                    one: statistics.median(judged[one].seconds[name]) for one in judged if judged[one].seconds[name]
                },
            ),
        ]
    return found


def _limit_rows() -> list[Row]:
    """Return how the time to a limit is met: by us on all limits, and beside the libraries on a sample."""
    every = threshold_cases()
    sample = every[::SAMPLE_EVERY]
    found = _rows_of_limits(threshold_score(our_crossing, every), None, f"{len(every)} limits")
    told = answers({one.case_id: (one.history, one.horizon) for one in sample})
    for name, one in (told or {}).items():

        def crossing(case: ThresholdCase, by_case: Mapping[str, Answer] = one) -> Crossing:
            return crossing_of(by_case[case.case_id].rows, case.threshold)

        peer = (name, threshold_score(crossing, sample))
        found += _rows_of_limits(threshold_score(our_crossing, sample), peer, f"every {SAMPLE_EVERY}th of them")
    return found


def _rows_of_limits(score: ThresholdScore, peer: tuple[str, ThresholdScore] | None, over: str) -> list[Row]:
    figures: tuple[tuple[str, str, float | None, float], ...] = (
        ("relative error, median", "median_relative_error", None, MOST_RELATIVE_ERROR),
        ("true time inside the 80 % interval", "inside", LEAST_HELD, MOST_HELD),
        ("false alarms where it is never met", "false_alarms", None, MOST_FALSE_ALARMS),
        ("without an answer where it is met", "no_answer", None, MOST_WITHOUT_ANSWER),
    )
    return [
        Row(
            f"Time to a limit, {over}: {what}",
            ours=getattr(score, figure),
            unit="ratio",
            peer=getattr(peer[1], figure) if peer else None,
            peer_name=peer[0] if peer else "",
            # A sample is for the comparison; the promise is judged on all limits.
            at_least=None if peer else least,
            limit=None if peer else most,
            detail={"limits": score.case_count},
        )
        for what, figure, least, most in figures
    ]


if __name__ == "__main__":
    print(table(rows(earlier="earlier" in sys.argv[1:])))
