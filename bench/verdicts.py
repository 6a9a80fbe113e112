"""Verdicts on before and after: how often they are right, how often they cry wolf, and how long they take.

    python -m bench.verdicts

The data are real cloud benchmarks that were changed from a known index on, or not at all (beside the repository, README
there); without them only the time is measured. They are judged as they are, and again in blocks shuffled anew with
other deploys and effects, which tells rates of one in a hundred apart. The peer is the rank test (Mann-Whitney, normal
approximation with ties) at 5 %, whatever the size of the effect.
"""

import json
import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.row import Row, table
from sre.core.series import FloatArray
from sre.performance.model import Standard
from sre.performance.verdict import compare

FILE = (
    Path(os.environ.get("SRE_MCP_DEVELOPMENT_DATA", Path(__file__).parents[2] / "shared" / "data"))
    / "changepoints"
    / "perf_noise.json"
)
NAMES = ("regression", "improvement", "no_change")
BLOCK = 6
SHUFFLES = 5
EFFECTS = (0.03, 0.05, 0.1, 0.2, 0.5)
RUNS = 7
# The promises of the issue, the first as what macro F1 lacks of 1.
MOST_LACKING, MOST_FALSE_ALARMS = 0.055, 0.01
MOST_SECONDS, MOST_SECONDS_OF_MANY = 0.1, 0.5

Judge = Callable[["Case"], str]


@dataclass(frozen=True)
class Case:
    """A series, its deploy and what is true of it."""

    before: FloatArray
    after: FloatArray
    is_higher_worse: bool
    truth: str


@dataclass(frozen=True)
class Scores:
    """How verdicts fared."""

    macro_f1: float
    false_alarm_ratio: float
    count: int
    unchanged_count: int


def rows() -> list[Row]:
    """Return the scores beside the rank test's, and the time of a comparison."""
    found = _scored("as they are", recorded()) + _scored("shuffled anew", shuffled()) if FILE.is_file() else []
    return [*found, _timed(288, limit=MOST_SECONDS), _timed(5000, limit=MOST_SECONDS_OF_MANY)]


def ours(case: Case) -> str:
    """Return our verdict."""
    standard = Standard(bad="up" if case.is_higher_worse else "down")
    return compare(case.before, case.after, standard, is_adjoining=True).verdict


def rank_test(case: Case) -> str:
    """Return the peer's."""
    first, second = case.before.size, case.after.size
    total = first + second
    _, places, ties = np.unique(np.concatenate([case.before, case.after]), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[places]
    above = float(ranks[first:].sum()) - second * (second + 1) / 2 - first * second / 2
    variance = first * second / 12 * (total + 1 - float((ties**3 - ties).sum()) / (total * (total - 1)))
    if variance <= 0 or math.erfc(abs(above) / math.sqrt(2 * variance)) > 0.05:
        return "no_change"
    return "regression" if (above > 0) == case.is_higher_worse else "improvement"


def recorded() -> list[Case]:
    """Return the cases of the data."""
    return [
        Case(values[:cut], values[cut:], bool(one["higher_is_worse"]), str(one["truth"]))
        for one in json.loads(FILE.read_text())
        for values, cut in [(np.array(one["values"], dtype=np.float64), int(one["deploy_index"]))]
    ]


def shuffled(*, seed: int = 1, times: int = SHUFFLES) -> list[Case]:
    """Return every series without its change, in blocks shuffled anew: unchanged, and changed anew."""
    rng = np.random.default_rng(seed)
    found = []
    for one in json.loads(FILE.read_text()):
        values = np.array(one["values"], dtype=np.float64)
        if one["change_index"] is not None:
            values[int(one["change_index"]) :] /= _factor(float(one["effect"]))
        for _ in range(times):
            found += _pair(values, rng, is_higher_worse=bool(one["higher_is_worse"]))
    return found


def _pair(values: FloatArray, rng: np.random.Generator, *, is_higher_worse: bool) -> list[Case]:
    blocks = np.array_split(values, range(BLOCK, values.size, BLOCK))
    mixed = np.concatenate([blocks[index] for index in rng.permutation(len(blocks))])
    cut = int(rng.uniform(0.3, 0.8) * mixed.size)
    effect = float(rng.choice(EFFECTS) * rng.choice((-1, 1)))
    truth = "regression" if (effect > 0) == is_higher_worse else "improvement"
    return [
        Case(mixed[:cut], mixed[cut:], is_higher_worse, "no_change"),
        Case(mixed[:cut], mixed[cut:] * _factor(effect), is_higher_worse, truth),
    ]


def _factor(effect: float) -> float:
    return 1 + effect if effect > 0 else 1 / (1 - effect)


def scores(cases: Sequence[Case], judge: Judge) -> Scores:
    """Return macro F1 over the three verdicts, and the share of unchanged series called changed."""
    pairs = [(case.truth, judge(case)) for case in cases]
    parts = []
    for name in NAMES:
        right = sum(truth == said == name for truth, said in pairs)
        wrong = sum((truth == name) != (said == name) for truth, said in pairs)
        parts.append(2 * right / (2 * right + wrong))
    unchanged = [said for truth, said in pairs if truth == "no_change"]
    alarms = sum(said in ("regression", "improvement") for said in unchanged) / len(unchanged)
    return Scores(statistics.fmean(parts), alarms, len(pairs), len(unchanged))


def _scored(how: str, cases: Sequence[Case]) -> list[Row]:
    mine, peers = scores(cases, ours), scores(cases, rank_test)
    detail = {"cases": mine.count, "unchanged": mine.unchanged_count, "macro_f1": mine.macro_f1}
    return [
        Row(
            f"Verdicts on benchmarks {how}: what macro F1 lacks of 1",
            ours=1 - mine.macro_f1,
            unit="ratio",
            peer=1 - peers.macro_f1,
            peer_name="rank test at 5 %",
            limit=MOST_LACKING,
            detail=detail,
        ),
        Row(
            f"Verdicts on benchmarks {how}: unchanged series called changed",
            ours=mine.false_alarm_ratio,
            unit="ratio",
            peer=peers.false_alarm_ratio,
            peer_name="rank test at 5 %",
            limit=MOST_FALSE_ALARMS,
            detail=detail,
        ),
    ]


def _timed(count: int, *, limit: float) -> Row:
    """Return the time of one comparison of so many values on each side: of the run that neighbours disturbed least."""
    rng = np.random.default_rng(7)
    case = Case(rng.lognormal(0, 0.2, count), 1.1 * rng.lognormal(0, 0.2, count), True, "regression")
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        assert ours(case) == "regression"
        seconds.append(time.perf_counter() - started)
    return Row(
        f"{count:,} values before and after compared",
        ours=min(seconds),
        unit="s",
        limit=limit,
        detail={"seconds": seconds},
    )


if __name__ == "__main__":
    print(table(rows()))
