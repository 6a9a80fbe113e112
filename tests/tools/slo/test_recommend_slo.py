"""`recommend_slo` through the client: the demo world's truth, and recordings of which every failure is planted."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from connectors.demo.world import World, build_world
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.snapshot import RecordedSource
from connectors.snapshot.recording import Recording
from sre.core.errors import UpstreamError
from sre.core.labels import Labels
from sre.core.series import RangeResult, Samples
from sre.core.times import Duration, Window
from tests.support.hand_built import source_of
from tests.support.mcp import answer_of, deps_with, error_of, tool_client
from tests.support.openmetrics_file import written
from tests.support.real_prometheus import running_prometheus
from tests.support.slo_documents import slo_document
from tests.tools.slo.test_budget_kinds import DAY, ago, counter, gauge

pytestmark = pytest.mark.anyio

TOOL = "recommend_slo"


@cache
def world() -> World:
    return build_world(42)


def demo() -> RecordedSource:
    return source_of(world().samples, metadata=world().metadata, name="demo")


async def recommend(*samples: Samples, source: Any = None, **arguments: Any) -> Any:
    async with tool_client(deps_with(source or source_of(samples))) as client:
        return await answer_of(client, TOOL, **arguments)


def one(answer: Any, kind: str) -> Any:
    return next(row for row in answer["indicators"] if row["kind"] == kind)


def candidate(indicator: Any, objective: float) -> Any:
    return next(row for row in indicator["candidates"] if row["objective_ratio"] == objective)


async def test_checkout_of_the_demo_begins_with_what_it_met_in_both_weeks() -> None:
    """Truth: 18,651 of 10,058,488 failed, 14,022 of them in the incident of 29 October; one page each at 99.9 %."""
    answer = await recommend(source=demo(), service="checkout")
    truth = world().truth.budget_of("checkout")
    found = one(answer, "availability")
    assert found["bad_events"] == pytest.approx(truth.bad_events, rel=3e-3)
    assert found["recommended_objective_ratio"] == 0.995
    row = candidate(found, 0.999)
    assert row["budget_used_ratio"] == pytest.approx(truth.consumed_ratio, rel=3e-3)
    assert (row["bad_days"], row["weeks_met"], row["pages"]) == (1, 1, 1)
    assert candidate(found, 0.998)["why_listed"] == "achieved"
    assert found["worst_days"][0]["day"] == "2026-10-29"
    assert found["worst_days"][0]["bad_events"] >= world().truth.incident.failed_requests
    assert answer["is_short"] is True
    assert "History is short" in answer["summary"]
    assert [step["objective_ratio"] for step in found["tighten"]] == [0.999, 0.9995]
    assert found["tighten"][0]["not_before"] == "2027-01-01T00:00:00Z"
    latency = one(answer, "latency")
    assert latency["threshold_seconds"] in [row["seconds"] for row in latency["thresholds"]]
    assert latency["sli_ratio"] > latency["recommended_objective_ratio"]


@pytest.mark.parametrize("service", ["web", "catalog", "checkout", "payments", "inventory"])
async def test_what_it_recommends_can_be_defined_and_is_met(service: str, tmp_path: Any) -> None:
    """The call that the answer names is made, and the budget counted exactly over the same data agrees.

    Five-minute windows of samples a minute apart see four of five increments and take them for all: 1,752 failures are
    told to within two standard deviations, 3 %.
    """
    async with tool_client(deps_with(demo(), slo_folder=tmp_path)) as client:
        answer = await answer_of(client, TOOL, service=service)
        for found in answer["indicators"]:
            arguments = eval(found["define"].replace("define_slo", "dict"), {"dict": dict})
            defined = await answer_of(client, "define_slo", **arguments)
            budget = await answer_of(client, "compute_error_budget", slo=defined["slo"]["name"])
            row = candidate(found, found["recommended_objective_ratio"])
            assert budget["consumed_ratio"] == pytest.approx(row["budget_used_ratio"], rel=0.03)
            assert budget["consumed_ratio"] <= 0.77
    assert len(answer["indicators"]) == 2


def ten_weeks(*, per_minute: float, outages: dict[int, tuple[int, float]]) -> list[Samples]:
    """Ten weeks; on some days before the end an outage of so many minutes from ten hours before, so many failures each."""
    minutes = 70 * DAY
    bad = np.zeros(minutes)
    for days_ago, (length, each) in outages.items():
        begin = minutes - days_ago * DAY - 600
        bad[begin : begin + length] = each
    return [counter(per_minute, minutes=minutes), counter(bad.tolist(), minutes=minutes, code="500")]


LONG = slo_document(objective=0.999, window="28d")


async def test_ten_weeks_by_hand() -> None:
    """100 a minute; three outages: 9 weeks, 5 weeks and 3 days ago, of 200, 100 and 50 minutes with 20 failures each.

    7,000 of 10,087,000 fail. At 99.9 % 10,087 may, so 69.4 % is used. A week may bear 1,008: the weeks with 4,000 and
    2,000 break it, the one with 1,000 does not. The worst 28 days hold 4,000 of 4,036.
    """
    samples = ten_weeks(per_minute=100, outages={63: (200, 20), 35: (100, 20), 3: (50, 20)})
    answer = await recommend(*samples, slo=LONG, window="69d")
    found = one(answer, "slo")
    row = candidate(found, 0.999)
    total = 69 * DAY * 100 + 7_000
    assert found["total_events"] == pytest.approx(total, rel=1e-3)
    assert found["bad_events"] == pytest.approx(7_000, rel=1e-3)
    assert row["budget_used_ratio"] == pytest.approx(7_000 / (0.001 * total), rel=2e-3)
    assert row["worst_period_used_ratio"] == pytest.approx(4_000 / (0.001 * (28 * DAY * 100 + 4_000)), rel=2e-3)
    assert (row["bad_days"], row["weeks_met"]) == (3, found["weeks"] - 2)
    assert row["why_listed"] == "defined"
    assert row["obstacles"] == []
    assert found["recommended_objective_ratio"] == 0.999
    assert answer["is_short"] is False
    assert "History is short" not in answer["summary"]


async def test_pages_are_those_of_a_backtest() -> None:
    samples = ten_weeks(per_minute=100, outages={30: (200, 20), 3: (50, 20)})
    source = source_of(samples)
    async with tool_client(deps_with(source)) as client:
        found = one(await answer_of(client, TOOL, slo=LONG, window="40d"), "slo")
        replay = await answer_of(client, "backtest_slo", slo=LONG, start="now-40d")
    row = candidate(found, 0.999)
    assert (row["pages"], row["tickets"]) == (replay["page_count"], replay["ticket_count"])
    assert row["pages"] == 2


async def test_no_failure_at_all_is_no_reason_for_a_hundred_percent() -> None:
    answer = await recommend(counter(200, minutes=30 * DAY), slo=LONG, window="29d")
    found = one(answer, "slo")
    assert found["recommended_objective_ratio"] == 0.9999
    assert all(row["objective_ratio"] < 1 for row in found["candidates"])
    assert any("never an objective" in reason for reason in found["reasons"])


async def test_few_events_cannot_show_many_nines() -> None:
    """One request in two minutes makes 20,160 in 28 days: 3 / 20,160 is 0.0149 %, so 99.99 % cannot be shown, 99.95 can."""
    answer = await recommend(counter(0.5, minutes=60 * DAY), slo=LONG, window="57d")
    found = one(answer, "slo")
    assert found["provable_ratio"] == pytest.approx(3 / 20_160, rel=1e-3)
    assert found["recommended_objective_ratio"] == 0.9995
    assert "too few events" in candidate(found, 0.9999)["obstacles"][0]
    assert found["tighten"] == []


async def test_dependencies_bound_availability_not_latency() -> None:
    answer = await recommend(source=demo(), service="catalog", dependencies="0.9995, 0.999")
    assert answer["dependency_ceiling_ratio"] == pytest.approx(0.9985005)
    availability, latency = one(answer, "availability"), one(answer, "latency")
    assert availability["recommended_objective_ratio"] == 0.995
    assert any("dependencies" in reason for reason in candidate(availability, 0.999)["obstacles"])
    assert not any("dependencies" in reason for row in latency["candidates"] for reason in row["obstacles"])


async def test_an_objective_in_mind_is_judged_by_name() -> None:
    answer = await recommend(source=demo(), service="checkout", objective=0.999)
    assert "99.9 % (asked): history overspent it: 186%" in answer["summary"]
    assert candidate(one(answer, "availability"), 0.999)["why_listed"] == "asked"


async def test_groups_are_as_good_as_the_worst() -> None:
    """eu fails at one in a thousand, us never; each has 30 days."""
    samples = [
        counter(99.9, minutes=30 * DAY, region="eu"),
        counter(0.1, minutes=30 * DAY, region="eu", code="500"),
        counter(100, minutes=30 * DAY, region="us"),
    ]
    document = slo_document(objective=0.999, window="7d", group_by=["region"])
    found = one(await recommend(*samples, slo=document, window="29d"), "slo")
    assert found["sli_ratio"] == pytest.approx(0.999, abs=1e-5)
    assert candidate(found, 0.999)["budget_used_ratio"] == pytest.approx(1, rel=1e-3)
    assert found["recommended_objective_ratio"] == 0.995
    assert any("2 groups" in warning for warning in found["warnings"])


@pytest.mark.parametrize(
    ("kind", "counted"),
    [
        ({"threshold": ("level", "lte", 0.5)}, "samples"),
        ({"raw": ("failure", "clamp_max(level, 0) + (level > bool 0.5)")}, "samples"),
        ({"threshold": ("level", "lte", 0.5), "slices": ("10m", 0.9)}, "slices"),
    ],
)
async def test_samples_and_slices_have_candidates_too(kind: dict[str, Any], counted: str) -> None:
    """Every day the level is too high for ten minutes: 1 in 144. At 99 % these would be seven pages a week."""
    levels = [0.1] * (30 * DAY)
    for day in range(30):
        levels[day * DAY + 100 : day * DAY + 110] = [0.9] * 10
    document = slo_document(objective=0.99, window="7d", **kind)
    found = one(await recommend(gauge(levels), slo=document, window="29d"), "slo")
    assert found["counted"] == counted
    assert found["sli_ratio"] == pytest.approx(1 - 1 / 144, abs=4e-3 if counted == "slices" else 1e-4)
    assert found["recommended_objective_ratio"] == 0.95
    assert candidate(found, 0.99)["weeks_met"] == found["weeks"]
    assert any("pages a week" in reason for reason in candidate(found, 0.99)["obstacles"])


async def test_maintenance_costs_no_budget() -> None:
    samples = ten_weeks(per_minute=100, outages={3: (60, 20)})
    begin = 3 * DAY + 600
    document = slo_document(window="7d", maintenance=[(ago(begin + 30), ago(begin - 90), "move")])
    found = one(await recommend(*samples, slo=document, window="30d"), "slo")
    assert found["bad_events"] == 0


async def test_the_first_failures_of_new_series_are_said_to_be_missing() -> None:
    born = counter(0, minutes=2 * DAY, first=7, code="500")
    found = one(await recommend(counter(100, minutes=30 * DAY), born, slo=LONG, window="29d"), "slo")
    assert any("7 events that new series held" in warning for warning in found["warnings"])


class NoBuckets(RecordedSource):
    """Answers everything but what is asked of buckets."""

    async def range_query(self, query: str, *, window: Window, step: Duration | None = None) -> RangeResult:
        if "_bucket" in query:
            raise UpstreamError("buckets are too much today", system="demo", retryable=True)
        return await super().range_query(query, window=window, step=step)


async def test_one_half_is_answered_where_the_other_fails() -> None:
    whole = demo()
    answer = await recommend(source=NoBuckets(name="demo", load=whole._load), service="checkout")
    assert [row["kind"] for row in answer["indicators"]] == ["availability"]
    assert answer["left_out"][0].startswith("latency: buckets are too much today")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "Pass service or slo"),
        ({"service": "a", "slo": LONG}, "Pass service or slo"),
        ({"slo": LONG, "window": "5m"}, "1d to 150d"),
        ({"slo": LONG, "window": "2y"}, "1d to 150d"),
        ({"slo": LONG, "objective": 99.9}, "pass 0.999"),
        ({"slo": LONG, "dependencies": "many"}, "no objective"),
        ({"slo": LONG, "dependencies": "99.9"}, "pass 0.999"),
        ({"slo": slo_document(ratio={"bad": "nope_total", "total": "none_total"})}, "counted no events"),
        ({"service": "checkuot"}, "No series"),
    ],
)
async def test_a_wrong_call_is_told_how_to_be_right(arguments: dict[str, Any], words: str) -> None:
    async with tool_client(deps_with(source_of([counter(10, minutes=3 * DAY)]))) as client:
        assert words in await error_of(client, TOOL, **arguments)


@pytest.mark.real_prometheus
async def test_a_real_prometheus_gives_the_same_recommendation(tmp_path: Any) -> None:
    """Eight days with two outages and a histogram; version 2 has ranges closed on the left, so memory is asked so too."""
    minutes = 8 * DAY
    bad = np.zeros(minutes)
    bad[3 * DAY : 3 * DAY + 40] = 30
    bad[6 * DAY : 6 * DAY + 10] = 9
    samples = [
        *_service("http_requests_total", [100.0] * minutes, code="200"),
        *_service("http_requests_total", bad.tolist(), code="500"),
        *_service("http_request_duration_seconds_bucket", [80.0] * minutes, le="0.1"),
        *_service("http_request_duration_seconds_bucket", (99.5 - bad / 10).tolist(), le="0.5"),
        *_service("http_request_duration_seconds_bucket", [100.0] * minutes, le="+Inf"),
        *_service("http_request_duration_seconds_count", [100.0] * minutes),
    ]
    written(samples, tmp_path / "world.om")
    memory = RecordedSource(name="memory", load=lambda: Recording(tuple(samples), {}), left_open=False)
    with running_prometheus(openmetrics_path=tmp_path / "world.om") as url:
        live = PrometheusClient(Endpoint(base_url=url), name="live")
        async with tool_client(deps_with(live, memory)) as client:
            said, expected = [
                await answer_of(client, TOOL, service="api", window="7d", source=source)
                for source in ("live", "memory")
            ]
    assert said["indicators"] == expected["indicators"]
    assert one(said, "latency")["threshold_seconds"] == 0.5


def _service(name: str, per_minute: list[float], **labels: str) -> list[Samples]:
    found = counter(per_minute, minutes=len(per_minute), first=0, service="api")
    named = {"__name__": name, "service": "api", **labels}
    return [Samples(Labels(named), found.timestamps_ms, found.values)]
