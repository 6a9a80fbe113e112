"""The same questions to the same samples in a real Prometheus and in memory: the tools must answer the same.

A part of the demo world (the checkout service around its incident, the database's disk) is backfilled into Prometheus.
"""

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from connectors.demo.schedule import END
from connectors.demo.world import World, build_world
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.snapshot import RecordedSource
from connectors.snapshot.export import write_openmetrics
from connectors.snapshot.recording import Recording
from sre.core.series import Samples
from sre.core.times import epoch_ms
from tests.support.mcp import FixedClock, answer_of, deps_with, tool_client
from tests.support.real_prometheus import running_prometheus

pytestmark = pytest.mark.real_prometheus

KEPT_DAYS = 4
# What differs because the source is another, not because the numbers are.
SOURCE_FIELDS = {"source", "queries", "metadata"}

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "rates by code": (
        "query_prometheus",
        {
            "query": 'sum by (code) (rate(http_requests_total{service="checkout"}[5m]))',
            "start": "2026-10-29T13:00:00Z",
            "end": "2026-10-29T16:00:00Z",
            "step": "1m",
        },
    ),
    "percentile": (
        "query_prometheus",
        {
            "query": 'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{service="checkout"}[10m])))',
            "start": "now-3d",
            "detail": "points",
        },
    ),
    "nothing": ("query_prometheus", {"query": 'http_requests_total{service="chekout"}', "step": "1m"}),
    "names": ("find_metrics", {"search": "duration"}),
    "healthy": ("check_service_health", {"service": "checkout"}),
    "budget": (
        "compute_error_budget",
        {
            "objective": 0.999,
            "window": "4d",
            "total": 'http_requests_total{service="checkout"}',
            "bad": 'http_requests_total{service="checkout",code=~"5.."}',
        },
    ),
    "disk": (
        "forecast_capacity",
        {
            "query": 'node_filesystem_avail_bytes{mountpoint="/var/lib/postgresql"}',
            "horizon": "30d",
            "threshold": 0,
            "start": "now-14d",
            "step": "2h",
        },
    ),
    "review": (
        "review_alerts",
        {
            "rules": """
groups:
  - name: checkout
    rules:
      - record: checkout:errors:ratio_rate5m
        expr: sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))
      - alert: CheckoutErrors
        expr: checkout:errors:ratio_rate5m > 0.01
        for: 2m
        labels: {severity: page}
      - alert: CheckoutSlow
        expr: >-
          histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{service="checkout"}[5m]))) > 0.2803
        labels: {severity: page}
      - alert: CheckoutGone
        expr: absent(http_requests_total{service="checkout"})
      - alert: Misspelt
        expr: increase(http_requests_total{service="chekout"}[5m]) > 5
      - alert: DiskLow
        expr: node_filesystem_avail_bytes < 200e9
""",
            "start": "now-3d",
        },
    ),
    "postmortem": (
        "draft_postmortem",
        {
            "title": "Checkout fails",
            "start": "2026-10-29T14:14:00Z",
            "end": "2026-10-29T14:54:00Z",
            "services": ["checkout"],
            "window": "4d",
        },
    ),
}


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


@pytest.fixture(scope="module")
def kept(world: World) -> list[Samples]:
    since_ms = epoch_ms(END - timedelta(days=KEPT_DAYS))
    chosen = [series for series in world.samples if _is_asked_for(series)]
    return [_part(series, 0 if "filesystem" in series.labels.metric else since_ms) for series in chosen]


def _is_asked_for(series: Samples) -> bool:
    labels = series.labels
    if labels.metric.startswith("node_filesystem"):
        return labels.get("mountpoint") == "/var/lib/postgresql"
    return labels.get("service") == "checkout" and labels.metric.startswith("http_")


def _part(series: Samples, since_ms: int) -> Samples:
    # Text cannot tell a staleness marker from NaN, so neither side gets one.
    keep = (series.timestamps_ms >= since_ms) & ~np.isnan(series.values)
    return Samples(series.labels, series.timestamps_ms[keep], series.values[keep])


@pytest.fixture(scope="module")
def prometheus_url(world: World, kept: list[Samples], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("world")
    disk = [series for series in kept if "filesystem" in series.labels.metric]
    files = {"disk.om": disk, "service.om": [series for series in kept if series not in disk]}
    for name, series in files.items():
        write_openmetrics(folder / name, series, metadata=world.metadata)
    with running_prometheus(openmetrics_path=[folder / name for name in files]) as url:
        yield url


@pytest.mark.anyio
@pytest.mark.parametrize("case", sorted(CALLS))
async def test_prometheus_and_memory_give_the_same_answer(
    case: str, prometheus_url: str, kept: list[Samples], world: World
) -> None:
    tool, arguments = CALLS[case]
    live = PrometheusClient(Endpoint(prometheus_url), name="live")
    # Debian's Prometheus is version 2, whose ranges are closed on the left; backfilling keeps no metadata.
    memory = RecordedSource(name="memory", load=lambda: Recording(kept, {}), left_open=False)
    async with tool_client(deps_with(live, memory, clock=FixedClock(END))) as client:
        said_live = await answer_of(client, tool, **arguments, source="live")
        said_memory = await answer_of(client, tool, **arguments, source="memory")
    _assert_same(_numbers(said_live), _numbers(said_memory), path=case)


def _numbers(answer: dict[str, Any]) -> dict[str, Any]:
    """Leave out prose and what names the source."""
    return {name: value for name, value in answer.items() if name not in SOURCE_FIELDS | {"warnings", "markdown"}}


def _assert_same(one: Any, other: Any, *, path: str) -> None:
    if isinstance(one, dict) and isinstance(other, dict):
        assert one.keys() == other.keys(), path
        for name in one:
            _assert_same(one[name], other[name], path=f"{path}.{name}")
    elif isinstance(one, list) and isinstance(other, list):
        assert len(one) == len(other), path
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            _assert_same(left, right, path=f"{path}[{number}]")
    elif isinstance(one, float) and isinstance(other, (int, float)):
        # Figures have four digits, so the last one may round either way.
        assert math.isclose(one, other, rel_tol=1.1e-3, abs_tol=1e-9), f"{path}: {one} and {other}"
    else:
        assert one == other, path


@pytest.mark.anyio
async def test_the_answers_of_prometheus_agree_with_the_truth_of_the_world(prometheus_url: str, world: World) -> None:
    live = PrometheusClient(Endpoint(prometheus_url), name="live")
    async with tool_client(deps_with(live, clock=FixedClock(END))) as client:
        disk = await answer_of(client, "forecast_capacity", **CALLS["disk"][1])
        postmortem = await answer_of(client, "draft_postmortem", **CALLS["postmortem"][1])
    full = world.truth.disk.full_at.timestamp()
    assert _epoch(disk["exhaustion"]["earliest"]) <= full <= _epoch(disk["exhaustion"]["latest"])
    (impact,) = postmortem["impact"]
    assert impact["failed_requests"] == pytest.approx(world.truth.incident.failed_requests, rel=0.01)


def _epoch(text: str) -> float:
    from sre.core.times import parse_instant

    return parse_instant(text, now=END).at.timestamp()
