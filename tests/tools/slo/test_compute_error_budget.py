"""`compute_error_budget` through the client: counts, counters built by hand, documents, the demo world's truth."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from promql_parser import parse

from connectors.demo.world import World, build_world
from connectors.snapshot import RecordedSource
from sre.core.labels import Labels
from sre.core.series import Samples
from sre.core.telemetry import MetricMetadata
from tests.connectors.openslo.test_document import GOOD
from tests.support.hand_built import source_of
from tests.support.mcp import answer_of, deps_with, error_of, tool_client

pytestmark = pytest.mark.anyio

TOOL = "compute_error_budget"
END = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE_MS = 60_000
DAY_MINUTES = 1_440


def counter(
    per_minute: Sequence[float] | float, *, minutes: int, code: str = "200", first: float = 1_000.0, **labels: str
) -> Samples:
    """A counter scraped once a minute up to END that grows by `per_minute` (one number, or one a minute)."""
    steps = np.full(minutes, per_minute) if isinstance(per_minute, (int, float)) else np.array(per_minute)
    end_ms = round(END.timestamp() * 1000)
    times = end_ms - MINUTE_MS * np.arange(minutes, -1, -1, dtype=np.int64)
    values = first + np.concatenate([[0.0], np.cumsum(steps)])
    return Samples(Labels({"__name__": "reqs_total", "code": code, **labels}), times, values)


COUNTERS = {"objective": 0.999, "total": "reqs_total", "bad": 'reqs_total{code="500"}'}


@cache
def world() -> World:
    return build_world(42)


def demo() -> RecordedSource:
    return source_of(world().samples, metadata=world().metadata, name="demo")


async def budget(*samples: Samples, metadata: dict[str, MetricMetadata] | None = None, **arguments: Any) -> Any:
    async with tool_client(deps_with(source_of(samples, metadata=metadata))) as client:
        return await answer_of(client, TOOL, **{**COUNTERS, **arguments})


async def test_counts_alone_give_the_whole_answer_but_the_burn_rates_of_now() -> None:
    """By hand: 99.9 % of 1,000,000 allows 1,000; 480 are 48 %; 52 % of 43.2 min are 22.464 min. 52 % left is `ship`."""
    async with tool_client() as client:
        answer = await answer_of(client, TOOL, objective=0.999, window="30d", total=1_000_000, bad=480)
    assert (answer["total_events"], answer["bad_events"], answer["allowed_bad_events"]) == (1_000_000, 480, 1_000)
    assert (answer["sli_ratio"], answer["budget_ratio"]) == (0.99952, 0.001)
    assert (answer["consumed_ratio"], answer["remaining_ratio"], answer["remaining_minutes"]) == (0.48, 0.52, 22.46)
    assert answer["window_burn_rate"] == 0.48
    assert answer["policy"] == {"level": "healthy", "action": "Ship features."}
    assert answer["deploy_allowed"] is True
    assert "not known" in answer["deploy_reason"]
    assert answer["exhausted_at"] is None
    assert [row["factor"] for row in answer["burn_rates"]] == [14.4, 6, 3, 1]
    assert all(row["long_burn_rate"] is None and row["is_firing"] is None for row in answer["burn_rates"])
    assert "PromQL counters" in answer["left_out"][0]
    assert answer["window"] == {"start": "2026-10-03T12:00:00Z", "end": "2026-11-02T12:00:00Z", "step_seconds": None}
    assert answer["summary"].startswith("The service: 99.952 % of 1,000,000 events were good over 30d")


@pytest.mark.parametrize(
    "sides",
    [{"good": 999_520, "total": 1_000_000}, {"good": 999_520, "bad": 480}, {"bad": "480", "total": "1e6"}],
)
async def test_any_two_of_good_bad_and_total_say_the_same(sides: dict[str, Any]) -> None:
    async with tool_client() as client:
        answer = await answer_of(client, TOOL, objective=0.999, window="30d", **sides)
    assert (answer["total_events"], answer["bad_events"], answer["consumed_ratio"]) == (1_000_000, 480, 0.48)


async def test_no_traffic_is_null_and_said_and_no_reason_to_deploy() -> None:
    async with tool_client() as client:
        answer = await answer_of(client, TOOL, objective=0.999, window="30d", total=0, bad=0)
    assert answer["sli_ratio"] is None
    assert answer["consumed_ratio"] is None
    assert answer["policy"] is None
    assert answer["deploy_allowed"] is None
    assert any("No traffic" in warning for warning in answer["warnings"])


async def test_low_traffic_says_what_one_event_costs() -> None:
    async with tool_client() as client:
        few = await answer_of(client, TOOL, objective=0.999, window="30d", total=500, bad=0)
        some = await answer_of(client, TOOL, objective=0.999, window="30d", total=4_000, bad=0)
    assert any("single one overspends" in warning for warning in few["warnings"])
    assert any("25%" in warning for warning in some["warnings"])


async def test_a_calendar_month_is_judged_by_its_whole_length_and_by_what_has_passed() -> None:
    """By hand: a day and a half of November's 30 days: 1,000,000 events of a projected 20,000,000, 20,000 allowed."""
    async with tool_client() as client:
        answer = await answer_of(client, TOOL, objective=0.999, window="calendar-month", total=1_000_000, bad=500)
    assert answer["window"]["start"] == "2026-11-01T00:00:00Z"
    assert answer["allowed_bad_events"] == 20_000
    assert answer["consumed_ratio"] == 0.025
    assert answer["elapsed_consumed_ratio"] == 0.5
    assert "2026-12-01" in answer["budget_basis"]


