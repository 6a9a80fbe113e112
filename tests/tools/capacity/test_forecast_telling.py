"""How a forecast is told: a summary that stands alone, rows at one time of day, months as months, doubts in words."""

import base64
import struct
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from mcp.types import ImageContent

from sre.capacity.forecast import forecast
from sre.capacity.model import Change, Exhaustion, Request, Scenario
from tests.support.capacity_series import DAY, history_of, law
from tests.support.mcp import answer_of, error_of, tool_client
from tools.capacity.chart import Caption, forecast_png
from tools.capacity.forecast_capacity import forecast_capacity
from tools.capacity.forecast_summary import crossing_sentence
from tools.registry import ToolSpec

pytestmark = pytest.mark.anyio

TOOL = "forecast_capacity"
SPEC = ToolSpec(forecast_capacity, "Forecast capacity", "capacity")
START = 1_767_571_200
DAY_MS = 86_400_000
NOW_MS = 1_000 * START


def _series(values: Any, *, step: int = 86_400, times: Any = None) -> dict[str, Any]:
    numbers = [None if value is None or np.isnan(value) else float(value) for value in values]
    return {"timestamps": list(times or [START + step * i for i in range(len(numbers))]), "values": numbers}


def _month_starts(count: int, *, day: int = 1) -> list[str]:
    return [datetime(2022 + i // 12, 1 + i % 12, day, tzinfo=UTC).isoformat() for i in range(count)]


async def _ask(**arguments: Any) -> dict[str, Any]:
    async with tool_client(specs=[SPEC]) as client:
        return await answer_of(client, TOOL, **arguments)


async def test_the_summary_of_a_line_says_all_there_is_to_say() -> None:
    """Worked example: 5 + 2 i stands at 403 after 200 hours, reaches 500 at the 248th, and 603 at the 299th."""
    answer = await _ask(series=_series([5.0 + 2 * i for i in range(200)], step=3600), horizon=100, threshold=500)
    said = answer["summary"]
    assert said.startswith("Crosses 500 around 2026-01-15T08:00Z, in 2 days.")
    assert "From 403 now to 603 (80 % interval 603 to 603) on 2026-01-17T11:00Z." in said
    assert "So far it rose by 1,461 a month (" in said
    assert "ahead, were " in said
    assert said.endswith("Trust: high.")


async def test_growth_without_history_tells_the_changes_and_the_growth_alone_apart() -> None:
    """Worked example: 1,200 x 1.15^m passes 3,000 after ln 2.5 / ln 1.15 = 6.56 months, tripled on a day at once."""
    answer = await _ask(
        start_value=1200, scenario="15%/month, x3 on 2026-11-27", threshold=3000, horizon="365d", max_points=3
    )
    assert answer["summary"].startswith("By what was given, not measured: +15 % a month, x3 from 2026-11-27T00:00:00Z")
    assert "Crosses 3,000 around 2026-11-27T00:00Z, in 24 days." in answer["summary"]
    assert "By growth alone: crosses 3,000 around 2027-05-21" in answer["summary"]
    assert answer["without_scenario"]["exhaustion"]["expected"].startswith("2027-05-21")


async def test_months_are_told_as_months() -> None:
    """Worked example: 100 and three more a month, on the first of each; twelve months later it is 36 more."""
    answer = await _ask(series=_series(100 + 3.0 * np.arange(48), times=_month_starts(48)), horizon="365d")
    assert (answer["step"], answer["horizon"]) == ("1 month", "12 months")
    assert answer["window"]["start"] == "2022-01-01T00:00:00Z"
    dates = [datetime.fromtimestamp(row[0], UTC) for row in answer["forecast"]]
    assert [(at.year, at.month, at.day) for at in dates] == [(2026, month, 1) for month in range(1, 13)]
    assert answer["forecast"][-1][1] == pytest.approx(241 + 36, rel=0.01)
    assert "months ahead" in answer["summary"]


async def test_a_month_on_its_31st_ends_on_the_last_day_of_a_shorter_one() -> None:
    ends = [
        (np.datetime64(f"{2022 + (i + 1) // 12}-{1 + (i + 1) % 12:02d}-01") - np.timedelta64(1, "D")).astype(str)
        + "T06:00Z"
        for i in range(37)
    ]
    answer = await _ask(series=_series(100 + 3.0 * np.arange(37) + np.arange(37) % 2, times=ends), horizon=3)
    dates = [datetime.fromtimestamp(row[0], UTC).strftime("%m-%d %H:%M") for row in answer["forecast"]]
    assert dates == ["02-28 06:00", "03-31 06:00", "04-30 06:00"]


async def test_a_horizon_of_a_year_from_days_reads_well() -> None:
    """Two years of days with a week; one row in nine or so, all at the same time of day."""
    day = np.arange(730)
    values = (1000 + day) * np.where(day % 7 < 5, 1.2, 1.0) + np.random.default_rng(1).normal(0, 10, 730)
    answer = await _ask(series=_series(values), horizon="365d", threshold=2300)
    assert answer["horizon"] == "365d"
    assert len(answer["forecast"]) <= 40
    assert answer["seasons"][0].startswith("weekly: weekdays 2")
    assert answer["exhaustion"]["outcome"] in ("crosses", "does_not_cross")
    assert len(str(answer)) < 12_000


@pytest.mark.parametrize("threshold", [None, 0])
async def test_thinned_rows_are_the_worst_of_each_day(threshold: float | None) -> None:
    """Rows at one hour would hide the peaks; where a lower limit is asked about, the lows are what matters."""
    values = 100 + 30 * np.sin(2 * np.pi * np.arange(24 * 28) / 24) + np.random.default_rng(1).normal(0, 1, 24 * 28)
    asked = {"series": _series(values, step=3600), "horizon": "14d"}
    if threshold is not None:
        asked["threshold"] = threshold
    every, thinned = await _ask(**asked, max_points=400), await _ask(**asked, max_points=10)
    worst = max if threshold is None else min
    blocks = [every["forecast"][i : i + 48] for i in range(0, 14 * 24, 48)]
    assert [row[1] for row in thinned["forecast"]] == [worst(row[1] for row in block) for block in blocks]
    side = "highest" if threshold is None else "lowest"
    assert thinned["left_out"] == [f"forecast: 7 of 336 rows, the {side} of each 2 days; raise max_points for more."]


async def test_a_series_that_misses_its_last_values_has_stopped() -> None:
    values = [*(100 + np.random.default_rng(2).normal(0, 3, 100)), *[float("nan")] * 20]
    answer = await _ask(series=_series(values), horizon="60d")
    assert any("has stopped: its last value is from 2026-04-14" in text for text in answer["warnings"])
    async with tool_client(specs=[SPEC]) as client:
        assert "the whole horizon is past" in await error_of(client, TOOL, series=_series(values), horizon="9d")


async def test_a_series_that_only_rises_may_be_a_counter() -> None:
    rising = await _ask(series=_series(np.cumsum(1.0 + np.arange(60) % 3)), horizon=5)
    reset = await _ask(series=_series([float(i % 50) * 10 for i in range(100)], step=60), horizon=5)
    assert rising["kind"] == "stock"
    assert any("if it counts events, pass their rate" in text for text in rising["warnings"])
    assert reset["kind"] == "counter"
    assert reset["forecast"][0][1] == pytest.approx(10 / 60, rel=0.1)
    assert any("1 reset taken out" in text for text in reset["warnings"])


async def test_times_without_a_zone_are_read_as_utc_and_it_is_said() -> None:
    naive = await _ask(series=_series(np.arange(20.0), times=[f"2026-01-{i + 5:02d}" for i in range(20)]), horizon=5)
    zoned = await _ask(series=_series(np.arange(20.0)), horizon=5)
    assert naive["forecast"] == zoned["forecast"]
    assert naive["warnings"][0] == "20 of 20 timestamps have no time zone and were read as UTC."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"series": _series(range(20)), "step": "1h", "source": "demo"}, "step, source go with query"),
        ({"start_value": 5, "scenario": "1%/month", "start": "now-9d"}, "start go with query"),
    ],
)
async def test_what_goes_with_a_query_alone_is_not_ignored(arguments: dict[str, Any], said: str) -> None:
    async with tool_client(specs=[SPEC]) as client:
        assert said in await error_of(client, TOOL, **arguments)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            Exhaustion(90.0, "up", "crosses", 0.93, NOW_MS + 40 * DAY_MS, NOW_MS + 30 * DAY_MS, None),
            "Crosses 90 around 2026-02-14T00:00Z, in 40 days (earliest 2026-02-04T00:00Z, latest beyond the horizon; "
            "probability within the horizon 93 %).",
        ),
        (
            Exhaustion(90.0, "up", "crosses", 1.0, NOW_MS + 3_600_000, NOW_MS + 3_600_000, NOW_MS + 3_600_000),
            "Crosses 90 around 2026-01-05T01:00Z, in 1h.",
        ),
        (
            Exhaustion(90.0, "up", "does_not_cross", 0.3, None, NOW_MS + 9 * DAY_MS),
            "Most likely does not cross 90 within the horizon (probability to cross 30 %, not before 2026-01-14T00:00Z).",
        ),
        (Exhaustion(90.0, "up", "already_crossed", 1.0, NOW_MS, NOW_MS, NOW_MS), "It is past 90 already."),
        (Exhaustion(190.0, "up", "cannot_cross", 0.0), "It cannot reach 190."),
        (
            Exhaustion(90.0, "up", "does_not_cross", 0.004),
            "Most likely does not cross 90 within the horizon (probability to cross under 1 %).",
        ),
    ],
)
def test_each_outcome_has_its_sentence(found: Exhaustion, said: str) -> None:
    assert crossing_sentence(found, now_ms=NOW_MS) == said


