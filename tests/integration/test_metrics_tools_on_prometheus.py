"""The metrics room on a real Prometheus: the same samples must give the same answers as from memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.snapshot.export import write_openmetrics
from connectors.snapshot.recording import Recording
from connectors.snapshot.source import RecordedSource
from sre.core.series import Samples
from tests.support.hand_built import END_MS, series
from tests.support.mcp import answer_of, deps_with, error_of, tool_client
from tests.support.real_prometheus import running_prometheus

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]

DAYS = 8
MINUTES = DAYS * 1440


def shop() -> list[Samples]:
    """Eight days of a service whose last half hour fails, and a gauge that ended two hours ago."""
    good = [600.0 * minute - (300.0 * max(0, minute - (MINUTES - 30))) for minute in range(MINUTES + 1)]
    bad = [300.0 * max(0, minute - (MINUTES - 30)) for minute in range(MINUTES + 1)]
    restarted = [float(minute % 25) for minute in range(60)]
    labels = {"__name__": "http_requests_total", "service": "cart", "job": "cart"}
    buckets = [
        series(
            {**labels, "__name__": "http_request_duration_seconds_bucket", "le": le},
            [v * share for v in good],
            every_seconds=60,
        )
        for le, share in (("0.1", 0.5), ("0.5", 0.9), ("+Inf", 1.0))
    ]
    pods = [
        series(
            {"__name__": "queue_depth", "pod": f"p{pod}"}, [pod + minute % 7 for minute in range(241)], every_seconds=15
        )
        for pod in range(30)
    ]
    return [
        series({**labels, "code": "200"}, good, every_seconds=60),
        series({**labels, "code": "500"}, bad, every_seconds=60),
        *buckets,
        series({"__name__": "jobs_total"}, restarted, every_seconds=60),
        *pods,
        series({"__name__": "old_gauge"}, [1.0] * 100, every_seconds=60, end_ms=END_MS - 7_200_000),
    ]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path: Path = tmp_path_factory.mktemp("shop") / "shop.om"
    write_openmetrics(path, shop(), metadata={})
    with running_prometheus(openmetrics_path=path) as base_url:
        yield base_url


def in_memory() -> RecordedSource:
    # Prometheus 2 closes its windows on the left.
    return RecordedSource(name="memory", load=lambda: Recording(tuple(shop())), left_open=False)


QUERIES = [
    "queue_depth",
    "topk(3, queue_depth)",
    "sum by (code) (rate(http_requests_total[5m]))",
    "rate(http_requests_total[2m])",
    "sum(rate(jobs_total[5m]))",
    "jobs_total",
    "http_requests_total",
    "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))",
    "queue_depth > 1000",
    "queu_depth",
    'queue_depth{pod="p300"}',
    'queue_depth{pdo="p1"}',
    "1 + 1",
    '"text"',
    "queue_depth[1m]",
]


async def test_queries_answer_as_from_memory(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # A slow machine must not lose the hints that are compared.
    monkeypatch.setattr("tools.metrics.query_run._HINT_PATIENCE_SECONDS", 30.0)
    live = PrometheusClient(Endpoint(url), name="memory")
    async with tool_client(deps_with(live)) as real, tool_client(deps_with(in_memory())) as remembered:
        for query in QUERIES:
            here = await answer_of(real, "query_prometheus", query=query)
            there = await answer_of(remembered, "query_prometheus", query=query)
            assert comparable(here) == comparable(there), query


async def test_a_series_that_is_gone_is_said_to_be_stale(url: str) -> None:
    async with tool_client(deps_with(PrometheusClient(Endpoint(url)))) as client:
        answer = await answer_of(client, "query_prometheus", query="old_gauge")
    assert '"old_gauge" is stale: its last sample is of about 2026-11-02T10:0' in answer["summary"]


async def test_health_is_judged_as_from_memory(url: str) -> None:
    live = PrometheusClient(Endpoint(url), name="memory")
    async with tool_client(deps_with(live)) as real, tool_client(deps_with(in_memory())) as remembered:
        here = await answer_of(real, "check_service_health", service="cart")
        there = await answer_of(remembered, "check_service_health", service="cart")
        for name in ("card", 'x"}) or vector(1) # \\ \n [a-z', "naïve service (v2)"):
            assert await error_of(real, "check_service_health", service=name) == await error_of(
                remembered, "check_service_health", service=name
            )
    assert here == there
    assert here["verdict"] == "bad"
    # 300 of 600 requests fail in 30 of 60 minutes; the rest of the hour none does.
    assert here["signals"]["errors"]["now"] == pytest.approx(0.25, rel=0.02)


async def test_metrics_are_found_without_metadata(url: str) -> None:
    async with tool_client(deps_with(PrometheusClient(Endpoint(url)))) as client:
        answer = await answer_of(client, "find_metrics", search="latency cart")
    (row,) = answer["metrics"]
    assert (row["name"], row["type"], row["series_count"]) == ("http_request_duration_seconds", "histogram", 3)
    assert row["labels"] == ["job", "le", "service"]


async def test_a_function_we_cannot_evaluate_is_left_to_prometheus(url: str) -> None:
    async with tool_client(deps_with(PrometheusClient(Endpoint(url)))) as client:
        answer = await answer_of(client, "query_prometheus", query="sum(histogram_count(queue_depth)) or vector(1)")
    assert answer["series"][0]["last"] == 1
    assert "not checked" in " ".join(answer["warnings"])


def comparable(answer: dict) -> dict:
    """All but the note on what now means in a recording."""
    return {**answer, "warnings": [text for text in answer["warnings"] if not text.startswith("Recorded data")]}
