"""What an incident cost each SLO: the truth of the demo, and the same budgets as compute_error_budget tells."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

import connectors.demo
from connectors.demo.world import World, build_world
from connectors.snapshot import RecordedSource
from sre.core.times import format_instant
from tests.support.hand_built import source_of
from tests.support.mcp import answer_of, deps_with, tool_client

pytestmark = pytest.mark.anyio

DEMO_SLOS = Path(connectors.demo.__file__).parent / "slos"


@cache
def world() -> World:
    return build_world(42)


@cache
def demo() -> RecordedSource:
    return source_of(world().samples, metadata=world().metadata, name="demo")


def of_the_incident(**more: Any) -> dict[str, Any]:
    truth = world().truth.incident
    call = {"title": "x", "start": format_instant(truth.start), "end": format_instant(truth.end)}
    return {**call, "services": ["checkout"], **more}


async def drafted(folder: Path, **more: Any) -> dict[str, Any]:
    deps = deps_with(demo(), slo_folder=folder, demo_slo_folder=DEMO_SLOS)
    async with tool_client(deps) as client:
        return await answer_of(client, "draft_postmortem", **of_the_incident(**more))


def rows(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["slo"]: row for row in answer["slo_impact"]}


async def test_the_slos_of_the_services_are_found_and_counted_exactly(tmp_path: Path) -> None:
    """Truth by the generator's own increments: 14,022 of 25,685 requests failed (seed 42)."""
    answer = await drafted(tmp_path)
    truth = world().truth.incident
    row = rows(answer)["checkout-availability"]
    assert (row["bad"], row["total"]) == (truth.failed_requests, truth.requests) == (14022, 25685)
    assert list(rows(answer)) == ["checkout-availability", "checkout-latency"]
    # The service's own column would be of an objective that nobody set.
    assert answer["impact"][0]["budget_burnt_ratio"] is None
    assert "see its SLOs" in answer["markdown"]
    assert "an example" not in answer["markdown"]


async def test_the_budget_left_at_the_end_is_that_of_compute_error_budget(tmp_path: Path) -> None:
    """The same question by another way: groups, slices, maintenance, a calendar month, gRPC."""
    names = [path.stem for path in sorted(DEMO_SLOS.glob("*.yaml"))]
    answer = await drafted(tmp_path, services=[], facts={"slos": names})
    assert set(rows(answer)) == set(names)
    deps = deps_with(demo(), slo_folder=tmp_path, demo_slo_folder=DEMO_SLOS)
    async with tool_client(deps) as client:
        for name, row in rows(answer).items():
            budget = await answer_of(
                client, "compute_error_budget", slo=name, at=format_instant(world().truth.incident.end)
            )
            left = budget["remaining_ratio"]
            assert budget["counted"].startswith(row["counted"]), name
            if name == "web-pages":
                # There it is of the group that stands worst, here of the group that lost most in the incident.
                assert row["group"].startswith("handler="), row
                continue
            assert row["left_ratio"] == pytest.approx(left, rel=0.01, abs=0.01), name
            assert row["objective_ratio"] == budget["objective_ratio"], name


async def test_the_group_that_lost_most_is_the_one_that_needs_checkout(tmp_path: Path) -> None:
    """Pages that order fail with checkout (docs/concepts/demo-world.md)."""
    row = rows(await drafted(tmp_path, services=[], facts={"slos": ["web-pages"]}))["web-pages"]
    assert row["group"] == "handler=/checkout"
    assert 0.5 < row["bad"] / row["total"] < 0.6


async def test_the_one_that_lost_most_of_its_budget_comes_first_and_its_share_follows_from_its_counts(
    tmp_path: Path,
) -> None:
    answer = await drafted(tmp_path, services=["checkout", "web", "payments"])
    burnt = [row["burnt_ratio"] for row in answer["slo_impact"]]
    assert burnt == sorted(burnt, reverse=True)
    first = rows(answer)["checkout-availability"]
    deps = deps_with(demo(), slo_folder=tmp_path, demo_slo_folder=DEMO_SLOS)
    async with tool_client(deps) as client:
        budget = await answer_of(
            client, "compute_error_budget", slo="checkout-availability", at=format_instant(world().truth.incident.end)
        )
    assert first["burnt_ratio"] == pytest.approx(14_022 / budget["allowed_bad_events"], rel=0.01)


async def test_a_calendar_period_that_began_in_the_incident_is_charged_with_what_came_after_only(
    tmp_path: Path,
) -> None:
    """web-availability counts the calendar month in Berlin: 1 November began at 23:00 UTC the evening before."""
    answer = await drafted(
        tmp_path, start="2026-10-31T22:30:00Z", end="2026-10-31T23:30:00Z", services=[],
        facts={"slos": ["web-availability"]},
    )  # fmt: skip
    row = rows(answer)["web-availability"]
    assert row["left_ratio"] == pytest.approx(1 - row["burnt_ratio"], abs=1e-3)
    assert any("began during the incident" in warning for warning in answer["warnings"])


async def test_an_slo_that_is_not_defined_is_a_note_and_a_gap(tmp_path: Path) -> None:
    answer = await drafted(tmp_path, facts={"slos": ["nonesuch"]})
    assert any("nonesuch" in warning and "list_slos" in warning for warning in answer["warnings"])
    assert "slos: budget that nonesuch lost" in answer["gaps"]


async def test_an_objective_of_the_caller_is_used_beside_the_slos(tmp_path: Path) -> None:
    answer = await drafted(tmp_path, objective=0.99, window="7d")
    assert answer["impact"][0]["budget_burnt_ratio"] > 0
    assert "an objective of 99 % over 7d." in answer["markdown"]
    assert "checkout-availability" in rows(answer)


async def test_without_any_slo_the_budget_is_called_an_example() -> None:
    async with tool_client(deps_with(demo())) as client:
        answer = await answer_of(client, "draft_postmortem", **of_the_incident())
    assert answer["slo_impact"] == []
    assert "99.9 % over 30d, an example: no SLO of these services is defined." in answer["markdown"]


async def test_every_share_names_queries_that_are_listed(tmp_path: Path) -> None:
    answer = await drafted(tmp_path, services=["checkout", "web"])
    listed = {f"E{number}" for number in range(1, len(answer["queries"]) + 1)}
    for row in answer["slo_impact"]:
        assert row["evidence"], row
        assert set(row["evidence"]) <= listed