async def test_counters_that_never_reset_are_counted_exactly() -> None:
    """10 requests and 0.01 errors a minute for 8 days; the last 7 hold 100,800 and 100.8."""
    answer = await budget(
        counter(10, minutes=8 * DAY_MINUTES), counter(0.01, minutes=8 * DAY_MINUTES, code="500"), window="7d"
    )
    assert answer["counting"].startswith("exact")
    assert answer["total_events"] == 100_901  # 100,800 good and 100.8 bad, as whole events
    assert answer["bad_events"] == 101
    assert answer["coverage_ratio"] == 1
    assert answer["consumed_ratio"] == pytest.approx(100.8 / 100.9008, rel=1e-3)
    assert all(row["long_burn_rate"] == pytest.approx(0.999, rel=2e-3) for row in answer["burn_rates"])


async def test_every_query_in_the_answer_is_promql() -> None:
    answer = await budget(counter(10, minutes=2_000), counter(0.1, minutes=2_000, code="500"), window="1d")
    assert answer["queries"]
    for row in answer["queries"]:
        parse(row["query"].replace("$window", "5m"))


async def test_a_restart_loses_nothing_that_was_scraped() -> None:
    """The counter falls to 30 half-way through an hour and goes on: 30 x 10 before, 30 after zero, 29 x 10 more."""
    whole = counter(10, minutes=180)
    values = whole.values.copy()
    values[-30:] = 30 + 10 * np.arange(30)
    restarted = Samples(whole.labels, whole.timestamps_ms, values)
    answer = await budget(restarted, counter(0, minutes=180, code="500", first=0), window="1h")
    assert answer["total_events"] == 30 * 10 + 30 + 29 * 10
    assert answer["counting"].startswith("exact")


async def test_a_missing_error_series_is_no_error_and_said() -> None:
    answer = await budget(counter(10, minutes=3_000), window="1d")
    assert answer["bad_events"] == 0
    assert answer["sli_ratio"] == 1
    assert answer["remaining_ratio"] == 1
    assert any("taken as none" in warning for warning in answer["warnings"])


async def test_an_error_series_that_begins_inside_the_window_counts_from_zero() -> None:
    """`increase` would drop the first 40; they are events."""
    late = counter(0, minutes=60, code="500", first=40)
    answer = await budget(counter(10, minutes=3_000), late, window="6h")
    assert answer["bad_events"] == 40
    assert any("appeared inside the window" in warning for warning in answer["warnings"])


def appeared(code: str, values: Sequence[float], *, minutes_ago: int) -> Samples:
    """A counter whose first scrape was so long ago; it need not reach the present."""
    first_ms = round(END.timestamp() * 1000) - MINUTE_MS * minutes_ago
    times = first_ms + MINUTE_MS * np.arange(len(values), dtype=np.int64)
    return Samples(Labels({"__name__": "reqs_total", "code": code}), times, np.array(values, dtype=float))


