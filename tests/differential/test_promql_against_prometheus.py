"""The evaluator against its oracle: real Prometheus with the same samples, answer by answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from sre.core.series import Grid
from tests.differential.grammar import Grammar
from tests.differential.oracle import (
    Ours,
    Outcome,
    Prometheus,
    difference,
    expanded,
    is_sorting,
    order_difference,
    written_queries,
)
from tests.differential.workload import START_MS, workload
from tests.support.memory_store import MemoryStore
from tests.support.openmetrics_file import written
from tests.support.real_prometheus import running_prometheus

pytestmark = pytest.mark.real_prometheus

HOUR_MS = 3_600_000
# One inside the data, one that begins before it and ends after it, one off the beat of every scrape.
GRIDS = {
    "minutes": Grid(START_MS + 2 * HOUR_MS, 60_000, 61),
    "overhanging": Grid(START_MS - HOUR_MS // 2, 900_000, 28),
    "offbeat": Grid(START_MS + 5_000_123, 37_000, 50),
}
# The share of queries asked at each: all off the beat, a part on a scrape's full second and after the end.
INSTANTS_MS = {START_MS + 3 * HOUR_MS + 777: 1, START_MS + 5 * HOUR_MS: 3, START_MS + 6 * HOUR_MS + 60_000: 5}
WRITTEN = tuple(dict.fromkeys(written_queries(Path(__file__).with_name("queries.txt"))))
GRAMMAR_SEED = 7
RANDOM = tuple(dict.fromkeys(Grammar(GRAMMAR_SEED).queries(500)))
# Range vectors and strings have an answer at one instant only.
INSTANT_ONLY = tuple(
    query
    for line in (
        "requests_total[<<1m|5m>>]",
        "special[2m] offset 3m",
        "temperature_celsius[5m] @ end()",
        "temperature_celsius[5m:<<1m|47s|>>]",
        "rate(requests_total[5m])[20m:3m] offset 7m",
        "nothing_here[5m]",
        '"some text"',
    )
    for query in expanded(line)
)
# What Prometheus itself calls wrong; the evaluator has to, too.
WRONG = (
    "requests_total[5m]",
    '"text"',
    "rate(requests_total)",
    "sum(",
    "requests_total{",
    "requests_total{code=~'('}",
    "{}",
    '{job=~".*"}',
    "nothing_here offset",
    "1 == 1",
    "1 and 2",
    "unknown_function(requests_total)",
    "sum by (job requests_total)",
    "requests_total + on(job) requests_total",
    "topk(NaN, temperature_celsius)",
    'count_values("0", temperature_celsius)',
)


@dataclass(frozen=True)
class Sides:
    prometheus: Prometheus
    ours: Ours


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    series = workload()
    path = tmp_path_factory.mktemp("differential") / "workload.om"
    written(series, path)
    with (
        running_prometheus(openmetrics_path=path) as base_url,
        httpx.Client(base_url=base_url, timeout=60.0, trust_env=False) as client,
    ):
        yield Sides(Prometheus(client), Ours(MemoryStore(series)))


def differences(sides: Sides, queries: Sequence[str], grid: Grid) -> list[str]:
    found = (
        (query, difference(sides.prometheus.range(query, grid), sides.ours.range(query, grid))) for query in queries
    )
    return [f"{query}: {words}" for query, words in found if words]


def instant_differences(sides: Sides, queries: Sequence[str], at_ms: int) -> list[str]:
    found = []
    for query in queries:
        wanted, got = sides.prometheus.instant(query, at_ms), sides.ours.instant(query, at_ms)
        words = difference(wanted, got) or (order_difference(wanted, got) if is_sorting(query) else "")
        found += [f"{query}: {words}"] if words else []
    return found


def test_the_written_grid_is_large_enough() -> None:
    """Source: the issue asks for hundreds of queries; 500 is the least."""
    assert len(WRITTEN) >= 1000
    assert len(RANDOM) >= 450


@pytest.mark.parametrize("name", GRIDS)
def test_written_queries_agree_over_time(sides: Sides, name: str) -> None:
    """Source: Prometheus 2.42 itself, same series, same gaps, values to 1e-9 relative."""
    assert differences(sides, WRITTEN, GRIDS[name]) == []


@pytest.mark.parametrize("name", GRIDS)
def test_random_queries_agree_over_time(sides: Sides, name: str) -> None:
    """Source: Prometheus 2.42 itself, on expressions from a seeded grammar."""
    assert differences(sides, RANDOM, GRIDS[name]) == []


@pytest.mark.parametrize("at_ms", INSTANTS_MS)
def test_queries_agree_at_one_instant(sides: Sides, at_ms: int) -> None:
    """Source: Prometheus 2.42 itself; also the order of sort and topk, and range vectors."""
    every = INSTANTS_MS[at_ms]
    assert instant_differences(sides, (*WRITTEN[::every], *RANDOM[:: 5 * every], *INSTANT_ONLY), at_ms) == []


def test_what_prometheus_calls_wrong_is_wrong_here(sides: Sides) -> None:
    """Source: Prometheus 2.42 itself; the class of error has to agree, the words are ours."""
    grid = GRIDS["minutes"]
    verdicts = {
        query: (sides.prometheus.range(query, grid).error, sides.ours.range(query, grid).error) for query in WRONG
    }
    assert verdicts == dict.fromkeys(WRONG, ("wrong", "wrong"))


def test_most_answers_hold_points(sides: Sides) -> None:
    """Our choice: a comparison of empty answers proves little, so at least two in three written queries have points."""
    full = sum(bool(sides.ours.range(query, GRIDS["minutes"]).points) for query in WRITTEN)
    assert full > 2 / 3 * len(WRITTEN)


def test_the_comparison_sees_a_small_error() -> None:
    """Our choice: the comparison itself has to fail at 1e-8, at a missing step and at a missing series."""
    truth = Outcome(kind="matrix", points={"a": [(0, 1.0), (1, 2.0)]})  # type: ignore[dict-item]
    for other in ({"a": [(0, 1.0), (1, 2.0 + 2e-8)]}, {"a": [(0, 1.0)]}, {}):
        assert difference(truth, Outcome(kind="matrix", points=other)) != ""  # type: ignore[arg-type]
    assert difference(truth, truth) == ""
