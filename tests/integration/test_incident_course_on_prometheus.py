"""`build_timeline`, `assess_severity` and `draft_status_update` on a real Prometheus and a real Alertmanager.

*Our choice* of the world: cart, scraped every 15 s, with six hours of history. A version goes live, five minutes later
six requests of ten fail for 25 minutes, an alert fires in between, and the former version ends it.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest
from mcp.client import Client

from connectors.alertmanager import AlertmanagerClient
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from sre.core.labels import Labels
from sre.core.series import Samples
from sre.core.times import epoch_ms, format_instant, parse_instant
from tests.support.hand_built import END_MS
from tests.support.mcp import FixedClock, answer_of, deps_with, tool_client
from tests.support.openmetrics_file import written
from tests.support.real_alertmanager import running_alertmanager
from tests.support.real_prometheus import running_prometheus

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]

NOW = FixedClock().at
SPACING_SECONDS = 15
STEPS = 6 * 3600 // SPACING_SECONDS
TIMES = END_MS - 1000 * SPACING_SECONDS * np.arange(STEPS - 1, -1, -1, dtype=np.int64)
DEPLOYED, FAILING, ALERTING = (NOW - timedelta(minutes=minutes) for minutes in (50, 45, 42))
OVER, QUIET = (NOW - timedelta(minutes=minutes) for minutes in (20, 17))
ALERT = {"alertname": "CartFails", "service": "cart", "severity": "page"}
PER_STEP = 150.0
NEAR = timedelta(seconds=2 * SPACING_SECONDS)


def at(text: str) -> datetime:
    return parse_instant(text, now=NOW).at


def during(start: datetime, end: datetime) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Steps whose last 15 s lie in a time."""
    return (epoch_ms(start) < TIMES) & (epoch_ms(end) >= TIMES)


def series(name: str, values: np.ndarray[tuple[int], np.dtype[np.float64]], **labels: str) -> Samples:
    known = np.isfinite(values)
    return Samples(Labels({"__name__": name, **labels}), TIMES[known], values[known])


def world() -> list[Samples]:
    failed = np.where(during(FAILING, OVER), 0.6 * PER_STEP, 0.0)
    is_new = during(DEPLOYED, OVER)
    since = np.where(epoch_ms(OVER) < TIMES, OVER.timestamp() + 5, DEPLOYED.timestamp() + 5)
    started = np.where(epoch_ms(DEPLOYED) >= TIMES, NOW.timestamp() - 90_000, since)
    firing = np.where(during(ALERTING, QUIET), 1.0, np.nan)
    pod = {"service": "cart", "pod": "cart-0", "instance": "10.0.0.7:80"}
    return [
        series("http_requests_total", np.cumsum(PER_STEP - failed), code="200", **pod),
        series("http_requests_total", np.cumsum(failed), code="500", **pod),
        series("build_info", np.where(is_new, np.nan, 1.0), version="v1.9.0", **pod),
        series("build_info", np.where(is_new, 1.0, np.nan), version="v2.0.0", **pod),
        series("process_start_time_seconds", started, **pod),
        series("ALERTS", firing, alertstate="firing", **ALERT),
    ]


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    path = tmp_path_factory.mktemp("samples") / "cart.om"
    written(world(), path)
    with running_alertmanager() as manager, running_prometheus(openmetrics_path=path) as prometheus:
        # It forgets what has ended, so the alert ends long after the test.
        alert = {"labels": ALERT, "startsAt": format_instant(ALERTING), "endsAt": format_instant(_in_a_day())}
        httpx.post(f"{manager}/api/v2/alerts", json=[alert], timeout=10.0, trust_env=False).raise_for_status()
        yield prometheus, manager


def _in_a_day() -> datetime:
    return datetime.now(tz=UTC) + timedelta(days=1)


@pytest.fixture
async def client(urls: tuple[str, str]) -> AsyncIterator[Client]:
    source, manager = PrometheusClient(Endpoint(urls[0])), AlertmanagerClient(Endpoint(urls[1]))
    async with tool_client(deps_with(source, alert_source=manager)) as connected:
        yield connected


async def test_the_course_of_the_incident_is_told_at_its_true_times(client: Client) -> None:
    answer = await answer_of(
        client, "build_timeline", start=format_instant(FAILING), end=format_instant(OVER), services=["cart"]
    )
    (deploy, back) = (event for event in answer["events"] if event["kind"] == "deploy")
    found: dict[str, dict[str, Any]] = {event["kind"]: event for event in reversed(answer["events"])}
    assert at(deploy["at"]) == DEPLOYED + timedelta(seconds=5)
    assert at(back["at"]) == OVER + timedelta(seconds=5)
    assert abs(at(found["deviation"]["at"]) - FAILING) <= NEAR
    assert abs(at(found["recovery"]["at"]) - OVER) <= NEAR
    assert abs(at(found["firing"]["at"]) - ALERTING) <= NEAR
    assert {shows["system"] for shows in found["firing"]["evidence"]} == {"prometheus", "alertmanager"}
    assert "replayed" not in found["firing"]["text"]
    took = {row["name"]: row["minutes"] for row in answer["delays"]}
    assert took["to alert"] == pytest.approx(3, abs=0.6)
    assert took["to recover"] == pytest.approx(25, abs=1)
    assert {row["system"]: row["status"] for row in answer["asked"]} == {
        "prometheus": "answered",
        "alertmanager": "answered",
        "Grafana": "not_asked",
        "PagerDuty": "not_asked",
    }


async def test_the_severity_is_that_of_the_harm_measured_then(client: Client) -> None:
    answer = await answer_of(
        client,
        "assess_severity",
        services=["cart"],
        facts={"core": True, "started_at": format_instant(FAILING)},
        at=format_instant(NOW - timedelta(minutes=30)),
    )
    assert (answer["severity"], answer["is_sure"]) == ("P0", True)
    (cart,) = answer["services"]
    assert cart["failing_ratio"] == pytest.approx(0.6, abs=0.01)
    # Fifteen minutes at 600 requests a minute, six of ten failing.
    assert cart["requests"] == pytest.approx(9000, rel=0.02)
    assert cart["failed_requests"] == pytest.approx(5400, rel=0.02)


async def test_customers_read_what_they_feel_and_no_name_of_the_system(client: Client) -> None:
    facts = {
        "severity": "P0",
        "services": ["cart"],
        "function": "ordering",
        "started_at": format_instant(FAILING),
        "impact": "Orders cannot be placed. The pod cart-0 fails since v2.0.0.",
    }
    when = format_instant(NOW - timedelta(minutes=30))
    answer = await answer_of(client, "draft_status_update", audience="customer", facts=facts, at=when)
    assert answer["text"] == (
        "We are investigating a problem with ordering. Since 11:15 UTC most requests fail. Orders cannot be placed.\n"
        "Next update by 12:00 UTC."
    )
