"""`assess_severity` through the client: facts alone, the demo's incident and its quiet hours, a source that is away."""

from pathlib import Path
from shutil import copytree
from typing import Any

import httpx
import pytest

from connectors.demo import DemoSource
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.prometheus.fake import FakePrometheus
from sre.core.journal import NewEntry
from tests.support.hand_built import END_MS, series, source_of
from tests.support.mcp import FixedClock, answer_of, deps_with, error_of, tool_client
from tests.support.memory_journal import MemoryJournal
from tests.support.slow_prometheus import SlowPrometheus

pytestmark = pytest.mark.anyio

TOOL = "assess_severity"
INCIDENT = "2026-10-29T14:40:00Z"
QUIET = "2026-10-29T13:40:00Z"


@pytest.fixture(scope="module")
def demo() -> DemoSource:
    return DemoSource()


async def told(**facts: Any) -> dict[str, Any]:
    async with tool_client(deps_with()) as client:
        return await answer_of(client, TOOL, facts=facts)


def outcome_of(answer: dict[str, Any], rule: str) -> str:
    return next(str(row["outcome"]) for row in answer["reasons"] if row["rule"] == rule)


async def test_facts_alone_need_no_source_and_give_deadlines() -> None:
    answer = await told(failing_ratio=0.2, core="yes", workaround=False, started_at="2026-11-02T11:30:00Z")
    assert (answer["severity"], answer["is_sure"]) == ("P1", True)
    assert answer["respond"] == {"target": "15 min", "due": "2026-11-02T11:45:00Z", "counted_from": "start"}
    assert answer["repair"]["due"] == "2026-11-02T13:30:00Z"
    assert answer["summary"].startswith("P1: a core function fails for many, with no way round (failing_ratio: 20 %")


async def test_the_answer_to_the_page_counts_from_detection() -> None:
    answer = await told(security=True, started_at="2026-11-02T11:00:00Z", detected_at="2026-11-02T11:50:00Z")
    assert (answer["respond"]["due"], answer["repair"]["due"]) == ("2026-11-02T11:55:00Z", "2026-11-02T11:30:00Z")


async def test_unsure_takes_the_worse_says_so_and_asks() -> None:
    answer = await told(failing_ratio=0.6)
    assert (answer["severity"], answer["is_sure"], answer["severity_without_doubts"]) == ("P0", False, "P2")
    assert "to be on the safe side" in answer["summary"]
    assert answer["questions"][0]["fact"] == "core"
    assert outcome_of(answer, "core-failing") == "may hold"


async def test_a_flag_may_be_maybe() -> None:
    answer = await told(data_loss="maybe")
    assert (answer["severity"], answer["is_sure"]) == ("P0", False)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"failing_ratio": 62}, "for 62 % pass 0.62"),
        ({"fulloutage": True}, "perhaps full_outage"),
        ({"core": "perhaps not"}, "core"),
        ({"users_count": -1}, "users_count"),
        ({"started_at": "whenever"}, "started_at is not a time"),
    ],
)
async def test_a_wrong_fact_is_named_with_what_is_right(facts: dict[str, Any], said: str) -> None:
    async with tool_client(deps_with()) as client:
        assert said in await error_of(client, TOOL, facts=facts)


async def test_nothing_to_judge_by_says_what_to_tell_or_set() -> None:
    async with tool_client(deps_with()) as client:
        text = await error_of(client, TOOL)
    assert "nothing to judge by" in text
    assert "PROMETHEUS_URL" in text


async def test_the_incident_of_the_demo_is_found_without_naming_the_service(demo: DemoSource) -> None:
    async with tool_client(deps_with(demo)) as client:
        answer = await answer_of(client, TOOL, at=INCIDENT)
    assert (answer["severity"], answer["is_sure"]) == ("P0", False)
    worst = answer["services"][0]
    assert worst["service"] == "checkout"
    assert 'Also hit: "web" 1' in answer["summary"]
    # The worst minute of the world is 67.9 %; the five minutes before 14:40 are a little below it.
    assert 0.5 < worst["failing_ratio"] < 0.679
    assert worst["times_usual"] > 100
    assert "postgres" not in {row["service"] for row in answer["services"]}


async def test_an_exhausted_budget_that_still_burns_raises_it(demo: DemoSource, tmp_path: Path) -> None:
    copytree("connectors/demo/slos", tmp_path / "slos")
    deps = deps_with(demo, slo_folder=tmp_path / "slos")
    async with tool_client(deps) as client:
        answer = await answer_of(client, TOOL, at=INCIDENT, services=["checkout"])
    assert (answer["severity"], answer["is_sure"]) == ("P0", True)
    assert outcome_of(answer, "burning-fast") == outcome_of(answer, "budget-gone") == "holds"
    budget = next(row for row in answer["budgets"] if row["slo"] == "checkout-availability")
    assert min(budget["burn_rates_fast"]) > 14.4
    assert budget["consumed_ratio"] > 1
    assert len(str(answer)) < 14_000


