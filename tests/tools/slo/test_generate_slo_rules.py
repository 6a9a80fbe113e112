"""`generate_slo_rules` as a client sees it."""

from pathlib import Path

import pytest

from connectors.promtool import Promtool
from sre.core.rules import read_rule_file
from tests.support.hand_built import series, source_of
from tests.support.mcp import answer_of, deps_with, error_of, tool_client

pytestmark = pytest.mark.anyio

DOCUMENT = """apiVersion: openslo/v1
kind: SLO
metadata: {{name: {name}}}
spec:
  service: shop
  indicator:
    metadata: {{name: {name}}}
    spec:
      ratioMetric:
        counter: true
        bad: {{metricSource: {{type: Prometheus, spec: {{query: 'reqs_total{{code="500"}}'}}}}}}
        total: {{metricSource: {{type: Prometheus, spec: {{query: 'reqs_total'}}}}}}
  timeWindow: [{{duration: 30d, isRolling: true}}]
  budgetingMethod: Occurrences
  objectives: [{{target: {target}}}]
"""
WITHOUT_PROMTOOL = Promtool("")


def _document(*, name: str = "shop-availability", target: float = 0.999) -> str:
    return DOCUMENT.format(name=name, target=target)


async def test_without_promtool_our_evaluator_runs_the_scenarios_and_says_so() -> None:
    async with tool_client(deps_with(promtool=WITHOUT_PROMTOOL)) as client:
        answer = await answer_of(client, "generate_slo_rules", slo=_document())
    assert [check["ok"] for check in answer["checks"]] == [True, True]
    assert answer["checks"][1]["tool"] == "sre-mcp evaluator"
    assert "promtool is not on this machine" in answer["checks"][1]["detail"]
    assert [file["path"] for file in answer["files"]] == [
        "rules/slo-shop-availability.yml",
        "tests/slo-shop-availability.test.yml",
        "tests/slo-shop-availability-30m.test.yml",
    ]
    assert read_rule_file(answer["files"][0]["content"]).alerts()


async def test_beside_each_tier_stands_what_it_means() -> None:
    """Source: The Site Reliability Workbook, ch. 5: 14.4 x 0.001 x 1 h = 52 s of full outage spend 2 % of the budget."""
    async with tool_client(deps_with(promtool=WITHOUT_PROMTOOL)) as client:
        answer = await answer_of(client, "generate_slo_rules", slo=_document())
    fast, medium = answer["slos"][0]["tiers"][:2]
    assert (fast["factor"], fast["threshold_ratio"], fast["budget_gone_ratio"]) == (14.4, 0.0144, 0.02)
    assert fast["outage_seconds"] == pytest.approx(51.84)
    assert fast["tenfold_seconds"] is None
    assert medium["tenfold_seconds"] == pytest.approx(6 / 10 * 6 * 3600)
    # One of fewer than 1 / 0.0144 = 69.4 requests an hour is more than 1.44 %.
    assert fast["one_event_fires_below_per_hour"] == pytest.approx(69.44)
    assert "a total outage pages after 52s" in answer["summary"]


async def test_at_low_traffic_a_page_needs_more_than_one_bad_event() -> None:
    """One request in 100 s is 36 an hour, below the 69 at which one failure pages."""
    counter = series({"__name__": "reqs_total", "code": "200"}, [float(i) for i in range(864)], every_seconds=100.0)
    async with tool_client(deps_with(source_of([counter]), promtool=WITHOUT_PROMTOOL)) as client:
        answer = await answer_of(client, "generate_slo_rules", slo=_document())
    tiers = {tier["tier"]: tier["min_bad_events"] for tier in answer["slos"][0]["tiers"]}
    assert tiers["fast"] == 3
    assert tiers["slow"] is None
    assert "one bad event would page" in answer["slos"][0]["notes"][0]


async def test_a_refused_tier_is_in_the_summary_with_its_reason() -> None:
    async with tool_client(deps_with(promtool=WITHOUT_PROMTOOL)) as client:
        answer = await answer_of(client, "generate_slo_rules", slo=_document(target=0.9))
    assert "Refused, since it could never fire: fast" in answer["summary"]
    assert "1.44" in answer["slos"][0]["left_out_tiers"][0]["reason"]


async def test_an_slo_that_could_never_alert_is_refused() -> None:
    """Over 90 d the slowest factor is 3, and 3 x 0.5 is more than everything."""
    async with tool_client(deps_with(promtool=WITHOUT_PROMTOOL)) as client:
        message = await error_of(client, "generate_slo_rules", slo=_document(target=0.5).replace("30d", "90d"))
    assert "No burn-rate tier of this SLO can alert" in message
    assert "steady: can never fire" in message


async def test_several_slos_are_written_below_the_output_folder(tmp_path: Path) -> None:
    slos = tmp_path / "slos"
    slos.mkdir()
    for name in ("a", "b"):
        (slos / f"{name}.yaml").write_text(_document(name=name), encoding="utf-8")
    deps = deps_with(promtool=WITHOUT_PROMTOOL, slo_folder=slos, output_root=tmp_path / "out")
    async with tool_client(deps) as client:
        answer = await answer_of(client, "generate_slo_rules", slo="all", output_dir="shop")
        again = await answer_of(client, "generate_slo_rules", slo="a, b", output_dir="shop")
    assert [one["slo"] for one in answer["slos"]] == ["a", "b"]
    assert all(file["is_written"] for file in again["files"])
    assert (tmp_path / "out/shop/rules/slo-a.yml").is_file()
    assert (tmp_path / "out/shop/tests/slo-b.test.yml").is_file()


@pytest.mark.real_prometheus
async def test_with_promtool_its_word_counts() -> None:
    deps = deps_with()
    if not deps.promtool.is_available:
        pytest.skip("promtool is not on PATH")
    async with tool_client(deps) as client:
        answer = await answer_of(client, "generate_slo_rules", slo=_document())
    assert [(check["tool"], check["ok"]) for check in answer["checks"]] == [
        ("promtool check rules", True),
        ("promtool test rules", True),
    ]
