"""`plan_capacity` through an MCP client: stated demands by algebra, measured ones on the demo world, and what is missing."""

import json
from datetime import date, timedelta
from typing import Any

import anyio
import numpy as np
import pytest
from mcp.client import Client

from connectors.demo import DemoSource
from connectors.demo.disk import full_at
from connectors.prometheus.fake import FakePrometheus
from connectors.promtool import Promtool
from server.deps import Deps
from sre.core.series import Samples
from tests.support.hand_built import series
from tests.support.mcp import answer_of, deps_with, error_of, tool_client
from tests.support.slow_prometheus import SlowPrometheus
from tests.support.virtual_time import VirtualTimeLoop
from tools.answer import DEFAULT_BUDGET_CHARS

TOOL = "plan_capacity"
VOLUME = '{instance=~"db.*", mountpoint="/var/lib/postgresql"}'
USED = f"node_filesystem_size_bytes{VOLUME} - node_filesystem_avail_bytes{VOLUME}"
PERSONA = """
users: {count: 100000 growing 15 % a month}
resources:
  - {name: api, kind: replicas, units: 6, unit_capacity: 250 rps, demand: users}
  - {name: postgres, kind: connections, capacity: 400, unit_capacity: 100, demand: {of: api, seconds_held: 50ms, plus: 40}}
  - {name: disk, kind: disk, capacity: 2 TB, unit_capacity: 500 GB, demand: 1.1 TB growing 80 GB a month}
"""


@pytest.fixture(scope="module")
def demo() -> Deps:
    return deps_with(DemoSource())


async def _planned(resources: object, deps: Deps | None = None, **arguments: Any) -> dict[str, Any]:
    async with tool_client(deps) as client:
        return await answer_of(client, TOOL, resources=resources, **arguments)


def _row(answer: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in answer["resources"] if row["name"] == name)