@pytest.mark.parametrize(
    ("bad", "events", "is_exact"),
    [
        pytest.param(appeared("500", [1.0] * 2_001, minutes_ago=2_000), 1, True, id="one and never another"),
        pytest.param(appeared("500", [1.0] * 90, minutes_ago=2_000), 1, False, id="gone again"),
        pytest.param(appeared("500", [7.0], minutes_ago=0), 7, True, id="a single scrape"),
        pytest.param(appeared("500", np.arange(40, 2_041), minutes_ago=2_000), 2_040, True, id="and it grows"),
    ],
)
@pytest.mark.parametrize("days", [8, 5])
async def test_the_first_failure_ever_is_counted_and_said_over_a_week(
    bad: Samples, events: int, is_exact: bool, days: int
) -> None:
    """`increase` drops the first value of a series; with data before it, that value counts from zero.

    Over a week with five days of data, whatever appears later than the data do is as new.
    """
    answer = await budget(counter(10, minutes=days * DAY_MINUTES), bad, window="7d")
    assert answer["bad_events"] == pytest.approx(events, rel=1e-3)  # half a minute is extrapolated
    assert answer["counting"].startswith("exact") is (is_exact and days == 8)
    assert sum("counted from zero" in warning for warning in answer["warnings"]) == 2  # of the total, of the bad


async def test_a_series_that_begins_at_zero_is_nothing_to_mention() -> None:
    clean = appeared("500", [0.0] * 2_001, minutes_ago=2_000)
    answer = await budget(counter(10, minutes=8 * DAY_MINUTES), clean, window="7d")
    assert (answer["bad_events"], answer["warnings"]) == (0, [])
    assert answer["counting"].startswith("exact")


@pytest.mark.parametrize("window", ["7d", "1d"])
async def test_what_counters_held_when_the_data_began_is_not_counted(window: str) -> None:
    """Both series are there from the first scrape, with 1,000,000 and 5,000 of who knows when; 10 and 1 a minute."""
    samples = [counter(10, minutes=600, first=1e6), counter(1, minutes=600, code="500", first=5_000)]
    answer = await budget(*samples, window=window)
    assert answer["total_events"] == pytest.approx(6_600, rel=0.01)
    assert answer["bad_events"] == pytest.approx(600, rel=0.01)
    assert not any("counted from zero" in warning for warning in answer["warnings"])


async def test_every_query_of_a_count_from_zero_is_promql() -> None:
    answer = await budget(
        counter(10, minutes=8 * DAY_MINUTES), appeared("500", [1.0] * 90, minutes_ago=2_000), window="7d"
    )
    for row in answer["queries"]:
        parse(row["query"].replace("$window", "5m"))


async def test_short_history_is_said_with_its_share() -> None:
    answer = await budget(
        counter(10, minutes=15 * DAY_MINUTES), counter(0.001, minutes=15 * DAY_MINUTES, code="500"), window="30d"
    )
    assert answer["coverage_ratio"] == pytest.approx(0.5, abs=0.02)
    assert any("15 d of 30 d" in warning for warning in answer["warnings"])


async def test_an_outage_now_fires_the_page_tiers_and_stops_deploys() -> None:
    """One request in 21 has failed for the last 20 minutes, after 31 clean days."""
    minutes = 31 * DAY_MINUTES
    bad = np.zeros(minutes)
    bad[-20:] = 5
    answer = await budget(counter(100, minutes=minutes), counter(bad, minutes=minutes, code="500"), window="30d")
    fired = {row["tier"]: row["is_firing"] for row in answer["burn_rates"]}
    assert fired["fast"] is True
    assert answer["policy"]["level"] == "healthy"
    assert answer["deploy_allowed"] is False
    assert "fast" in answer["deploy_reason"]
    # 20 x 5 of 6,100 events in an hour: 16.4 times the 0.1 % that is allowed.
    fast = next(row for row in answer["burn_rates"] if row["tier"] == "fast")
    assert fast["long_burn_rate"] == pytest.approx(100 / 6_100 / 0.001, rel=0.02)
    # 4,320 a month are allowed, 100 spent; at 16.4 times the allowance the rest lasts 43.9 h.
    left_hours = (1 - 100 / 4_320) * 30 * 24 / (100 / 6_100 / 0.001)
    hours = (datetime.fromisoformat(answer["exhausted_at"]) - END).total_seconds() / 3600
    assert hours == pytest.approx(left_hours, rel=0.03)
    assert "1h" in answer["exhausted_at_basis"]


