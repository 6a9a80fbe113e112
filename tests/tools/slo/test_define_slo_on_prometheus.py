"""`define_slo` and `list_slos` against a real Prometheus: its own series, bounds and regular expressions."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from sre.core.series import Samples
from tests.support.hand_built import series
from tests.support.mcp import FixedClock, answer_of, deps_with, error_of, tool_client
from tests.support.openmetrics_file import written
from tests.support.real_prometheus import running_prometheus

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]

BUCKET, COUNT = "http_request_duration_seconds_bucket", "http_request_duration_seconds_count"


def growing(name: str, per_minute: float, **labels: str) -> Samples:
    values = [per_minute * minute for minute in range(181)]
    return series({"__name__": name, "service": "a", **labels}, values, every_seconds=60.0)


@pytest.fixture(scope="module")
def prometheus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two pods, as during an upgrade to Prometheus 3: of 100 requests a minute 95 are answered within a second."""
    path = tmp_path_factory.mktemp("spellings") / "world.om"
    samples = [
        growing(BUCKET, 57.0, pod="1", le="1"),
        growing(BUCKET, 38.0, pod="2", le="1.0"),
        growing(BUCKET, 40.0, pod="1", le="0.1"),
        growing(BUCKET, 20.0, pod="2", le="0.1"),
        growing(BUCKET, 59.0, pod="1", le="10"),
        growing(BUCKET, 40.0, pod="2", le="10.0"),
        growing(BUCKET, 60.0, pod="1", le="+Inf"),
        growing(BUCKET, 40.0, pod="2", le="+Inf"),
        growing(COUNT, 60.0, pod="1"),
        growing(COUNT, 40.0, pod="2"),
        # Launched a minute ago: scraped twice.
        series({"__name__": "http_requests_total", "service": "new", "code": "200"}, [5.0, 8.0], every_seconds=60.0),
    ]
    written(samples, path)
    with running_prometheus(openmetrics_path=path) as url:
        yield url


async def test_every_spelling_of_a_bound_counts_and_no_other_bound(prometheus_url: str, tmp_path: Path) -> None:
    live = PrometheusClient(Endpoint(base_url=prometheus_url), name="live")
    async with tool_client(deps_with(live, slo_folder=tmp_path)) as client:
        wanted = {"service": "a", "objective": 0.9, "window": "2h"}
        error = await error_of(client, "define_slo", threshold_seconds=2, **wanted)
        assert "Valid: 0.1, 1, 10" in error
        answer = await answer_of(client, "define_slo", threshold_seconds=1, **wanted)
        listed = await answer_of(client, "list_slos")
    assert answer["standing"]["sli_ratio"] == pytest.approx(0.95, abs=1e-6)
    assert {check["ok"] for check in answer["checks"]} == {True}
    assert listed["slos"][0]["standing"]["remaining_ratio"] == pytest.approx(0.5, abs=1e-3)


async def test_a_service_counts_from_its_second_scrape_on_and_until_then_waits(
    prometheus_url: str, tmp_path: Path
) -> None:
    """Source: Prometheus, promql/functions.go, extrapolatedRate: 3 events in the minute between two scrapes, and half
    as many in the half minute before the first; one sample alone gives nothing.
    """
    live = PrometheusClient(Endpoint(base_url=prometheus_url), name="live")
    wanted = {"service": "new", "objective": 0.9, "window": "30d", "overwrite": True}
    said = {}
    for ago in (30, 0):
        clock = FixedClock(FixedClock().at - timedelta(seconds=ago))
        async with tool_client(deps_with(live, clock=clock, slo_folder=tmp_path)) as client:
            said[ago] = await answer_of(client, "define_slo", **wanted)
            listed = await answer_of(client, "list_slos", service="new")
            if ago:
                assert "one sample" in listed["slos"][0]["notes"][-1]
                error = await error_of(client, "compute_error_budget", slo="new-availability")
                assert "one sample" in error
                assert "no series has these labels" not in error
    assert [check["ok"] for check in said[30]["checks"]] == [True, True, True, True, None]
    assert "one sample" in said[30]["summary"]
    assert said[0]["standing"]["total_events"] == pytest.approx(4.5)
    assert {check["ok"] for check in said[0]["checks"]} == {True}
