"""`detect_changes` on a real Prometheus that holds two weeks of the demo's catalog and checkout, minute by minute."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.demo.schedule import CHECKOUT_ROLLBACK, END, LEAKY_CHECKOUT, SLOW_CATALOG, START
from connectors.demo.world import build_world
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from sre.core.series import Samples
from tests.support.mcp import FixedClock, answer_of, deps_with, tool_client
from tests.support.openmetrics_file import written_in_parts
from tests.support.real_prometheus import running_prometheus

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]


# One pod and one route of each are enough, and load in seconds.
HANDLERS = {"catalog": "/items", "checkout": "/orders"}
OF_PROCESSES = ("build_info", "process_start_time_seconds")


def is_needed(one: Samples) -> bool:
    labels = one.labels
    service = labels.get("service", "")
    if service not in HANDLERS or labels.get("pod") != f"{service}-0":
        return False
    if labels.metric == "http_request_duration_seconds_bucket":
        return service == "catalog" and labels["handler"] == "/items"
    is_requests = labels.metric == "http_requests_total" and labels["handler"] == HANDLERS[service]
    return is_requests or labels.metric in OF_PROCESSES


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, samples = tmp_path_factory.mktemp("demo"), [one for one in build_world().samples if is_needed(one)]
    paths = written_in_parts(samples, folder, first=START, last=END)
    with running_prometheus(openmetrics_path=paths) as base_url:
        yield base_url


async def found(url: str, query: str, **arguments: object) -> dict:
    source = PrometheusClient(Endpoint(url, timeout_seconds=30), name="prod")
    async with tool_client(deps_with(source, clock=FixedClock(END))) as client:
        return await answer_of(client, "detect_changes", query=query, **arguments)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


async def test_the_slow_release_is_found_with_its_deploy(url: str) -> None:
    """The release is slower bit by bit from its start on, and by two fifths 45 minutes later."""
    query = (
        "histogram_quantile(0.5, sum by (le, service) "
        '(rate(http_request_duration_seconds_bucket{service="catalog"}[5m])))'
    )
    answer = await found(url, query)
    (change,) = answer["changes"]
    assert change["direction"] == "up"
    assert change["ratio"] == pytest.approx(1.4, abs=0.1)
    assert instant(change["earliest"]) <= SLOW_CATALOG.at + timedelta(minutes=2)
    assert abs(instant(change["at"]) - SLOW_CATALOG.at) <= timedelta(minutes=15)
    assert (change["deploy"]["service"], change["deploy"]["version"]) == ("catalog", "v3.3.0")
    assert '"catalog" "v3.3.0" went live' in answer["summary"]


async def test_the_incident_is_an_anomaly_between_deploy_and_rollback(url: str) -> None:
    query = (
        'sum(rate(http_requests_total{service="checkout", code=~"5.."}[5m])) by (service) '
        '/ sum(rate(http_requests_total{service="checkout"}[5m])) by (service)'
    )
    answer = await found(url, query)
    assert answer["changes"] == []
    (odd,) = answer["anomalies"]
    assert LEAKY_CHECKOUT.at <= instant(odd["start"]) <= LEAKY_CHECKOUT.at + timedelta(minutes=15)
    assert abs(instant(odd["end"]) - CHECKOUT_ROLLBACK.at) <= timedelta(minutes=8)
    assert (odd["deploy"]["service"], odd["deploy"]["version"]) == ("checkout", "v2.4.0")
    assert (odd["ended_by"]["kind"], odd["ended_by"]["version"]) == ("return", "v2.3.2")


async def test_weekly_traffic_is_no_change(url: str) -> None:
    answer = await found(url, 'http_requests_total{service="catalog", code="200"}')
    assert answer["changes"] == []
    assert answer["queries"][0]["query"].startswith("rate(")
