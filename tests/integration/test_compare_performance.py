"""`compare_performance` on a real Prometheus that holds the demo's catalog and checkout around the slow deploy."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors.demo.schedule import LEAKY_CHECKOUT, SLOW_CATALOG
from connectors.demo.world import build_world
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from sre.core.series import Samples
from tests.support.mcp import FixedClock, answer_of, deps_with, tool_client
from tests.support.openmetrics_file import written_in_parts
from tests.support.real_prometheus import running_prometheus

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]

FIRST, LAST = datetime(2026, 10, 21, tzinfo=UTC), datetime(2026, 10, 29, 18, tzinfo=UTC)
# One pod and one route of each are enough, and load in seconds.
HANDLERS = {"catalog": "/items", "checkout": "/orders"}
OF_SERVICES = ("http_request_duration_seconds_bucket", "http_requests_total")
OF_PROCESSES = ("build_info", "process_start_time_seconds")


def is_needed(one: Samples) -> bool:
    labels = one.labels
    service = labels.get("service", "")
    if service not in HANDLERS or labels.get("pod") != f"{service}-0":
        return False
    is_main = labels.metric in OF_SERVICES and labels["handler"] == HANDLERS[service]
    return is_main or labels.metric in OF_PROCESSES


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, samples = tmp_path_factory.mktemp("demo"), [one for one in build_world().samples if is_needed(one)]
    paths = written_in_parts(samples, folder, first=FIRST, last=LAST)
    with running_prometheus(openmetrics_path=paths) as base_url:
        yield base_url


async def compared(url: str, **arguments: object) -> dict:
    source = PrometheusClient(Endpoint(url, timeout_seconds=30), name="prod")
    async with tool_client(deps_with(source, clock=FixedClock(LAST))) as client:
        return await answer_of(client, "compare_performance", **arguments)


async def test_the_slow_deploy_is_a_regression_of_the_true_size(url: str) -> None:
    """Source: docs/concepts/demo-world.md: two fifths slower; nothing fails."""
    answer = await compared(url, service="catalog", change_at=SLOW_CATALOG.at.isoformat())
    found = {one["metric"]: one for one in answer["metrics"]}
    assert answer["verdict"] == "regression"
    assert found["latency p50"]["effect_ratio"] == pytest.approx(0.4, abs=0.05)
    assert found["latency p95"]["verdict"] == "regression"
    assert found["error ratio"]["verdict"] == found["throughput"]["verdict"] == "no_change"
    assert "earlier days" in found["latency p95"]["method"]
    assert any("v3.3.0" in text for text in answer["deploys"])


async def test_another_service_is_unchanged_on_that_day(url: str) -> None:
    answer = await compared(url, service="checkout", change_at=SLOW_CATALOG.at.isoformat())
    assert answer["verdict"] == "no_change"


async def test_the_outage_is_seen_from_a_query(url: str) -> None:
    query = (
        'sum(rate(http_requests_total{service="checkout",code=~"5.."}[5m]))'
        ' / sum(rate(http_requests_total{service="checkout"}[5m]))'
    )
    answer = await compared(
        url, query=query, change_at=LEAKY_CHECKOUT.at.isoformat(), window="40m", metric="error ratio"
    )
    assert answer["verdict"] == "regression"
    assert answer["metrics"][0]["unit"] == "ratio"
