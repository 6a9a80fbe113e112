"""The tool as a client sees it: files, checks, secrets to make, and what stands in the way."""

from pathlib import Path
from typing import Any

import pytest

from connectors.amtool import Amtool
from connectors.promtool import Promtool
from tests.support.mcp import answer_of, deps_with, error_of, tool_client

pytestmark = pytest.mark.anyio
SERVICES = """
- {name: checkout, targets: ["checkout:8080"], credentials_file: /etc/prometheus/secrets/checkout}
- {name: cart, discovery: {kind: kubernetes, selector: app=cart}}
"""
RECEIVERS = """
pages: {pagerduty: {}}
tickets: {slack: {channel: "#sre"}}
watchdog: {webhook: {url_file: /etc/alertmanager/secrets/heartbeat}}
"""
ALONE = {"promtool": Promtool(""), "amtool": Amtool("")}


async def _answer(arguments: dict[str, Any], **deps: Any) -> dict[str, Any]:
    async with tool_client(deps_with(**deps)) as client:
        return await answer_of(client, "generate_monitoring_config", **arguments)


@pytest.mark.real_prometheus
async def test_the_real_programs_check_it_and_what_they_cannot_is_said() -> None:
    answer = await _answer({"services": SERVICES, "receivers": RECEIVERS})
    assert not [check for check in answer["checks"] if check["ok"] is False]
    tools = {check["tool"] for check in answer["checks"] if check["ok"]}
    assert tools == {
        "promtool check config", "promtool test rules", "amtool check-config", "amtool config routes test",
        "amtool template render",
    }  # fmt: skip
    assert all(row["ok"] for row in answer["routes"])
    assert answer["needs_alertmanager"] == "0.26 or later"


async def test_without_the_programs_our_own_reading_is_named_as_such() -> None:
    answer = await _answer({"services": SERVICES, "receivers": RECEIVERS}, **ALONE)
    own = [check for check in answer["checks"] if check["tool"].startswith("sre-mcp")]
    assert len(own) == 4
    assert all(check["ok"] for check in own)
    assert any("not on this machine" in check["detail"] for check in own)


async def test_secret_files_are_listed_and_nothing_secret_is_in_the_files() -> None:
    answer = await _answer({"services": SERVICES, "receivers": RECEIVERS}, **ALONE)
    assert {(row["path"].rsplit("/", 1)[1], row["owner"], row["mode"]) for row in answer["secret_files"]} == {
        ("checkout", "prometheus", "0400"), ("pages_pagerduty_routing_key", "alertmanager", "0400"),
        ("tickets_slack_url", "alertmanager", "0400"), ("heartbeat", "alertmanager", "0400"),
    }  # fmt: skip
    async with tool_client(deps_with(**ALONE)) as client:
        key = "0123456789abcdef0123456789abcdef"
        said = await error_of(
            client, "generate_monitoring_config", receivers=RECEIVERS.replace("{}", f"{{routing_key: {key}}}")
        )
    assert "routing_key_file" in said
    assert key not in said


async def test_no_watchdog_receiver_is_a_warning() -> None:
    answer = await _answer({"receivers": "{pages: {pagerduty: {}}, tickets: {slack: {channel: '#a'}}}"}, **ALONE)
    assert any("No watchdog receiver" in warning for warning in answer["warnings"])
    assert [file["path"] for file in answer["files"]] == ["alertmanager.yml", "templates/sre.tmpl"]


async def test_a_file_of_somebody_else_is_not_replaced_silently(tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text("mine")
    async with tool_client(deps_with(output_root=tmp_path, **ALONE)) as client:
        arguments = {"services": "[{name: a, targets: ['a:1']}]", "output_dir": "."}
        assert "prometheus.yml" in await error_of(client, "generate_monitoring_config", **arguments)
        assert (tmp_path / "prometheus.yml").read_text() == "mine"
        await answer_of(client, "generate_monitoring_config", **arguments, overwrite=True)
    assert "job_name: a" in (tmp_path / "prometheus.yml").read_text()


async def test_existing_files_are_added_to_and_it_is_said_what_was_kept() -> None:
    existing = "scrape_configs: [{job_name: old, static_configs: [{targets: ['o:1']}]}]\nglobal: {scrape_interval: 7s}"
    answer = await _answer({"services": SERVICES, "existing": existing}, **ALONE)
    content = answer["files"][0]["content"]
    assert "job_name: old" in content
    assert "job_name: checkout" in content
    assert "scrape_interval: 7s" in content
    assert any("kept as it was" in note and "global" in note for note in answer["warnings"])


async def test_group_labels_of_the_registry_are_in_the_inhibition(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        """
apiVersion: openslo/v1
kind: SLO
metadata: {name: a, annotations: {sre-mcp/group-by: region}}
spec:
  service: s
  budgetingMethod: Occurrences
  timeWindow: [{duration: 30d, isRolling: true}]
  indicator:
    metadata: {name: i}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: prometheus, spec: {query: 'x_total{code="500"}'}}}
        total: {metricSource: {type: prometheus, spec: {query: x_total}}}
  objectives: [{target: 0.99}]
"""
    )
    answer = await _answer({"receivers": RECEIVERS}, slo_folder=tmp_path, **ALONE)
    assert not any("could not be read" in warning for warning in answer["warnings"]), answer["warnings"]
    assert "      - region\n" in answer["files"][0]["content"]


async def test_nothing_asked_for_is_an_error_with_examples() -> None:
    async with tool_client(deps_with()) as client:
        assert "checkout:8080" in await error_of(client, "generate_monitoring_config")