async def test_a_quiet_hour_asks_for_no_more_than_p3(demo: DemoSource) -> None:
    async with tool_client(deps_with(demo)) as client:
        answer = await answer_of(client, TOOL, at=QUIET)
    assert (answer["severity"], answer["is_sure"]) == ("P3", True)
    assert "no rule asks for more" in answer["summary"]


async def test_the_slow_catalogue_is_slower_but_no_outage(demo: DemoSource) -> None:
    async with tool_client(deps_with(demo)) as client:
        answer = await answer_of(client, TOOL, at="2026-10-27T12:00:00Z", services=["catalog"])
    assert answer["severity"] == "P3"
    row = answer["services"][0]
    assert row["latency_seconds"] > 1.2 * row["usual_latency_seconds"]


async def test_a_service_that_is_not_there_names_its_neighbours(demo: DemoSource) -> None:
    async with tool_client(deps_with(demo)) as client:
        assert '"checkout"' in await error_of(client, TOOL, services=["chekout"])
        answer = await answer_of(client, TOOL, services=["chekout", "web"], at=QUIET)
    assert any('"chekout"' in warning and '"checkout"' in warning for warning in answer["warnings"])


async def test_a_source_that_is_away_leaves_the_facts_and_says_so() -> None:
    gone = PrometheusClient(Endpoint("http://127.0.0.1:9"), name="gone")
    async with tool_client(deps_with(gone)) as client:
        answer = await answer_of(client, TOOL, facts={"data_loss": True}, services=["checkout"])
        assert "gone" in await error_of(client, TOOL, services=["checkout"])
    assert answer["severity"] == "P0"
    assert any("Not measured" in warning for warning in answer["warnings"])


async def test_a_service_that_vanished_is_taken_for_worse_than_well() -> None:
    gone = [
        series(
            {"__name__": "http_requests_total", "service": "cart", "code": "200"},
            [60.0 * minute for minute in range(2_880)],
            every_seconds=60.0,
            end_ms=END_MS - 1_200_000,
        ),
        series({"__name__": "up", "instance": "a:1"}, [1.0, 1.0]),
    ]
    async with tool_client(deps_with(source_of(gone))) as client:
        answer = await answer_of(client, TOOL, services=["cart"])
    assert (answer["severity"], answer["is_sure"]) == ("P1", False)
    assert "nothing is seen of it any more" in answer["summary"]


async def test_a_source_that_answers_nothing_is_an_error_and_no_verdict() -> None:
    labels = {"__name__": "http_requests_total", "service": "cart", "code": "200"}
    fake = FakePrometheus((series(labels, [60.0 * minute for minute in range(100)], every_seconds=60.0),))
    silent = SlowPrometheus(fake, fails=lambda path, _: httpx.Response(500) if path.endswith("/query") else None)
    async with tool_client(deps_with(silent.source())) as client:
        assert "prod failed with HTTP 500" in await error_of(client, TOOL, services=["cart"])
        told = await answer_of(client, TOOL, services=["cart"], facts={"data_loss": True})
    assert told["severity"] == "P0"


async def test_what_cannot_be_measured_is_not_called_well(demo: DemoSource) -> None:
    async with tool_client(deps_with(demo)) as client:
        assert "no sign of health" in await error_of(client, TOOL, services=["postgres"])
        told = await answer_of(client, TOOL, services=["postgres"], facts={"slow": True, "core": True})
    assert (told["severity"], told["is_sure"]) == ("P1", False)


async def test_an_empty_source_is_no_sign_of_health() -> None:
    async with tool_client(deps_with(source_of([series({"__name__": "up", "instance": "a:1"}, [1.0, 1.0])]))) as client:
        assert "names no services" in await error_of(client, TOOL)


async def test_a_recorded_incident_brings_its_services_and_its_start(demo: DemoSource) -> None:
    journal = MemoryJournal()
    clock = FixedClock()
    data = {"title": "Orders fail", "severity": "P2", "services": ["checkout"]}
    await journal.begin("incident", [NewEntry("declared", clock.at, "ada", "test", data)])
    async with tool_client(deps_with(demo, journal=journal)) as client:
        answer = await answer_of(
            client, TOOL, incident="INC-1", facts={"started_at": "2026-10-29T14:14:00Z"}, at=INCIDENT
        )
    assert answer["services"][0]["service"] == "checkout"
    assert answer["window"]["start"] == "2026-10-29T14:14:00Z"
    assert any("INC-1 is recorded as P2" in warning for warning in answer["warnings"])
