"""`list_slos` through the client: the worst first, what is broken with its problems, what could not be read."""

from pathlib import Path
from typing import Any

import pytest

import connectors.demo
from connectors.demo import DemoSource
from tests.connectors.openslo.test_document import GOOD
from tests.support.hand_built import series, source_of
from tests.support.mcp import answer_of, deps_with, error_of, tool_client

pytestmark = pytest.mark.anyio

TOOL = "list_slos"
DEMO_FOLDER = Path(connectors.demo.__file__).parent / "slos"
MINUTES = 120


@pytest.fixture(scope="module")
def demo() -> DemoSource:
    return DemoSource()


def counted(name: str, *, failed: float) -> list[Any]:
    """A service with 100 requests a minute."""
    rows = [("200", 100 - failed), ("500", failed)]
    return [
        series(
            {"__name__": "http_requests_total", "service": name, "code": code},
            [rate * minute for minute in range(MINUTES + 1)],
            every_seconds=60.0,
        )
        for code, rate in rows
    ]


def document(name: str, target: float = 0.9) -> str:
    text = GOOD.replace("name: checkout-availability", f"name: {name}-slo").replace("duration: 30d", "duration: 1h")
    return text.replace("checkout", name).replace("0.999", str(target))


async def test_the_demos_slos_stand_as_its_story_says(demo: DemoSource, tmp_path: Path) -> None:
    deps = deps_with(demo, slo_folder=tmp_path / "none", demo_slo_folder=DEMO_FOLDER)
    async with tool_client(deps) as client:
        answer = await answer_of(client, TOOL)
    assert answer["slo_count"] == 7
    rows = {row["name"]: row for row in answer["slos"]}
    left = [row["standing"]["remaining_ratio"] for row in answer["slos"]]
    assert left == sorted(left)
    assert rows["checkout-availability"]["standing"]["policy"] == "exhausted"
    assert rows["catalog-latency"]["standing"]["firing_tiers"] == ["steady"]
    assert rows["web-pages"]["standing"]["worst_group"] == {"handler": "/checkout"}
    assert rows["order-mails"]["kind"] == "metric against a limit, in slices of 5m"
    assert "Burning fast enough to alert now: catalog-latency" in answer["summary"]
    assert rows["web-pages"]["file"] == "(demo) web-pages.yaml"


async def test_the_worst_comes_first_and_a_service_can_be_picked(tmp_path: Path) -> None:
    """By hand: of a budget of 10 failures in 100, `a` spends 2 (80 % left) and `b` 12 (overspent by 20 %)."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(document(name), encoding="utf-8")
    source = source_of([*counted("a", failed=2.0), *counted("b", failed=12.0)])
    async with tool_client(deps_with(source, slo_folder=tmp_path)) as client:
        answer = await answer_of(client, TOOL)
        only = await answer_of(client, TOOL, service="a")
        none = await answer_of(client, TOOL, service="c")
    standings = {row["name"]: row["standing"]["remaining_ratio"] for row in answer["slos"]}
    assert list(standings) == ["b-slo", "a-slo"]
    assert standings["b-slo"] == pytest.approx(-0.2, abs=1e-4)
    assert standings["a-slo"] == pytest.approx(0.8, abs=1e-4)
    assert "1 exhausted, 1 healthy. Worst is b-slo: budget overspent by 20 %" in answer["summary"]
    assert [row["name"] for row in only["slos"]] == ["a-slo"]
    assert '"a", "b"' in none["summary"]
    assert none["slos"] == []


async def test_an_slo_without_data_is_last_and_says_why(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(document(name), encoding="utf-8")
    async with tool_client(deps_with(source_of(counted("b", failed=1.0)), slo_folder=tmp_path)) as client:
        answer = await answer_of(client, TOOL)
    assert [row["name"] for row in answer["slos"]] == ["b-slo", "a-slo"]
    assert answer["slos"][1]["standing"]["policy"] is None
    assert any("no such series" in note for note in answer["slos"][1]["notes"])
    assert "1 not known" in answer["summary"]


async def test_broken_documents_are_listed_with_their_first_problems(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    broken = GOOD.replace("name: checkout-availability", "name: broken").replace("0.999", "7")
    broken = broken.replace("30d", "soon").replace("Occurrences", "X").replace("openslo/v1", "openslo/v9")
    (tmp_path / "broken.yaml").write_text(broken, encoding="utf-8")
    (tmp_path / "none.yaml").write_text("a: [\u0007", encoding="utf-8")
    async with tool_client(deps_with(slo_folder=tmp_path)) as client:
        answer = await answer_of(client, TOOL, status=False)
    rows = {row["file"]: row for row in answer["broken"]}
    assert rows.keys() == {"broken.yaml", "none.yaml"}
    assert rows["broken.yaml"]["name"] == "broken"
    assert (len(rows["broken.yaml"]["problems"]), rows["broken.yaml"]["problem_count"]) == (3, 4)
    assert "2 document(s) are broken" in answer["summary"]
    assert answer["slos"][0]["standing"] is None


async def test_past_what_one_answer_may_cost_the_rest_is_named(tmp_path: Path) -> None:
    for index in range(23):
        (tmp_path / f"{index}.yaml").write_text(document(f"s{index:02}"), encoding="utf-8")
    async with tool_client(deps_with(source_of(counted("s00", failed=1.0)), slo_folder=tmp_path)) as client:
        answer = await answer_of(client, TOOL)
    assert answer["slo_count"] == 23
    assert sum(row["standing"] is not None for row in answer["slos"]) <= 20
    assert any("s20-slo, s21-slo, s22-slo" in line for line in answer["left_out"])


async def test_without_a_source_the_registry_is_listed_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD, encoding="utf-8")
    async with tool_client(deps_with(slo_folder=tmp_path)) as client:
        answer = await answer_of(client, TOOL)
        error = await error_of(client, TOOL, source="nope")
    assert answer["slo_count"] == 1
    assert "how they stand is not known" in answer["summary"]
    assert any("No metric source" in warning for warning in answer["warnings"])
    assert "No metric source" in error


async def test_an_empty_registry_says_what_makes_one(tmp_path: Path) -> None:
    async with tool_client(deps_with(slo_folder=tmp_path / "none")) as client:
        answer = await answer_of(client, TOOL)
    assert "define_slo" in answer["summary"]
    async with tool_client(deps_with()) as client:
        assert "SRE_MCP_SLO_DIR" in await error_of(client, TOOL)
