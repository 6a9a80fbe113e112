"""Growth planning through an MCP client, on the demo world and on the same samples in a real Prometheus.

A planner asks when the disk is full, then what to order for disk, replicas and connections, then has the alert rules
written that say when the next order is due. The truth is the law by which the world was made.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp.client import Client

from connectors.demo.disk import full_at
from connectors.demo.schedule import END
from connectors.demo.traffic import GROWTH_RATIO_PER_WEEK
from connectors.demo.world import World, build_world
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.promtool import Promtool
from connectors.snapshot import RecordedSource
from connectors.snapshot.export import write_openmetrics
from connectors.snapshot.recording import Recording
from sre.core.series import Samples
from tests.support.mcp import FixedClock, answer_of, deps_with, tool_client
from tests.support.real_prometheus import running_prometheus

pytestmark = pytest.mark.anyio

# Every fifth minute is enough to see a day's peak, and promtool reads a file once for every two hours in it.
KEPT_EVERY = 5
VOLUME = '{instance=~"db.*", mountpoint="/var/lib/postgresql"}'
FREE = f"node_filesystem_avail_bytes{VOLUME}"
USED = f"node_filesystem_size_bytes{VOLUME} - {FREE}"
REQUESTS = 'sum(rate(http_requests_total{service="checkout"}[15m]))'
RESOURCES = [
    {
        "name": "db-1 disk", "kind": "disk", "capacity": "400 GB", "unit_capacity": "100 GB", "headroom": 0,
        "demand": {"query": USED}, "prices": {"on_demand": "10/month"},
    },
    {
        "name": "checkout", "kind": "replicas", "units": 2, "unit_capacity": "30 rps", "demand": {"query": REQUESTS},
        "prices": {"on_demand": "0.10/hour", "commitments": [{"term": "12 months", "price": "0.06/hour"}]},
    },
    {
        "name": "connections", "kind": "connections", "capacity": 40, "unit_capacity": 20,
        "demand": {"of": "checkout", "seconds_held": "100ms", "plus": 10},
    },
]  # fmt: skip
HORIZON_DAYS = 90


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


@pytest.fixture(scope="module")
def kept(world: World) -> list[Samples]:
    return [_thinned(series) for series in world.samples if _is_asked_for(series)]


def _is_asked_for(series: Samples) -> bool:
    labels = series.labels
    if labels.metric.startswith("node_filesystem"):
        return labels.get("mountpoint") == "/var/lib/postgresql"
    return labels.get("service") == "checkout" and labels.metric == "http_requests_total"


def _thinned(series: Samples) -> Samples:
    keep = (np.arange(series.values.size) % KEPT_EVERY == 0) & ~np.isnan(series.values)
    return Samples(series.labels, series.timestamps_ms[keep], series.values[keep])


@pytest.fixture(scope="module")
def prometheus_url(world: World, kept: list[Samples], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("world") / "world.om"
    write_openmetrics(path, kept, metadata=world.metadata)
    with running_prometheus(openmetrics_path=path) as url:
        yield url


def _memory(kept: list[Samples]) -> RecordedSource:
    return RecordedSource(name="memory", load=lambda: Recording(tuple(kept), {}), left_open=False)


async def test_growth_is_planned_on_the_snapshot(kept: list[Samples], tmp_path: Path) -> None:
    async with tool_client(deps_with(_memory(kept), output_root=tmp_path, promtool=Promtool(""))) as client:
        await _scenario(client, tmp_path)


@pytest.mark.real_prometheus
async def test_growth_is_planned_on_a_real_prometheus(prometheus_url: str, tmp_path: Path) -> None:
    live = PrometheusClient(Endpoint(prometheus_url), name="live")
    async with tool_client(deps_with(live, clock=FixedClock(END), output_root=tmp_path)) as client:
        plan = await _scenario(client, tmp_path)
    assert {check["tool"] for check in plan["checks"]} >= {"promtool check rules", "promtool test rules"}


@pytest.mark.real_prometheus
async def test_prometheus_and_memory_give_the_same_plan(prometheus_url: str, kept: list[Samples]) -> None:
    live, memory = PrometheusClient(Endpoint(prometheus_url), name="live"), _memory(kept)
    # For recorded data the present is their end; the other one is asked at that moment.
    present = await memory.latest()
    assert present is not None
    async with tool_client(deps_with(live, memory, clock=FixedClock(present), promtool=Promtool(""))) as client:
        plans = [
            await answer_of(client, "plan_capacity", resources=RESOURCES, horizon=f"{HORIZON_DAYS}d", source=source)
            for source in ("live", "memory")
        ]
    one, other = plans
    assert one["steps"] == other["steps"]
    for row, twin in zip(one["resources"], other["resources"], strict=True):
        assert row["name"] == twin["name"]
        assert row["peak_at_end"] == pytest.approx(twin["peak_at_end"], rel=0.002)
        assert (row["runs_short"]["earliest"], row["overloads"]["expected"]) == (
            twin["runs_short"]["earliest"], twin["overloads"]["expected"],
        )  # fmt: skip


async def _scenario(client: Client, folder: Path) -> dict[str, Any]:
    forecast = await answer_of(client, "forecast_capacity", query=FREE, horizon=f"{HORIZON_DAYS}d", threshold=0)
    plan = await answer_of(
        client, "plan_capacity", resources=RESOURCES, horizon=f"{HORIZON_DAYS}d", lead_time="7d", output_dir="capacity"
    )
    assert forecast["exhaustion"]["earliest"] <= full_at().isoformat() <= forecast["exhaustion"]["latest"]
    _check_disk(plan)
    _check_growth(plan)
    assert "rules/capacity.yml" in "".join(file["path"] for file in plan["files"])
    assert all(check["ok"] for check in plan["checks"])
    assert (folder / "capacity" / "rules" / "capacity.yml").read_text(encoding="utf-8").count("alert:") >= 4
    return plan


def _check_disk(plan: dict[str, Any]) -> None:
    """Without headroom the disk is short on the day it is full: the order lies a lead time before its earliest edge."""
    row = next(row for row in plan["resources"] if row["name"] == "db-1 disk")
    true_day = full_at().date()
    found = {name: date.fromisoformat(row["overloads"][name]) for name in ("earliest", "expected", "latest")}
    assert found["earliest"] <= true_day <= found["latest"]
    assert abs(found["expected"] - true_day) <= timedelta(days=2)
    step = next(step for step in plan["steps"] if step["resource"] == "db-1 disk")
    assert date.fromisoformat(step["needed_by"]) <= true_day
    assert date.fromisoformat(step["needed_by"]) - date.fromisoformat(step["order_by"]) == timedelta(days=7)
    assert plan["binding"][0]["resource"] == "db-1 disk"


def _check_growth(plan: dict[str, Any]) -> None:
    """Traffic grows by 3 % a week; two weeks of history show that roughly, and the answer says how little they are."""
    rows = {row["name"]: row for row in plan["resources"]}
    grown = (1 + GROWTH_RATIO_PER_WEEK) ** (HORIZON_DAYS / 7)
    low = rows["checkout"]["peak_now"]
    assert low < rows["checkout"]["peak_at_end_cautious"]
    assert rows["checkout"]["peak_at_end"] / low == pytest.approx(grown, rel=0.35)
    assert rows["connections"]["peak_now"] == pytest.approx(10 + 0.1 * low, rel=0.01)
    assert plan["cost_totals"]
    assert plan["risks"]
    assert "Little trust" in plan["summary"]