async def test_brief_excursions_are_not_told_as_growth_to_the_limit() -> None:
    """A calm series with a spike every twelve days, alike in the future: the spikes cross, the series does not."""
    values = 20 + np.random.default_rng(3).normal(0, 1, 24 * 60)
    values[::288] = 100
    answer = await _ask(series=_series(values, step=3600), horizon="20d", threshold=95)
    found = answer["exhaustion"]
    highest = max(row[3] for row in answer["forecast"])
    is_told = "in brief excursions" in answer["summary"]
    assert is_told == (found["outcome"] == "crosses" and highest < 95)


def _chart(forecast_of: Request, *, without: Request | None = None) -> bytes:
    history = history_of(law(120, lambda i: 100 + i, noise=3.0), step_seconds=DAY)
    plain = None if without is None else forecast(history, without)
    return forecast_png(
        forecast(history, forecast_of), Caption("disk{job=\"x$_1^\"}\u202e\U0001f600", "bytes", 0.8), without_scenario=plain
    )  # fmt: skip


@pytest.mark.parametrize("threshold", [None, 250.0, 110.0, 1e6], ids=["none", "crosses", "past", "never"])
def test_a_chart_is_drawn_whatever_the_outcome(threshold: float | None) -> None:
    """A title from outside is drawn as text: no markup, no missing glyph, no warning (warnings are errors here)."""
    end_ms = NOW_MS + 119 * DAY_MS
    busy = Scenario(0.05, 1.2, (Change(end_ms + 10 * DAY_MS, end_ms + 11 * DAY_MS, 3.0),))
    png = _chart(Request(60, threshold=threshold, scenario=busy), without=Request(60, threshold=threshold))
    width, height = struct.unpack(">II", png[16:24])
    assert png.startswith(b"\x89PNG")
    assert (width, height) == (1100, 550)
    assert 10_000 < len(png) < 300_000


async def test_a_chart_of_assumed_growth_comes_with_the_answer() -> None:
    async with tool_client(specs=[SPEC]) as client:
        result = await client.call_tool(
            TOOL, {"start_value": 1200, "scenario": "15%/month", "threshold": 2400, "horizon": "365d", "chart": True}
        )
    (image,) = [part for part in result.content if isinstance(part, ImageContent)]
    assert base64.b64decode(image.data).startswith(b"\x89PNG")
