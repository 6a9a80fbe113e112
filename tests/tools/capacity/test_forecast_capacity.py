"""`forecast_capacity` through an MCP client, on the demo world and on inline series."""

import base64
import json
import re
import struct
from datetime import datetime, timedelta
from typing import Any

import pytest
from mcp.client import Client
from mcp.types import ImageContent

from connectors.demo import DemoSource
from connectors.demo.disk import full_at
from server.deps import Deps
from sre.core.figures import figure_text
from tests.support.mcp import answer_of, deps_with, error_of, tool_client
from tools.capacity.forecast_capacity import forecast_capacity
from tools.registry import ToolSpec

TOOL = "forecast_capacity"
SPEC = ToolSpec(forecast_capacity, "Forecast capacity", "capacity")
DISK = 'node_filesystem_avail_bytes{instance=~"db.*", mountpoint="/var/lib/postgresql"}'


@pytest.fixture(scope="module")
def demo() -> Deps:
    return deps_with(DemoSource())


def _connected(deps: Deps | None = None) -> Any:
    return tool_client(deps, specs=[SPEC])


def _line(count: int = 200, step: int = 3600, slope: float = 2.0) -> dict[str, Any]:
    return {
        "timestamps": [1_767_571_200 + step * i for i in range(count)],
        "values": [5 + slope * i for i in range(count)],
    }


def _at(text: str | None) -> datetime:
    assert text is not None
    return datetime.fromisoformat(text)


@pytest.mark.anyio
@pytest.mark.parametrize("horizon", ["30d", "60d", "180d"])
async def test_the_true_day_the_disk_is_full_lies_in_the_interval(demo: Deps, horizon: str) -> None:
    """Source: the law by which the demo world was made."""
    async with _connected(demo) as client:
        answer = await answer_of(client, TOOL, query=DISK, horizon=horizon, threshold=0)
    found = answer["exhaustion"]
    assert found["outcome"] == "crosses"
    assert found["direction"] == "down"
    assert _at(found["earliest"]) <= full_at() <= _at(found["latest"])
    assert abs(_at(found["expected"]) - full_at()) < timedelta(days=2)
    assert answer["accuracy"]["naive_ratio"] < 1
    assert "Crosses 0 B around 2026-11-2" in answer["summary"]


@pytest.mark.anyio
async def test_several_series_are_ranked_by_time_to_the_threshold(demo: Deps) -> None:
    async with _connected(demo) as client:
        answer = await answer_of(client, TOOL, query="node_filesystem_avail_bytes", horizon="60d", threshold=0)
    assert answer["labels"]["mountpoint"] == "/var/lib/postgresql"
    assert answer["others"]
    assert all(other["outcome"] == "does_not_cross" for other in answer["others"])
    assert "time to the threshold" in answer["others_ranked_by"]


@pytest.mark.anyio
async def test_a_bare_counter_is_forecast_as_a_rate_and_said_so(demo: Deps) -> None:
    async with _connected(demo) as client:
        answer = await answer_of(
            client, TOOL, query='http_requests_total{service="checkout",code="200",pod="checkout-0",method="GET"}',
            horizon="3d",
        )  # fmt: skip
    assert answer["queries"][0]["query"].startswith("rate(http_requests_total{")
    assert any("is a counter" in warning for warning in answer["warnings"])
    assert answer["growth"]["ratio_per_month"] > 0


@pytest.mark.anyio
async def test_a_sum_of_raw_counters_is_warned_about(demo: Deps) -> None:
    async with _connected(demo) as client:
        answer = await answer_of(client, TOOL, query='sum(http_requests_total{service="checkout"})', horizon="3d")
    assert any("rate(" in warning for warning in answer["warnings"])


@pytest.mark.anyio
async def test_an_unknown_metric_is_answered_with_near_names(demo: Deps) -> None:
    async with _connected(demo) as client:
        text = await error_of(client, TOOL, query="node_filesystem_avail_byte", horizon="3d")
    assert text.startswith("[no_data]")
    assert "node_filesystem_avail_bytes" in text