async def test_a_spent_budget_says_since_when() -> None:
    """3 days of 7 at one error a minute, ten requests a minute: allowed are 100.8, so spent 100.8 minutes after."""
    minutes = 15 * DAY_MINUTES
    bad = np.zeros(minutes)
    bad[-3 * DAY_MINUTES :] = 1
    answer = await budget(counter(9, minutes=minutes), counter(bad, minutes=minutes, code="500"), window="7d")
    assert answer["policy"]["level"] == "exhausted"
    assert answer["deploy_allowed"] is False
    since = datetime.fromisoformat(answer["exhausted_at"])
    spent_minutes = (since - END).total_seconds() / 60 + 3 * DAY_MINUTES
    assert 90 <= spent_minutes <= 90.7 + 85  # to one slice of 84 minutes


async def test_one_event_that_would_fire_a_tier_is_said() -> None:
    answer = await budget(counter(0.1, minutes=31 * DAY_MINUTES), window="30d")
    notes = {row["tier"]: row["note"] for row in answer["burn_rates"]}
    assert "one bad event" in (notes["fast"] or "")


@pytest.mark.parametrize("service", ["web", "catalog", "checkout", "payments", "inventory"])
async def test_the_demo_world_is_counted_as_it_was_made(service: str) -> None:
    """Truth by the generator's own increments; `increase` over 14 d of minutes may be off by 1e-4."""
    truth = world().truth.budget_of(service)
    total, bad = {
        "payments": (
            "grpc_server_handled_total",
            'grpc_code=~"Unknown|Internal|Unavailable|DeadlineExceeded|DataLoss"',
        ),
        "inventory": ("http_server_request_duration_seconds_count", 'http_response_status_code=~"5.."'),
    }.get(service, ("http_requests_total", 'code=~"5.."'))
    async with tool_client(deps_with(demo())) as client:
        answer = await answer_of(
            client,
            TOOL,
            objective=0.999,
            window="14d",
            total=f'{total}{{service="{service}"}}',
            bad=f'{total}{{service="{service}",{bad}}}',
        )
    assert answer["total_events"] == pytest.approx(truth.total_events, rel=1e-4)
    assert answer["bad_events"] == pytest.approx(truth.bad_events, rel=2e-3)
    assert answer["consumed_ratio"] == pytest.approx(truth.consumed_ratio, rel=2e-3)


async def test_an_slo_document_answers_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text(GOOD, encoding="utf-8")
    async with tool_client(deps_with(demo(), slo_folder=tmp_path)) as client:
        answer = await answer_of(client, TOOL, slo="checkout-availability")
        unknown = await error_of(client, TOOL, slo="checkout")
    assert answer["summary"].startswith("Checkout availability:")
    assert answer["objective_ratio"] == 0.999
    assert answer["slo_window"] == "30d"
    assert answer["bad_events"] == pytest.approx(world().truth.budget_of("checkout").bad_events, rel=1e-3)
    assert "checkout-availability" in unknown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "Pass slo, or objective"),
        ({"objective": 0.999}, "two of good, bad and total"),
        ({"objective": 0.999, "total": 10}, "two of good, bad and total"),
        ({"objective": 99.9, "total": 10, "bad": 1}, "pass 0.999"),
        ({"objective": 1.0, "total": 10, "bad": 1}, "between 0 and 1"),
        ({"objective": 0.9, "total": 10, "bad": 11}, "must not be smaller"),
        ({"objective": 0.9, "total": 10, "bad": -1}, "0 or more"),
        ({"objective": 0.9, "total": 10, "good": 11}, "must not be smaller"),
        ({"objective": 0.9, "total": 10, "good": 5, "bad": 4}, "pass two of them"),
        ({"objective": 0.9, "total": "reqs_total", "bad": 1}, "mixed"),
        ({"objective": 0.9, "total": 1, "bad": 0, "window": "fortnight"}, "calendar-month"),
        ({"objective": 0.9, "total": 1, "bad": 0, "window": "5m"}, "at least 1h"),
        ({"objective": 0.9, "total": 1, "bad": 0, "window": "calendar-month", "time_zone": "Mars"}, "IANA"),
        ({"objective": 0.9, "total": 1, "bad": 0, "window": "7d", "time_zone": "Mars"}, "IANA"),
        ({"objective": 0.9, "total": 1, "bad": 0, "at": "yesterday"}, "not a time"),
        ({"objective": 0.9, "total": "rate(reqs_total[5m])", "bad": "reqs_total"}, "fixed range"),
        ({"objective": 0.9, "total": "nope_total", "bad": "reqs_total"}, "nothing at"),
        ({"slo": "anything"}, "No SLO folder"),
        ({"slo": "anything", "window": "7d", "total": 5}, "already says window, total"),
    ],
)
async def test_a_wrong_call_is_told_how_to_be_right(arguments: dict[str, Any], words: str) -> None:
    async with tool_client(deps_with(source_of([counter(10, minutes=100)]))) as client:
        assert words in await error_of(client, TOOL, **arguments)