def _steps(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [step for step in answer["steps"] if step["resource"] == name]


@pytest.mark.anyio
async def test_stated_growth_is_ordered_on_the_day_that_algebra_says() -> None:
    """Worked by hand: 1,200/s at 15 % a month passes 6 x 250/s on day 48 from 2026-11-02T12:00Z; 14 days before is 6 December."""
    document = "[{name: api, units: 6, unit_capacity: 250 rps, demand: 1200 rps growing 15 % a month, headroom: 0}]"
    answer = await _planned(document, horizon="90d")
    first = answer["steps"][0]
    assert (first["needed_by"], first["order_by"], first["units_after"]) == ("2026-12-20", "2026-12-06", 7)
    assert answer["summary"].startswith(
        "First step: api, 6 to 7 units: order by 2026-12-06, needed by 2026-12-20 (by the demand as stated"
    )
    assert _row(answer, "api")["runs_short"]["expected"] == "2026-12-20"


@pytest.mark.anyio
async def test_a_launch_by_users_shows_every_assumption_and_plans_twelve_months() -> None:
    """Worked by hand: 100,000 x 0.2 x 2 x 30 / 86,400 x 4 = 55.6/s at first; each 20th of a second holds a connection."""
    answer = await _planned(PERSONA, horizon="365d")
    api = _row(answer, "api")
    assert api["peak_now"] == pytest.approx(55.6, rel=0.01)
    assert api["peak_at_end"] == pytest.approx(55.6 * 1.15**12, rel=0.01)
    assert _row(answer, "postgres")["peak_now"] == pytest.approx(40 + 55.6 * 0.05, rel=0.01)
    assert _steps(answer, "api") == []
    disk = _steps(answer, "disk")
    # 4 x 500 GB to 70 % are 1.4 TB, 300 GB from now: after 3.75 months of 80 GB.
    assert date.fromisoformat(disk[0]["needed_by"]) - date(2026, 11, 2) == timedelta(days=114)
    assert {row["path"] for row in answer["assumptions"] if row["source"] == "default"} >= {
        "headroom", "lead_time", "spare_units", "zones", "users.active_share", "users.sessions_per_day",
        "users.requests_per_session", "users.peak_factor",
    }  # fmt: skip
    assert all(
        row["why"] for row in answer["assumptions"] if row["path"].startswith("users.") and row["source"] == "default"
    )
    assert "rules of thumb" in answer["summary"]
    assert answer["binding"][0]["resource"] == "disk"
    assert len(json.dumps(answer)) <= DEFAULT_BUDGET_CHARS
    assert [len(row["rows"]) for row in answer["monthly"]] == [13] * 3


@pytest.mark.anyio
async def test_the_demo_disk_overflows_on_the_true_day(demo: Deps) -> None:
    """*Source*: the law by which the demo world was made."""
    disk = {"name": "db-1", "kind": "disk", "capacity": "400 GB", "unit_capacity": "100 GB", "demand": {"query": USED}}
    answer = await _planned([disk], demo, horizon="90d", lead_time="7d")
    found = _row(answer, "db-1")
    true_day = full_at().date()
    assert date.fromisoformat(found["overloads"]["earliest"]) <= true_day
    assert true_day <= date.fromisoformat(found["overloads"]["latest"])
    assert abs(date.fromisoformat(found["overloads"]["expected"]) - true_day) <= timedelta(days=2)
    assert found["short_units_now"] == 1
    assert answer["summary"].startswith("Order now: db-1, 4 to")
    assert "Too late already for the lead time: db-1 by 7 d" in answer["summary"]
    assert answer["queries"][0]["query"].startswith("max_over_time((")
    assert answer["window"]["end"] == "2026-11-02T12:00:00Z"


@pytest.mark.anyio
async def test_the_demo_disk_without_headroom_is_ordered_a_lead_time_ahead(demo: Deps) -> None:
    disk = {"name": "db-1", "kind": "disk", "capacity": "400 GB", "unit_capacity": "100 GB", "demand": {"query": USED}}
    answer = await _planned([{**disk, "headroom": 0}], demo, horizon="90d", lead_time="7d")
    step = answer["steps"][0]
    needed = date.fromisoformat(step["needed_by"])
    assert needed - date.fromisoformat(step["order_by"]) == timedelta(days=7)
    assert timedelta(days=-7) <= needed - full_at().date() <= timedelta(0)
    assert "10 % risk of being short before" in answer["summary"]


@pytest.mark.anyio
async def test_what_is_free_gives_the_same_plan_as_what_is_used(demo: Deps) -> None:
    disk = {"name": "db-1", "kind": "disk", "capacity": "400 GB", "unit_capacity": "100 GB", "headroom": 0}
    free = {"free": f"node_filesystem_avail_bytes{VOLUME}"}
    plans = [await _planned([{**disk, "demand": one}], demo, horizon="90d") for one in ({"query": USED}, free)]
    assert plans[0]["steps"] == plans[1]["steps"]


@pytest.mark.anyio
async def test_several_resources_of_the_demo_are_planned_at_once(demo: Deps) -> None:
    resources = [
        {"name": "checkout", "kind": "replicas", "units": 2, "unit_capacity": "30 rps",
         "demand": {"query": 'sum(rate(http_requests_total{service="checkout"}[5m]))'}},
        {"name": "pool", "kind": "connections", "capacity": 40,
         "demand": {"query": 'sum(db_pool_connections_in_use{service="catalog"})'}},
        {"name": "cpu", "kind": "cpu", "units": 2, "unit_capacity": "2 cores",
         "demand": {"query": 'sum(rate(container_cpu_usage_seconds_total{container="checkout"}[5m]))'}},
        {"name": "connections", "kind": "connections", "capacity": 400, "demand": {"of": "checkout", "seconds_held": "0.05"}},
    ]  # fmt: skip
    answer = await _planned(resources, demo, horizon="90d")
    assert {row["name"] for row in answer["resources"]} == {"checkout", "pool", "cpu", "connections"}
    assert not any("not planned" in note for note in answer["left_out"])
    assert all(row["days_planned"] == 90 for row in answer["resources"])
    # Its traffic grows by 3 % a week: 1.45 times in 90 days.
    assert _row(answer, "checkout")["peak_at_end"] / _row(answer, "checkout")["peak_now"] == pytest.approx(
        1.45, rel=0.3
    )
    assert _row(answer, "connections")["peak_now"] == pytest.approx(
        0.05 * _row(answer, "checkout")["peak_now"], rel=0.01
    )
    assert "Little trust in the demand of" in answer["summary"]


@pytest.mark.anyio
async def test_a_query_of_several_series_is_left_out_with_how_to_mend_it(demo: Deps) -> None:
    resources = [
        {"name": "api", "units": 6, "unit_capacity": 250, "demand": "100 growing 15 % a month"},
        {"name": "odd", "units": 1, "unit_capacity": 1, "demand": {"query": "db_pool_connections_in_use"}},
        {"name": "follower", "units": 1, "unit_capacity": 1, "demand": {"of": "odd"}},
    ]
    answer = await _planned(resources, demo, horizon="90d")
    assert [row["name"] for row in answer["resources"]] == ["api"]
    assert any(note.startswith("odd: not planned: The query has") and "sum(...)" in note for note in answer["left_out"])
    assert any(note.startswith("follower: not planned") for note in answer["left_out"])
    assert answer["summary"].endswith("Not planned, see left_out: odd, follower.")


@pytest.mark.anyio
async def test_an_unknown_metric_alone_is_no_data(demo: Deps) -> None:
    async with tool_client(demo) as client:
        resources = [{"name": "a", "units": 1, "unit_capacity": 1, "demand": {"query": "no_such_metric"}}]
        text = await error_of(client, TOOL, resources=resources)
    assert text.startswith("[no_data]")


@pytest.mark.anyio
async def test_a_query_without_a_source_says_what_to_set() -> None:
    async with tool_client() as client:
        resources = [{"name": "a", "units": 1, "unit_capacity": 1, "demand": {"query": "up"}}]
        text = await error_of(client, TOOL, resources=resources)
    assert text.startswith("[not_configured]")


def _line(days: int, *, end: str = "2026-11-02T12:00:00Z", slope: float = 1.0) -> dict[str, Any]:
    last = int(np.datetime64(end.rstrip("Z")).astype("datetime64[s]").astype(int))
    times = [last - 86_400 * back for back in range(days - 1, -1, -1)]
    return {"timestamps": times, "values": [100.0 + slope * day for day in range(days)]}


@pytest.mark.anyio
async def test_a_series_in_the_call_is_forecast() -> None:
    """*Planted*: 100 + day, at 219 after 120 days, is at 300 on day 81."""
    resources = [{"name": "disk", "kind": "disk", "capacity": 300, "headroom": 0, "demand": {"series": _line(120)}}]
    answer = await _planned(resources, horizon="120d", lead_time="10d")
    needed = date.fromisoformat(answer["steps"][0]["needed_by"])
    assert abs(needed - (date(2026, 11, 2) + timedelta(days=81))) <= timedelta(days=2)


@pytest.mark.anyio
async def test_times_in_another_zone_are_the_same_times_and_none_is_utc() -> None:
    plans = []
    for shift, zone in ((0, "Z"), (2, "+02:00"), (0, "")):
        times = [
            f"{np.datetime64(at + 3600 * shift, 's').astype('datetime64[s]')}{zone}" for at in _line(120)["timestamps"]
        ]
        series_then = {"timestamps": times, "values": _line(120)["values"]}
        resources = [{"name": "disk", "kind": "disk", "capacity": 300, "demand": {"series": series_then}}]
        plans.append(await _planned(resources, horizon="120d"))
    assert plans[0]["steps"] == plans[1]["steps"] == plans[2]["steps"]
    assert any("no time zone" in warning for warning in plans[2]["warnings"])


@pytest.mark.anyio
async def test_recorded_series_of_another_year_are_planned_from_their_end() -> None:
    series_then = _line(120, end="2024-03-01T00:00:00Z")
    resources = [{"name": "disk", "kind": "disk", "capacity": 300, "headroom": 0, "demand": {"series": series_then}}]
    answer = await _planned(resources, horizon="120d")
    assert answer["start"] == "2024-03-01T00:00:00Z"
    assert any("where the series end" in warning for warning in answer["warnings"])


@pytest.mark.anyio
async def test_the_rows_of_forecast_capacity_can_be_planned_on(demo: Deps) -> None:
    """The forecast of the disk's use, asked for first, gives the same day as the plan that asks for it itself."""
    disk = {"name": "db-1", "kind": "disk", "capacity": "400 GB", "unit_capacity": "100 GB", "headroom": 0}
    async with tool_client(demo) as client:
        made = await answer_of(client, "forecast_capacity", query=USED, horizon="60d", max_points=60)
        given = await answer_of(
            client, TOOL, resources=[{**disk, "unit": "bytes", "demand": {"forecast": made["forecast"]}}], horizon="60d"
        )
        asked = await answer_of(client, TOOL, resources=[{**disk, "demand": {"query": USED}}], horizon="60d")
    days = [date.fromisoformat(_row(answer, "db-1")["overloads"]["expected"]) for answer in (given, asked)]
    assert abs(days[0] - days[1]) <= timedelta(days=2)


@pytest.mark.anyio
async def test_a_load_test_gives_the_capacity_of_a_unit_and_says_how() -> None:
    """*Source*: SPEC SDM91, knee at 27 users (see the tests of the law): 1,353 a second."""
    levels = [(1, 64.9), (18, 995.9), (36, 1652.4), (72, 1853.2), (108, 1828.9), (144, 1775.0), (216, 1702.2)]
    points = [{"concurrency": load, "throughput": rate} for load, rate in levels]
    resource = {"name": "api", "kind": "replicas", "units": 2, "load_test": {"points": points}, "demand": "1000 rps"}
    answer = await _planned([resource])
    row = _row(answer, "api")
    assert row["unit_capacity"] == pytest.approx(1353, rel=0.001)
    assert "at the knee" in row["unit_capacity_from"]


@pytest.mark.anyio
async def test_what_speaks_against_a_load_test_or_a_capacity_is_warned_of() -> None:
    points = [{"concurrency": load, "throughput": 100 * load} for load in (1, 2, 4, 8)]
    document = [
        {"name": "api", "units": 2, "load_test": {"points": points}, "demand": "100 rps"},
        {"name": "pool", "kind": "connections", "capacity": 400, "demand": "100"},
    ]
    answer = await _planned(document)
    assert any(warning.startswith("api: load test: the highest level tested") for warning in answer["warnings"])
    assert any(warning.startswith("pool: no unit_capacity was given") for warning in answer["warnings"])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"horizon": "3d"}, "horizon must be from 7 d"),
        ({"horizon": "soon"}, "horizon is not a duration"),
        ({"headroom": 30}, "headroom must be from 0 to 0.95"),
        ({"risk": 0.0}, "risk must be from 0.02 to 0.5"),
        ({"lead_time": "9y"}, "lead_time must be at most"),
    ],
)
async def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], words: str) -> None:
    async with tool_client() as client:
        text = await error_of(client, TOOL, resources=PERSONA, **arguments)
    assert text.startswith("[invalid_input]")
    assert words in text


