"""Every panel query of generated dashboards, run by a real Prometheus as Grafana would have it run."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from connectors.demo.schedule import END
from connectors.demo.world import build_world
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.snapshot.export import write_openmetrics
from sre.core.series import Samples
from sre.core.times import epoch_ms
from tests.support.mcp import FixedClock, answer_of, deps_with, tool_client
from tests.support.real_prometheus import running_prometheus

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]

SLOS = Path("connectors/demo/slos")
KEPT = timedelta(hours=8)
SERVICES = ("web", "checkout")
METRICS = {
    "http_requests_total", "http_request_duration_seconds_bucket", "http_request_duration_seconds_count", "build_info", "process_start_time_seconds", "up",
    "db_pool_connections_in_use", "db_pool_connections_max", "container_memory_working_set_bytes",
    "kube_pod_container_resource_limits", "container_cpu_usage_seconds_total",
}  # fmt: skip


def _kept(series: Samples) -> Samples:
    # Text cannot tell a staleness marker from NaN.
    inside = (series.timestamps_ms >= epoch_ms(END - KEPT)) & ~np.isnan(series.values)
    return Samples(series.labels, series.timestamps_ms[inside], series.values[inside])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    world = build_world()
    named = [one for one in world.samples if one.labels.metric in METRICS]
    wanted = [one for one in named if one.labels.get("service", one.labels.get("container", "")) in SERVICES]
    file = tmp_path_factory.mktemp("shop") / "shop.om"
    write_openmetrics(file, [_kept(one) for one in wanted], metadata=world.metadata)
    with running_prometheus(openmetrics_path=file) as base_url:
        yield base_url


@pytest.mark.parametrize(
    "arguments",
    [
        {"service": "checkout"},
        {"service": "web"},
        {"slo": "checkout-availability"},
        {"slo": "checkout-latency"},
        {"slo": "web-pages"},
        {"slo": "web-availability"},
    ],
    ids=lambda arguments: next(iter(arguments.values())),
)
async def test_every_panel_shows_data_at_a_real_prometheus(url: str, tmp_path: Path, arguments: dict[str, Any]) -> None:
    """Source: issue 3: every panel query run against the source; 2.42 has the last word on what it accepts."""
    source = PrometheusClient(Endpoint(url))
    deps = deps_with(source, clock=FixedClock(END), slo_folder=tmp_path, demo_slo_folder=SLOS)
    async with tool_client(deps) as client:
        answer = await answer_of(client, "generate_dashboard", **arguments)
    await source.aclose()
    assert [panel["title"] for panel in answer["panels"] if panel["queries"] and not panel["series"]] == []
    assert [panel["problem"] for panel in answer["panels"] if panel["problem"]] == []
    assert '"interval":"1m"' in answer["files"][0]["content"] or "slo" in arguments