@pytest.mark.anyio
async def test_an_inline_line_crosses_where_algebra_says() -> None:
    """Worked example: 5 + 2 i reaches 500 at i = 248; the series begins on 2026-01-05T00:00Z, an hour a step."""
    async with _connected() as client:
        answer = await answer_of(client, TOOL, series=_line(), horizon=100, threshold=500)
    assert answer["exhaustion"]["expected"] == "2026-01-15T08:00:00Z"
    assert answer["horizon"] == "4d4h"
    assert answer["kind"] == "stock"
    assert answer["source"] is None


@pytest.mark.anyio
async def test_a_horizon_in_steps_and_as_a_duration_are_the_same() -> None:
    async with _connected() as client:
        steps = await answer_of(client, TOOL, series=_line(), horizon=48)
        text = await answer_of(client, TOOL, series=_line(), horizon="48")
        duration = await answer_of(client, TOOL, series=_line(), horizon="2d")
    assert steps == text == duration


@pytest.mark.anyio
async def test_rows_are_thinned_to_max_points_and_it_is_said() -> None:
    async with _connected() as client:
        few = await answer_of(client, TOOL, series=_line(), horizon=100, max_points=5)
        all_rows = await answer_of(client, TOOL, series=_line(), horizon=100, max_points=100)
    assert len(few["forecast"]) == 5
    assert "5 of 100 rows" in few["left_out"][0]
    assert len(all_rows["forecast"]) == 100
    assert all_rows["left_out"] == []
    assert few["forecast"][-1] == all_rows["forecast"][-1]
    assert few["columns"] == ["time", "expected", "lower", "upper"]


@pytest.mark.anyio
async def test_growth_without_history_is_arithmetic_and_called_that() -> None:
    """Worked example: 15 % a month from 1,200 passes 2,400 in 4.96 months, 151 days after 2026-11-02T12:00Z."""
    async with _connected() as client:
        answer = await answer_of(client, TOOL, start_value=1200, scenario="15% a month", horizon="365d", threshold=2400)
    assert answer["exhaustion"]["expected"].startswith("2027-04-02")
    assert answer["trust"] == "none"
    assert answer["accuracy"] is None
    assert answer["forecast"][0][2] is None
    assert "not measured" in answer["summary"]


@pytest.mark.anyio
async def test_a_scenario_is_named_and_no_scenario_is_the_plain_forecast() -> None:
    async with _connected() as client:
        plain = await answer_of(client, TOOL, series=_line(), horizon=100, threshold=500)
        same = await answer_of(
            client, TOOL, series=_line(), horizon=100, threshold=500, scenario="growth +0%, +0%/month"
        )
        tripled = await answer_of(client, TOOL, series=_line(), horizon=100, threshold=500, scenario="x3 from now")
    assert same == plain
    assert tripled["scenario"].startswith("x3 from 2026-01-13T07:00:00Z")
    assert _at(tripled["exhaustion"]["expected"]) < _at(plain["exhaustion"]["expected"])


@pytest.mark.anyio
async def test_does_not_cross_is_an_answer() -> None:
    async with _connected() as client:
        answer = await answer_of(client, TOOL, series=_line(), horizon=10, threshold=10_000)
    assert answer["exhaustion"]["outcome"] == "does_not_cross"
    assert answer["exhaustion"]["expected"] is None
    assert "does not cross 10,000" in answer["summary"]


@pytest.mark.anyio
async def test_a_chart_is_a_png_of_bounded_size() -> None:
    async with _connected() as client:
        result = await client.call_tool(TOOL, {"series": _line(), "horizon": 100, "threshold": 500, "chart": True})
    (image,) = [part for part in result.content if isinstance(part, ImageContent)]
    png = base64.b64decode(image.data)
    width, height = struct.unpack(">II", png[16:24])
    assert png.startswith(b"\x89PNG")
    assert len(png) < 500_000
    assert width <= 1200
    assert height <= 1200


