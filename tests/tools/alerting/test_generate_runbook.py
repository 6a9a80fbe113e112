"""Runbooks through the client: on the demo world, without a source, and for what is wrong."""

import re
from pathlib import Path
from typing import Any

import pytest

from connectors.demo import DemoSource
from sre.core.promql import parse
from tests.support.mcp import answer_of, deps_with, error_of, tool_client

pytestmark = pytest.mark.anyio
ERRORS = (
    'sum by (service) (rate(http_requests_total{service="checkout",code=~"5.."}[5m]))'
    ' / sum by (service) (rate(http_requests_total{service="checkout"}[5m])) > 0.05'
)
RULES = f"""
groups:
  - name: a
    rules:
      - {{alert: CheckoutErrors, expr: '{ERRORS}', labels: {{severity: page}}}}
      - {{alert: DiskFull, expr: 'predict_linear(node_filesystem_avail_bytes[6h], 4*86400) < 0'}}
      - {{record: not:an:alert, expr: up}}
"""


@pytest.fixture(scope="module")
def demo() -> DemoSource:
    return DemoSource(name="demo", seed=42)


def _blocks(content: str) -> list[str]:
    return re.findall(r"```promql\n(.+?)\n```", content, re.DOTALL)


async def test_each_alert_gets_a_page_whose_queries_parse_and_have_data(demo: DemoSource) -> None:
    async with tool_client(deps_with(demo)) as client:
        answer = await answer_of(client, "generate_runbook", rules=RULES)
    assert [file["path"] for file in answer["files"]] == ["runbooks/CheckoutErrors.md", "runbooks/DiskFull.md"]
    for file in answer["files"]:
        blocks = _blocks(file["content"])
        assert len(blocks) >= 5
        for block in blocks:
            parse(block)
    assert all(check["ok"] for check in answer["checks"])
    assert [(row["alert"], row["kind"]) for row in answer["runbooks"]] == [
        ("CheckoutErrors", "errors"),
        ("DiskFull", "time_to_full"),
    ]


async def test_the_splits_and_versions_of_the_world_are_offered(demo: DemoSource) -> None:
    async with tool_client(deps_with(demo)) as client:
        answer = await answer_of(client, "generate_runbook", rules=RULES, alert="CheckoutErrors")
    blocks = _blocks(answer["files"][0]["content"])
    assert any("sum by (handler)" in block for block in blocks)
    assert 'count by (version) (build_info{service="checkout"})' in blocks


async def test_without_a_source_the_page_is_written_and_the_answer_says_that_nothing_was_tried() -> None:
    async with tool_client(deps_with()) as client:
        answer = await answer_of(client, "generate_runbook", rules=RULES)
    assert "not run" in answer["summary"]
    assert [check["ok"] for check in answer["checks"]] == [True, None, True, None]
    for file in answer["files"]:
        for block in _blocks(file["content"]):
            parse(block)


async def test_a_query_without_data_is_named(demo: DemoSource) -> None:
    rules = "groups: [{name: a, rules: [{alert: Gone, expr: 'no_such_metric > 1'}]}]"
    async with tool_client(deps_with(demo)) as client:
        answer = await answer_of(client, "generate_runbook", rules=rules)
    check = next(check for check in answer["checks"] if "data" in check["name"])
    assert check["ok"] is False
    assert "no_such_metric" in check["detail"]


async def test_files_are_written_below_the_output_folder(demo: DemoSource, tmp_path: Path) -> None:
    rules = RULES.replace("DiskFull", "../../escape/Me")
    async with tool_client(deps_with(demo, output_root=tmp_path)) as client:
        answer = await answer_of(client, "generate_runbook", rules=rules, output_dir="team")
    assert [file["path"] for file in answer["files"]] == [
        "team/runbooks/CheckoutErrors.md",
        "team/runbooks/escape-Me.md",
    ]
    assert sorted(path.name for path in tmp_path.rglob("*.md")) == ["CheckoutErrors.md", "escape-Me.md"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"rules": RULES, "alert": "CheckoutError"}, "CheckoutErrors"),
        ({"rules": "groups: 1"}, "groups"),
        ({"rules": "groups: []"}, "no alerting rules"),
        ({"rules": "groups: [{name: a, rules: [{alert: A, expr: 'up >'}]}]"}, "up >"),
        ({"rules": RULES, "slo": "x"}, "not both"),
        ({"slo": "no-such-slo"}, "no-such-slo"),
    ],
)
async def test_what_is_wrong_is_said_with_its_mending(
    demo: DemoSource, tmp_path: Path, arguments: dict[str, Any], said: str
) -> None:
    async with tool_client(deps_with(demo, slo_folder=tmp_path)) as client:
        assert said in await error_of(client, "generate_runbook", **arguments)


DOCUMENT = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout-availability}
spec:
  service: checkout
  description: Shoppers can pay.
  budgetingMethod: Occurrences
  timeWindow: [{duration: 30d, isRolling: true}]
  objectives: [{target: 0.999}]
  indicator:
    metadata: {name: checkout-availability}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: 'http_requests_total{service="checkout",code=~"5.."}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'http_requests_total{service="checkout"}'}}}
"""


async def test_an_slo_gets_a_page_for_each_of_its_alerts_with_the_speed_of_its_budget(demo: DemoSource) -> None:
    """Source of the figures: The Site Reliability Workbook (2018), ch. 5, tables 5-6 and 5-8."""
    async with tool_client(deps_with(demo)) as client:
        answer = await answer_of(client, "generate_runbook", slo=DOCUMENT)
    page = next(file["content"] for file in answer["files"] if "BudgetBurn" in file["path"])
    assert "| fast | page | 14.4 | 1h and 5m | 2 % | 2d2h |" in page
    assert "| steady | ticket | 1 | 3d and 6h | 10 % | 30d |" in page
    assert "Shoppers can pay" in page
    assert any("sum by (handler)" in block and 'code=~"5.."' in block for block in _blocks(page))
    assert all(check["ok"] for check in answer["checks"]), answer["checks"]
