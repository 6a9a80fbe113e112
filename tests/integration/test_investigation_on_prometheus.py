"""`investigate_incident` on a real Prometheus: ten thousand series with a planted fault, and the demo's incident.

*Our choice* of the planted world: forty services that all look alike, in each 250 series of requests, durations and gauges. In
one of them a queue grows and requests become slow; three services that call it become slow after it, and fail.
"""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from connectors.demo.world import build_world
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from sre.core.labels import Labels
from sre.core.series import Samples
from sre.core.times import epoch_ms, format_instant, instant_from_ms
from tests.support.hand_built import END_MS
from tests.support.mcp import answer_of, deps_with, tool_client
from tests.support.openmetrics_file import between, written
from tests.support.real_prometheus import running_prometheus

pytestmark = pytest.mark.anyio

SERVICES = [f"svc-{number:02d}" for number in range(40)]
CULPRIT, CALLERS = "svc-17", ("svc-03", "svc-08", "svc-29")
GAUGES = 30
PODS, ROUTES = 5, 5
EVERY_MS = 120_000
STEPS = 120
FAULT_STEP = STEPS - 12
START_MS = END_MS - EVERY_MS * (STEPS - 1)
TIMES = START_MS + EVERY_MS * np.arange(STEPS, dtype=np.int64)
Values = NDArray[np.float64]


def world() -> list[Samples]:
    """The samples of all services, 10,000 series and the edges of a service graph."""
    random = np.random.default_rng(7)
    found = [one for service in SERVICES for one in service_series(service, random)]
    found += [
        Samples(
            Labels(
                {"__name__": "traces_service_graph_request_total", "client": caller, "server": CULPRIT, "job": "tempo"}
            ),
            TIMES,
            np.cumsum(np.full(STEPS, 600.0)),
        )
        for caller in CALLERS
    ]
    return found


def service_series(service: str, random: np.random.Generator) -> list[Samples]:
    slow = slowness(service)
    found = []
    for pod in range(PODS):
        own = {"service": service, "job": service, "pod": f"{service}-{pod}", "instance": f"{service}-{pod}:80"}
        for route in range(ROUTES):
            labels = {**own, "route": f"/r{route}"}
            counts = random.poisson(300, STEPS).astype(np.float64)
            failing = np.where(slow > 1, 0.1 if service in CALLERS else 0.0, 0.0)
            bad = np.round(counts * failing)
            seconds = counts * 0.1 * slow * random.normal(1, 0.03, STEPS)
            found += [
                counter("http_requests_total", counts - bad, {**labels, "code": "200"}),
                counter("http_requests_total", bad, {**labels, "code": "500"}),
                counter("http_request_duration_seconds_count", counts, labels),
                counter("http_request_duration_seconds_sum", seconds, labels),
            ]
        for number in range(GAUGES):
            level = random.normal(50, 3, STEPS)
            if service == CULPRIT and number == 0:
                level += np.where(np.arange(STEPS) >= FAULT_STEP - 1, 400.0, 0.0)
            values = np.round(level, 2).astype(np.float64)
            found.append(Samples(Labels({**own, "__name__": gauge_name(number)}), TIMES, values))
    return found


def gauge_name(number: int) -> str:
    return f"work_queue_{number}_waiting"


def slowness(service: str) -> Values:
    """How many times slower than usual: the culprit first, its callers one step later."""
    steps = np.arange(STEPS)
    if service == CULPRIT:
        return np.where(steps >= FAULT_STEP, 8.0, 1.0)
    return np.where(steps >= FAULT_STEP + 1, 3.0, 1.0) if service in CALLERS else np.ones(STEPS)


def counter(name: str, growth: Values, labels: dict[str, str]) -> Samples:
    total: Values = np.cumsum(growth)
    return Samples(Labels({**labels, "__name__": name}), TIMES, total.round(3))


async def test_a_planted_fault_is_found_among_ten_thousand_series(tmp_path: Path) -> None:
    """The deadline of the tool is the bound on its time: what is not read by then would stand in left_out."""
    samples = world()
    assert len(samples) >= 10_000
    written(samples, tmp_path / "world.om")
    with running_prometheus(openmetrics_path=tmp_path / "world.om") as base_url:
        source = PrometheusClient(Endpoint(base_url, timeout_seconds=30), name="prod")
        async with tool_client(deps_with(source)) as client:
            answer = await answer_of(
                client,
                "investigate_incident",
                start=format_instant(instant_from_ms(int(TIMES[FAULT_STEP]))),
                end=format_instant(instant_from_ms(END_MS)),
                service=CALLERS[0],
            )
    assert answer["verdict"] == "suspect_found"
    assert answer["services"][0]["service"] == CULPRIT
    assert answer["scanned"]["source_series"] >= 10_000
    assert answer["scanned"]["call_edges"] == len(CALLERS)
    assert not [note for note in answer["left_out"] if "Not read" in note or "Not scanned" in note]
    by_metric = {row["metric"] for row in answer["suspects"] if row["service"] == CULPRIT}
    assert gauge_name(0) in by_metric


async def test_the_demos_incident_is_found_on_prometheus_as_in_memory(tmp_path: Path) -> None:
    """Prometheus keeps no metadata of what was backfilled: types are told from names and from how values move."""
    world = build_world(42)
    incident = world.truth.incident
    first_ms, last_ms = (
        epoch_ms(at) for at in (incident.start - timedelta(hours=6), incident.end + timedelta(minutes=5))
    )
    written([part for one in world.samples if (part := between(one, first_ms, last_ms + 1))], tmp_path / "demo.om")
    with running_prometheus(openmetrics_path=tmp_path / "demo.om") as base_url:
        source = PrometheusClient(Endpoint(base_url, timeout_seconds=30), name="prod")
        async with tool_client(deps_with(source)) as client:
            answer = await answer_of(
                client,
                "investigate_incident",
                start=format_instant(incident.start),
                end=format_instant(incident.end),
            )
    assert answer["verdict"] == "suspect_found"
    assert answer["services"][0]["service"] == incident.service
    assert incident.version in answer["services"][0]["change"]
    (pool,) = (row for row in answer["suspects"] if row["metric"] == "db_pool_connections_in_use")
    assert pool["during"] == pool["limit"] == incident.pool_size
    assert answer["window"]["step_seconds"] == 60