async def test_a_gauge_is_refused_where_the_source_knows_it_for_one() -> None:
    async with tool_client(
        deps_with(source_of([counter(10, minutes=100)], metadata={"reqs_total": MetricMetadata("gauge")}))
    ) as client:
        assert "is a gauge" in await error_of(client, TOOL, **COUNTERS)


async def test_a_metric_that_is_not_there_is_answered_with_the_nearest() -> None:
    async with tool_client(deps_with(source_of([counter(10, minutes=100)]))) as client:
        error = await error_of(client, TOOL, objective=0.9, total="req_total", bad="req_total", window="1h")
    assert "reqs_total" in error


async def test_without_a_source_queries_are_told_what_to_set() -> None:
    async with tool_client() as client:
        assert "PROMETHEUS_URL" in await error_of(client, TOOL, **COUNTERS)


async def test_a_spent_budget_whose_history_is_unknown_claims_no_date() -> None:
    async with tool_client() as client:
        answer = await answer_of(client, TOOL, objective=0.999, window="30d", total=1_000_000, bad=2_000)
    assert answer["exhausted_at"] is None
    assert "not known" in answer["exhausted_at_basis"]
    assert "Spent since" not in answer["summary"]


async def test_the_summary_of_a_spent_rolling_budget_says_since_when() -> None:
    """100 a minute for 20 days; in the minute 5 days ago 1,500 fail, more than the 1,008 that 7 days may bear."""
    failures = np.zeros(20 * DAY_MINUTES)
    failures[-5 * DAY_MINUTES] = 1_500
    minutes = 20 * DAY_MINUTES
    answer = await budget(counter(100, minutes=minutes), counter(failures, minutes=minutes, code="500"), window="7d")
    assert answer["exhausted_at"].startswith("2026-10-28T")
    assert f"Spent since about {answer['exhausted_at']}." in answer["summary"]


async def test_the_newest_slice_of_an_uneven_window_is_not_lost() -> None:
    """22 d 8 h 39 min do not divide into 120 slices of whole milliseconds; ten minutes of data lie in the last one."""
    samples = [counter(10, minutes=10), counter(1, minutes=10, code="500")]
    answer = await budget(*samples, window="22d8h39m2s")
    assert answer["coverage_ratio"] == pytest.approx(1 / 120, rel=0.01)


async def test_parts_larger_than_their_whole_are_named_as_given() -> None:
    async with tool_client() as client:
        text = await error_of(client, TOOL, objective=0.999, total=1_000_000, bad=2_000_000)
    assert "total (1000000) must not be smaller than its parts (bad 2000000)" in text


async def test_an_argument_of_another_tool_is_not_taken_for_a_misspelt_one() -> None:
    async with tool_client() as client:
        text = await error_of(client, TOOL, service="checkout")
        slip = await error_of(client, TOOL, timezone="UTC")
    assert 'Unknown argument "service".' in text
    assert "Did you mean" not in text
    assert "Did you mean time_zone?" in slip