@pytest.mark.anyio
async def test_all_mistakes_of_a_document_come_in_one_error() -> None:
    async with tool_client() as client:
        text = await error_of(client, TOOL, resources="[{units: x, demand: 5 lots}, {name: b, kind: vm}]")
    assert text.startswith("[invalid_input]")
    assert text.count("Next: $.resources[") >= 6


@pytest.mark.anyio
async def test_more_caution_lead_time_or_headroom_never_orders_later_through_the_tool(demo: Deps) -> None:
    resources = [
        {"name": "checkout", "units": 1, "unit_capacity": "30 rps",
         "demand": {"query": 'sum(rate(http_requests_total{service="checkout"}[5m]))'}},
    ]  # fmt: skip
    async with tool_client(demo) as client:
        plain = await _orders(client, resources, headroom=0.1, risk=0.5, lead_time="7d")
        for more in ({"headroom": 0.3}, {"risk": 0.1}, {"lead_time": "30d"}):
            stricter = await _orders(client, resources, **{"headroom": 0.1, "risk": 0.5, "lead_time": "7d", **more})
            assert stricter[0] <= plain[0]
            assert stricter[1] >= plain[1]


async def _orders(client: Client, resources: list[dict[str, Any]], **arguments: Any) -> tuple[str, int]:
    answer = await answer_of(client, TOOL, resources=resources, horizon="120d", **arguments)
    return min((step["order_by"] for step in answer["steps"]), default="9999"), answer["resources"][0]["units_at_end"]