@pytest.mark.anyio
async def test_an_answer_stays_within_its_budget(demo: Deps) -> None:
    async with _connected(demo) as client:
        usual = await answer_of(client, TOOL, query=DISK, horizon="60d", threshold=0)
        most = await answer_of(client, TOOL, query=DISK, horizon="60d", threshold=0, max_points=500)
    assert len(json.dumps(usual)) < 12_000
    assert len(json.dumps(most)) < 40_000
    assert len(most["forecast"]) == 500
    assert any("rows, the lowest of each 2 days" in text for text in usual["left_out"])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "exactly one of query, series and start_value"),
        ({"query": "up", "start_value": 3}, "exactly one"),
        ({"series": _line(), "horizon": "soon"}, "horizon"),
        ({"series": _line(), "horizon": 0}, "at least one step"),
        ({"series": _line(), "horizon": 10**12}, "1 to 2000"),
        ({"series": _line(), "interval": 1.5}, "interval"),
        ({"series": _line(), "scenario": "-100%/month, x0 from now"}, "a loss must be under 100 %"),
        ({"series": _line(), "scenario": "x2 on someday"}, "its start is not a time"),
        ({"series": _line(), "scenario": "x2 on 2030-01-01"}, "beyond the horizon"),
        ({"series": _line(), "scenario": "x2 on 2025-01-01"}, "over before the forecast"),
        ({"start_value": 3, "scenario": "growth +20%"}, "no growth to be faster"),
        ({"start_value": 3, "scenario": "x2 on 2040-01-01"}, "beyond the horizon"),
        ({"start_value": 3}, "+15%/month"),
        ({"start_value": 3, "scenario": "1000%/month", "horizon": "100y"}, "is no plan"),
        ({"start_value": 3, "scenario": "1%/month", "horizon": 10**12}, "more than 2000 steps"),
        ({"series": _line(5)}, "at least 8 values"),
        ({"series": {"timestamps": [1, 2], "values": [1.0]}}, "2 timestamps and 1 values"),
        ({"series": _line(20), "horizon": 1000}, "cannot carry"),
        ({"start_value": -3, "scenario": "10%/month"}, "above 0"),
        ({"query": "up"}, "No metric source is configured"),
    ],
)
async def test_what_cannot_be_answered_says_why(arguments: dict[str, Any], said: str) -> None:
    async with _connected() as client:
        assert said in await error_of(client, TOOL, **arguments)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "values",
    [
        [1e300, -1e300] * 20,
        [1e99, -1e99] * 20,
        [0.0] * 40,
        [1e-300] * 20 + [2e-300] * 20,
        [0.0] * 39 + [1e-320],
        [float(i % 2) for i in range(40)],
        [None] * 20 + [float(i) for i in range(20)],
    ],
    ids=["too large", "large", "zero", "tiny", "denormal", "flips", "gap first"],
)
async def test_odd_series_give_an_answer_or_a_reason(values: list[float | None]) -> None:
    series = {"timestamps": [1_767_571_200 + 60 * i for i in range(len(values))], "values": values}
    async with _connected() as client:
        await _answered_or_explained(client, series=series, horizon=10, threshold=5)


async def _answered_or_explained(client: Client, **arguments: Any) -> None:
    result = await client.call_tool(TOOL, arguments)
    assert "[bug]" not in str(result.content)


@pytest.mark.anyio
async def test_what_it_is_now_is_the_newest_sample(demo: Deps) -> None:
    """The disk ripples with the day, so its level without the ripple is another number than the free space of now."""
    async with _connected(demo) as client:
        answer = await answer_of(client, TOOL, query=DISK, threshold=0)
    newest = await DemoSource().instant_query(DISK, at=(await DemoSource().latest()) or full_at())
    assert answer["last_value"] == pytest.approx(float(newest.values[0]))
    assert f"From {figure_text(float(newest.values[0]), 'bytes')} now" in answer["summary"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("threshold", "direction", "is_doubted"), [(80e9, "auto", True), (80e9, "down", False), (20e9, "auto", False)]
)
async def test_a_threshold_on_the_far_side_of_the_trend_is_doubted(
    demo: Deps, threshold: float, direction: str, is_doubted: bool
) -> None:
    """76.5 GB are free and fewer every day: that they rise to 80 GB is hardly what was asked."""
    async with _connected(demo) as client:
        answer = await answer_of(client, TOOL, query=DISK, threshold=threshold, direction=direction)
    assert any("direction=down" in text for text in answer["warnings"]) is is_doubted


