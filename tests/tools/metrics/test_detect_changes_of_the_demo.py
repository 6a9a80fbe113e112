"""`detect_changes` on the demo world: what happened is written beside the data (docs/concepts/demo-world.md)."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from connectors.demo import DemoSource
from connectors.demo.schedule import CHECKOUT_ROLLBACK, DEPLOYS, EXPORTER_OUTAGE, LEAKY_CHECKOUT, SLOW_CATALOG, WINDOW
from sre.core.times import epoch_ms
from tests.support.mcp import answer_of, deps_with, tool_client
from tools.deploys import read_deploys

pytestmark = pytest.mark.anyio

P95 = "histogram_quantile(0.95, sum by (le, service) (rate(http_request_duration_seconds_bucket{SELECTOR}[5m])))"
REQUESTS = "sum by (service) (rate(http_requests_total[5m]))"
FAILURES = (
    'sum by (service) (rate(http_requests_total{code=~"5.."}[5m])) / sum by (service) (rate(http_requests_total[5m]))'
)


@cache
def source() -> DemoSource:
    return DemoSource()


async def told(query: str, **arguments: Any) -> dict[str, Any]:
    async with tool_client(deps_with(source())) as client:
        return await answer_of(client, "detect_changes", query=query, **arguments)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def p95(service: str) -> str:
    return P95.replace("SELECTOR", f'service="{service}"')


async def test_the_slow_release_of_catalog_is_found_with_its_deploy() -> None:
    """Slower bit by bit from 10:20 on, by two fifths from 11:05: 183 ms before, 247 ms after, as the histogram has it."""
    answer = await told(p95("catalog"))
    (change,) = answer["changes"]
    assert (change["direction"], change["before"], change["after"]) == (
        "up",
        pytest.approx(0.183, abs=0.003),
        pytest.approx(0.247, abs=0.003),
    )
    assert at(change["earliest"]) - timedelta(minutes=1) <= SLOW_CATALOG.at <= at(change["latest"])
    assert abs(at(change["at"]) - SLOW_CATALOG.at) <= timedelta(minutes=10)
    assert abs(at(change["full_at"]) - SLOW_CATALOG.at - timedelta(minutes=45)) <= timedelta(minutes=10)
    assert (change["deploy"]["service"], change["deploy"]["version"]) == ("catalog", "v3.3.0")
    assert change["deploy"]["is_own_service"]
    assert answer["anomalies"] == []
    assert "+3" in answer["summary"]


async def test_the_incident_of_checkout_lies_between_its_deploy_and_the_rollback() -> None:
    answer = await told(FAILURES)
    assert answer["changes"] == []
    odd = answer["anomalies"][0]
    assert LEAKY_CHECKOUT.at <= at(odd["start"]) <= LEAKY_CHECKOUT.at + timedelta(minutes=12)
    assert abs(at(odd["end"]) - CHECKOUT_ROLLBACK.at) <= timedelta(minutes=5)
    assert (odd["deploy"]["service"], odd["deploy"]["version"]) == ("checkout", "v2.4.0")
    assert (odd["ended_by"]["kind"], odd["ended_by"]["version"]) == ("return", "v2.3.2")
    # Nothing else of the two weeks is a failure that stands out.
    assert all(abs(at(row["start"]) - at(odd["start"])) <= timedelta(minutes=10) for row in answer["anomalies"])


@pytest.mark.parametrize("start", ["now-7d", "now-14d"])
async def test_the_traffic_of_a_week_is_no_change(start: str) -> None:
    answer = await told(REQUESTS, start=start)
    assert answer["changes"] == []
    assert answer["seasons"] == ["daily", "weekly"]


@pytest.mark.parametrize("service", ["web", "checkout"])
async def test_other_services_did_not_become_slower_for_good(service: str) -> None:
    answer = await told(p95(service), start="now-3d")
    assert answer["changes"] == []


async def test_quiet_services_are_quiet() -> None:
    query = P95.replace("http_request_duration", "http_server_request_duration").replace("{SELECTOR}", "")
    answer = await told(query)
    assert answer["series_searched"] == 1
    assert answer["changes"] == []


async def test_a_gap_of_an_exporter_is_no_change() -> None:
    answer = await told("pg_stat_activity_count", start="now-3d")
    assert answer["changes"] == []


async def test_the_exporter_that_could_not_be_reached_is_told() -> None:
    """From 03:12 to 03:18 on 31 October: shorter than the step of the first look."""
    answer = await told("up")
    (odd,) = answer["anomalies"]
    start, end = EXPORTER_OUTAGE
    assert start - timedelta(minutes=10) <= at(odd["start"]) <= end
    assert start <= at(odd["end"]) <= end + timedelta(minutes=10)
    assert "postgres" in odd["labels"]["job"]
    assert odd["deploy_note"] == "no deploy within 1 h before"


async def test_all_deploys_are_known_to_the_minute() -> None:
    known = await read_deploys(source(), WINDOW)
    found = [one for one in known.deploys if one.kind != "restart"]
    assert [(one.service, one.after) for one in found] == [(deploy.service, deploy.version) for deploy in DEPLOYS]
    for one, deploy in zip(found, DEPLOYS, strict=True):
        assert abs(one.at_ms - epoch_ms(deploy.at)) < 60_000
