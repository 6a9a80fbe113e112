"""The demo as a source: PromQL gives the answers that the truth holds. Provenance: counted truth, increase() semantics."""

import subprocess
import sys
from datetime import timedelta

import pytest

from connectors.base import MetricSource
from connectors.demo import DemoSource
from connectors.demo.world import World
from sre.core.times import Duration, Window

pytestmark = pytest.mark.anyio

# increase() stretches what it saw to the edges of its window, by at most one scrape of 20,160, a little more at peak.
EXTRAPOLATION = 5e-4
COUNTS = {
    "web": ("http_requests_total", 'code=~"5.."'),
    "catalog": ("http_requests_total", 'code=~"5.."'),
    "checkout": ("http_requests_total", 'code=~"5.."'),
    "payments": ("grpc_server_handled_total", 'grpc_code!~"OK|InvalidArgument|NotFound"'),
    "inventory": ("http_server_request_duration_seconds_count", 'http_response_status_code=~"5.."'),
}


@pytest.fixture(scope="module")
def demo() -> DemoSource:
    return DemoSource()


async def test_the_demo_is_a_metric_source_whose_now_is_its_end(demo: DemoSource, world: World) -> None:
    source: MetricSource = demo
    assert (source.name, source.kind) == ("demo", "demo")
    assert await source.latest() == world.truth.window.end
    coverage = await source.coverage()
    assert coverage is not None
    assert coverage.end == world.truth.window.end
    assert (coverage.start - world.truth.window.start).total_seconds() < 60
    assert (await source.build_info()).details["series"] == str(len(world.samples))


@pytest.mark.parametrize("service", COUNTS)
async def test_increase_over_the_window_is_the_budget_of_the_truth(
    demo: DemoSource, world: World, service: str
) -> None:
    metric, failed = COUNTS[service]
    budget = world.truth.budget_of(service)
    for condition, expected in (
        (f'service="{service}"', budget.total_events),
        (f'service="{service}",{failed}', budget.bad_events),
    ):
        result = await demo.instant_query(f"sum(increase({metric}{{{condition}}}[14d]))", at=world.truth.window.end)
        assert result.values.tolist() == [pytest.approx(expected, rel=EXTRAPOLATION)]


async def test_the_p95_of_the_truth_is_what_histogram_quantile_says(demo: DemoSource, world: World) -> None:
    regression = world.truth.regression
    query = (
        'histogram_quantile(0.95, sum by (le) (increase(http_request_duration_seconds_bucket{service="catalog"}[24h])))'
    )
    for at, expected in (
        (regression.deployed_at, regression.p95_before_seconds),
        (regression.settled_at + timedelta(days=1), regression.p95_after_seconds),
    ):
        result = await demo.instant_query(query, at=at)
        assert result.values.tolist() == [pytest.approx(expected, rel=0.005)]


async def test_the_incident_shows_in_a_range_query(demo: DemoSource, world: World) -> None:
    incident = world.truth.incident
    query = (
        'sum(rate(http_requests_total{service="checkout",code=~"5.."}[2m]))'
        ' / sum(rate(http_requests_total{service="checkout"}[2m]))'
    )
    around = Window(incident.start - timedelta(hours=2), incident.end + timedelta(hours=2))
    result = await demo.range_query(query, window=around, step=Duration(60))
    (ratios,) = result.series.values
    times = result.series.grid.times_ms() / 1000
    seen = times[ratios > 0.05]
    assert abs(seen[0] - incident.start.timestamp()) <= 180
    assert abs(seen[-1] - incident.end.timestamp()) <= 180
    assert ratios.max() == pytest.approx(incident.peak_error_ratio, abs=0.08)


async def test_predict_linear_sees_the_disk_fill(demo: DemoSource, world: World) -> None:
    disk, end = world.truth.disk, world.truth.window.end
    selector = f'node_filesystem_avail_bytes{{mountpoint="{disk.mountpoint}"}}'
    left = (disk.full_at - end).total_seconds()
    for horizon, is_full in ((left - 2 * 86_400, False), (left + 2 * 86_400, True)):
        result = await demo.instant_query(f"predict_linear({selector}[7d], {horizon})", at=end)
        assert (result.values[0] < 0) == is_full


async def test_services_are_found_by_label(demo: DemoSource, world: World) -> None:
    assert await demo.label_values("service", window=world.truth.window) == tuple(sorted(world.truth.services))


def test_the_server_can_import_the_sources_without_numpy() -> None:
    code = "import sys, connectors.demo, connectors.snapshot; print([m for m in ('numpy', 'promql_parser') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