@pytest.mark.anyio
async def test_names_from_outside_are_cleaned_and_capped() -> None:
    name = "api\u202e\u200b" + "x" * 500
    document = [{"name": name, "units": 6, "unit_capacity": 250, "demand": "1200 growing 15 % a month"}]
    answer = await _planned(document)
    assert "\u202e" not in json.dumps(answer, ensure_ascii=False)
    assert max(len(row["name"]) for row in answer["resources"]) <= 60


@pytest.mark.anyio
async def test_twenty_resources_stay_within_the_budget_of_an_answer() -> None:
    document = [
        {"name": f"service-{number}", "kind": "replicas", "units": 4, "unit_capacity": 100, "order_every": "7d",
         "demand": {"start": "200", "growth_per_month": "20 %", "growth_range": {"low": "5 %", "high": "40 %"}}}
        for number in range(20)
    ]  # fmt: skip
    answer = await _planned(document, horizon="365d")
    # What the boundary adds on what it cut comes on top.
    assert len(json.dumps(answer, separators=(",", ":"))) <= 1.05 * DEFAULT_BUDGET_CHARS
    assert len(answer["steps"]) == 16
    assert len(answer["resources"]) >= 4
    assert any(note.startswith("resources: the first") for note in answer["left_out"])


def _grows(name: str) -> Samples:
    hours = 40 * 24
    return series({"__name__": name}, [100.0 + hour / 24 for hour in range(hours)], every_seconds=3600)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", [("asyncio", {"loop_factory": VirtualTimeLoop})])
async def test_a_source_silent_for_one_resource_costs_no_other(anyio_backend: object) -> None:
    """The limits are the real ones; the clock of the loop jumps over the waiting."""
    fake = FakePrometheus((_grows("heard_bytes"), _grows("silent_bytes")))
    source = SlowPrometheus(fake, seconds=2.0, hangs=lambda _path, query: "silent" in query).source()
    resources = [
        {"name": name, "capacity": 150, "headroom": 0, "demand": {"query": f"{name}_bytes"}}
        for name in ("heard", "silent")
    ]
    # A clock that jumps over waiting jumps over a program at work too.
    async with tool_client(deps_with(source, promtool=Promtool(""))) as client:
        started = anyio.current_time()
        answer = await answer_of(client, TOOL, resources=resources, horizon="60d")
        assert anyio.current_time() - started < 50
    assert [row["name"] for row in answer["resources"]] == ["heard"]
    assert any(note.startswith("silent: not planned") for note in answer["left_out"])
