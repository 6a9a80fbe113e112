"""Scenario: "when is the database's disk full, and what can we do about it?", on a snapshot file and on Prometheus.

The demo's disk is written as OpenMetrics; one product reads the file, another asks a real Prometheus that was filled
with it. The true day follows from the law by which the disk was made.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from connectors.base import MetricSource
from connectors.demo.disk import LOST_BYTES_PER_DAY, MOUNTPOINT, full_at
from connectors.demo.schedule import END
from connectors.demo.world import World, build_world
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.snapshot import SnapshotSource
from connectors.snapshot.export import write_openmetrics
from sre.core.series import Samples
from tests.support.mcp import FixedClock, answer_of, deps_with, tool_client
from tests.support.real_prometheus import running_prometheus

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]

DISK = f'node_filesystem_avail_bytes{{mountpoint="{MOUNTPOINT}"}}'
GIBIBYTE = 2.0**30


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


@pytest.fixture(scope="module")
def disk_file(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every node's free space as OpenMetrics text; text cannot tell a staleness marker from NaN, so none is written."""
    path = tmp_path_factory.mktemp("disk") / "disk.om"
    chosen = [one for one in world.samples if one.labels.metric == "node_filesystem_avail_bytes"]
    write_openmetrics(path, [_without_gaps(one) for one in chosen], metadata=world.metadata)
    return path


def _without_gaps(series: Samples) -> Samples:
    kept = ~np.isnan(series.values)
    return Samples(series.labels, series.timestamps_ms[kept], series.values[kept])


@pytest.fixture(scope="module")
def prometheus_url(disk_file: Path) -> Iterator[str]:
    with running_prometheus(openmetrics_path=disk_file) as url:
        yield url


@pytest.fixture(params=["snapshot", "prometheus"])
def source(request: pytest.FixtureRequest, disk_file: Path) -> MetricSource:
    if request.param == "snapshot":
        return SnapshotSource(path=disk_file, name="disk")
    return PrometheusClient(Endpoint(request.getfixturevalue("prometheus_url")), name="live")


async def _forecasts(source: MetricSource, *calls: dict[str, Any]) -> list[dict[str, Any]]:
    async with tool_client(deps_with(source, clock=FixedClock(END))) as client:
        return [
            await answer_of(client, "forecast_capacity", **{"query": DISK, "threshold": 0, **call}) for call in calls
        ]


def _at(text: str | None) -> datetime:
    assert text is not None
    return datetime.fromisoformat(text)


def _days_off(answer: dict[str, Any], truth: datetime) -> float:
    return abs(_at(answer["exhaustion"]["expected"]) - truth) / timedelta(days=1)


@pytest.mark.parametrize("days_before", [0, 1, 2, 3, 4, 5])
async def test_the_true_day_lies_in_the_interval_from_every_start(source: MetricSource, days_before: int) -> None:
    (answer,) = await _forecasts(source, {"end": f"now-{days_before}d" if days_before else "now"})
    found = answer["exhaustion"]
    assert found["outcome"] == "crosses"
    assert _at(found["earliest"]) <= full_at() <= _at(found["latest"])
    assert _days_off(answer, full_at()) < 1
    assert "Crosses 0 B around 2026-11-2" in answer["summary"]
    assert answer["growth"]["per_month"] == pytest.approx(-LOST_BYTES_PER_DAY * 30.44, rel=0.03)


async def test_the_one_disk_that_fills_is_found_among_all(source: MetricSource) -> None:
    (answer,) = await _forecasts(source, {"query": "node_filesystem_avail_bytes"})
    assert answer["labels"]["mountpoint"] == MOUNTPOINT
    assert answer["summary"].startswith("1 of 4 series cross within the horizon.")
    assert all(other["outcome"] == "does_not_cross" for other in answer["others"])


async def test_what_can_be_done_about_it_moves_the_day_by_as_much_as_it_gives(source: MetricSource) -> None:
    """100 GiB more are 26.8 days of 4 GB; a fifth more growth takes a fifth of the speed off the 19 days."""
    plain, larger, faster = await _forecasts(
        source,
        {"horizon": "60d"},
        {"horizon": "60d", "scenario": "+100GiB from 2026-11-10"},
        {"horizon": "60d", "scenario": "growth +20%"},
    )
    more_days = 100 * GIBIBYTE / LOST_BYTES_PER_DAY
    full_later, full_sooner = full_at() + timedelta(days=more_days), END + (full_at() - END) / 1.2
    assert _days_off(larger, full_later) < 3
    assert _days_off(faster, full_sooner) < 1.5
    for answer, truth in ((larger, full_later), (faster, full_sooner)):
        found = answer["exhaustion"]
        assert _at(found["earliest"]) <= truth <= _at(found["latest"])
    assert larger["without_scenario"]["exhaustion"] == plain["exhaustion"]
    assert "without" in larger["summary"].lower()


async def test_prometheus_says_how_little_of_the_history_it_has(prometheus_url: str) -> None:
    """30 days ahead want four months of history; the source holds two weeks, and the answer must not hide that."""
    live = PrometheusClient(Endpoint(prometheus_url), name="live")
    (answer,) = await _forecasts(live, {})
    assert any(text.startswith("Of the 120d of history asked for there are 13d2") for text in answer["warnings"])