@pytest.mark.anyio
async def test_a_threshold_in_percent_for_a_ratio_is_noticed(demo: Deps) -> None:
    used = f"1 - {DISK} / node_filesystem_size_bytes"
    async with _connected(demo) as client:
        wrong = await answer_of(client, TOOL, query=used, threshold=90)
        right = await answer_of(client, TOOL, query=used, threshold=0.9)
    assert any("for 90 % pass 0.9" in text for text in wrong["warnings"])
    assert not any("pass 0.9" in text for text in right["warnings"])


@pytest.mark.anyio
@pytest.mark.parametrize(("horizon", "most"), [("30d", 0.1), ("60d", 0.5)])
async def test_a_quiet_pool_does_not_cross_by_noise(demo: Deps, horizon: str, most: float) -> None:
    """Source: the demo's law. At most 5 of 20 connections are busy on average, and 16 in two weeks never were.

    Known gap: at 60 d, four times the history, the probability is still above its law's few percent.
    """
    query = 'db_pool_connections_in_use{service="catalog"} / db_pool_connections_max{service="catalog"}'
    async with _connected(demo) as client:
        answer = await answer_of(client, TOOL, query=query, horizon=horizon, threshold=0.8)
    for part in (answer["exhaustion"], *answer["others"]):
        assert part["outcome"] == "does_not_cross"
        assert part["probability_ratio"] < most
    assert answer["exhaustion"]["crossing_means"] == "the first single step at or above the threshold"


@pytest.mark.anyio
async def test_nine_minutes_give_no_growth_a_month_and_say_why() -> None:
    async with _connected() as client:
        answer = await answer_of(client, TOOL, series=_line(37, step=15), horizon=10)
    assert answer["growth"]["per_month"] is None
    assert "9m of history is under the 3d" in answer["growth"]["reason"]


@pytest.mark.anyio
async def test_an_empty_window_is_named_in_words(demo: Deps) -> None:
    async with _connected(demo) as client:
        text = await error_of(client, TOOL, query="nothing_like_this", horizon="3d")
    assert re.search(r"between \S+Z and \S+Z", text)


@pytest.mark.anyio
async def test_what_is_used_of_a_disk_ends_at_the_whole_of_it(demo: Deps) -> None:
    """The disk is full after 19 of 30 days; more than all of it can never be used."""
    used = f"100 * (1 - {DISK} / node_filesystem_size_bytes)"
    async with _connected(demo) as client:
        answer = await answer_of(client, TOOL, query=used, threshold=100)
        beyond = await answer_of(client, TOOL, query=used, threshold=120)
    assert max(value for row in answer["forecast"] for value in row[1:]) == 100
    assert abs(_at(answer["exhaustion"]["expected"]) - full_at()) < timedelta(days=1)
    assert "cannot reach 120" in beyond["summary"]


@pytest.mark.anyio
async def test_growth_a_month_is_that_of_the_demo_in_spite_of_its_weekends(demo: Deps) -> None:
    """Source: the demo's traffic grows by 3 % a week, with fuller weekends; of today's level 12.7 % a month."""
    weeks_a_month = 30.436875 / 7
    async with _connected(demo) as client:
        answer = await answer_of(
            client, TOOL, query='sum(rate(http_requests_total{service="web"}[1h]))', step="1h", horizon="14d"
        )
    assert answer["growth"]["ratio_per_month"] == pytest.approx((1 - 1 / 1.03) * weeks_a_month, rel=0.15)
    assert "So far it rose by" in answer["summary"]
    assert any(text.startswith("daily: peak 2") for text in answer["seasons"])
