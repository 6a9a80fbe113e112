"""The PromQL evaluator against a real Prometheus over HTTP: same queries, same samples, same run.

    python -m bench.evaluator

What is compared is what a user waits for: the answer as arrays in this process. For Prometheus that is the request,
its evaluation and the reading of its JSON; for the evaluator the evaluation. Ratios under 1 mean the evaluator is
faster. Both sides' answers are checked to have as many points.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np

from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql import EvaluationOptions, evaluate_range
from sre.core.series import FloatArray, Grid, IntArray, Samples
from tests.support.memory_store import MemoryStore
from tests.support.openmetrics_file import written
from tests.support.real_prometheus import running_prometheus

START_MS = 1_767_225_600_000
SCRAPE_MS = 15_000
HOURS = 6
INSTANCES = 100
RUNS = 5
GRID = Grid(START_MS + 2 * 3_600_000, 60_000, 241)
BUCKET_BOUNDS = ("0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")
# Prometheus 2.42 has left-closed windows, so both sides read the same samples.
OPTIONS = EvaluationOptions(left_open=False)
QUERIES = (
    "memory_bytes",
    "rate(requests_total[5m])",
    "sum by (job) (rate(requests_total[5m]))",
    'sum(rate(requests_total{code="500"}[5m])) / sum(rate(requests_total[5m]))',
    "histogram_quantile(0.95, sum by (le) (rate(latency_seconds_bucket[5m])))",
    "max_over_time(memory_bytes[1h])",
    "avg_over_time(memory_bytes[1h])",
    "stddev_over_time(memory_bytes[30m])",
    "quantile_over_time(0.95, memory_bytes[30m])",
    "predict_linear(memory_bytes[1h], 3600)",
    "topk(5, rate(requests_total[5m]))",
    "max_over_time(sum(rate(requests_total[5m]))[30m:1m])",
    "requests_total / on(instance) group_left(version) build_info",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One query; times are medians of RUNS, seconds."""

    query: str
    points: int
    prometheus_seconds: float
    evaluator_seconds: float

    @property
    def ratio(self) -> float:
        return self.evaluator_seconds / self.prometheus_seconds


def series() -> list[Samples]:
    """Return INSTANCES instances, each with counters, a gauge, a histogram and an info series."""
    rng = np.random.default_rng(1)
    times = np.arange(START_MS, START_MS + HOURS * 3_600_000, SCRAPE_MS, dtype=np.int64)
    return [one for number in range(INSTANCES) for one in _instance(rng, number, times)]


def _instance(rng: np.random.Generator, number: int, times: IntArray) -> Iterator[Samples]:
    own = {"instance": f"host-{number}:9100", "job": ("api", "web", "batch", "mail")[number % 4]}
    scraped = times + int(rng.integers(0, SCRAPE_MS))
    steps = len(times)
    values: dict[tuple[str, str, str], FloatArray] = {
        ("requests_total", "code", "200"): np.cumsum(rng.poisson(20, steps)).astype(float),
        ("requests_total", "code", "500"): np.cumsum(rng.poisson(20, steps)).astype(float),
        ("memory_bytes", "kind", ""): np.round(2e9 + np.cumsum(rng.normal(0, 1e6, steps))),
        ("build_info", "version", f"1.{number % 3}"): np.ones(steps),
    }
    if number % 10 == 0:
        buckets = np.cumsum(np.cumsum(rng.poisson(3, (steps, len(BUCKET_BOUNDS))), axis=0), axis=1)
        for column, bound in enumerate(BUCKET_BOUNDS):
            values["latency_seconds_bucket", "le", bound] = buckets[:, column].astype(float)
    for (name, label, value), column_values in values.items():
        yield Samples(Labels({METRIC_NAME: name, label: value, **own}), scraped, column_values)


def run() -> list[Row]:
    """Return one row a query."""
    data = series()
    store = MemoryStore(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.om"
        written(data, path)
        with (
            running_prometheus(openmetrics_path=path) as base_url,
            httpx.Client(base_url=base_url, timeout=60.0, trust_env=False) as client,
        ):
            return [_row(query, client, store) for query in QUERIES]


def _row(query: str, client: httpx.Client, store: MemoryStore) -> Row:
    asked, there = _timed(lambda: _prometheus_points(query, client))
    evaluated, here = _timed(lambda: evaluate_range(query, store=store, grid=GRID, options=OPTIONS).series.point_count)
    if there != here:
        raise AssertionError(f"{query}: {here} points, Prometheus has {there}")
    return Row(query, here, asked, evaluated)


def _timed(question: Callable[[], int]) -> tuple[float, int]:
    seconds, points = [], question()
    for _ in range(RUNS):
        begin = time.perf_counter()
        question()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), points


def _prometheus_points(query: str, client: httpx.Client) -> int:
    parameters = {"query": query, "start": GRID.start_ms / 1000, "end": GRID.end_ms / 1000, "step": GRID.step_ms / 1000}
    answer = client.post("/api/v1/query_range", data=parameters).raise_for_status().json()
    arrays = [np.array([float(value) for _, value in one["values"]]) for one in answer["data"]["result"]]
    return sum(map(len, arrays))


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text for a terminal."""
    lines = [f"{'query':78} {'points':>7} {'Prometheus':>11} {'evaluator':>10} {'ratio':>6}"]
    lines += [
        f"{row.query:78} {row.points:7} {row.prometheus_seconds * 1000:8.1f} ms {row.evaluator_seconds * 1000:7.1f} ms "
        f"{row.ratio:6.2f}"
        for row in rows
    ]
    lines.append(f"median ratio {statistics.median(row.ratio for row in rows):.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(run()))
