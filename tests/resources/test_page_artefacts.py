"""The rules, documents and queries on the pages do what the pages say, in the programs they are written for."""

import subprocess
from pathlib import Path

import httpx
import pytest
import yaml

from connectors.openslo.document import slo_from_document
from prompts.registry import PROMPTS
from resources.catalogue import TOPICS
from resources.pages import template_text, topic_text
from tests.support.markdown_pages import fenced
from tests.support.real_prometheus import require_program, running_prometheus
from tests.support.tool_calls import queries_of, written_calls

# Requests a minute are 60,000; the rate of failures in the second half of two hours is what differs.
_BURN_SERIES = """
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: 'http_requests_total{{service="checkout", code="200"}}'
        values: '0+{good}x120'
      - series: 'http_requests_total{{service="checkout", code="500"}}'
        values: '0+{bad}x120'
    alert_rule_test:
      - eval_time: 2h
        alertname: CheckoutErrorBudgetBurnFast
        exp_alerts: {expected}
"""
_BURN_ALERT = """
          - exp_labels: {severity: page, service: checkout}
            exp_annotations:
              summary: checkout spends its 30 d error budget 14.4 times too fast
              runbook_url: https://runbooks.example.com/checkout-error-budget-burn-fast"""
_DISK_SERIES = """
rule_files: [rules.yaml]
evaluation_interval: 5m
tests:
  - interval: 5m
    input_series:
      - series: 'node_filesystem_avail_bytes{{instance="db", mountpoint="/data", fstype="ext4"}}'
        values: '{start}-{fall}x480'
      - series: 'node_filesystem_size_bytes{{instance="db", mountpoint="/data", fstype="ext4"}}'
        values: '100000x480'
    alert_rule_test:
      - eval_time: 40h
        alertname: {alert}
        exp_alerts: {expected}
"""
_DISK_ALERT = """
          - exp_labels: {{severity: {severity}, instance: db, mountpoint: /data, fstype: ext4}}
            exp_annotations:
              summary: "db /data is full within {text}\""""
DISK_TEXTS = {
    "FilesystemFullInFourDays": ("ticket", "four days at the rate of the last day"),
    "FilesystemFullInFourHours": ("page", "four hours: writes will fail"),
}


def promtool_agrees(rules: str, tests: str, folder: Path) -> None:
    promtool = require_program("promtool")
    (folder / "rules.yaml").write_text(rules)
    (folder / "tests.yaml").write_text(tests)
    command = [promtool, "test", "rules", "tests.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def rules_of(topic: str) -> str:
    (block,) = fenced(topic_text(topic), "yaml")
    return block


@pytest.mark.real_prometheus
@pytest.mark.parametrize(
    ("bad_per_minute", "fires"),
    [(0, False), (840, False), (900, True), (60_000, True)],
    ids=["0", "1.4%", "1.5%", "all"],
)
def test_the_burn_rate_alert_fires_above_its_factor_and_not_below(
    bad_per_minute: int, fires: bool, tmp_path: Path
) -> None:
    """source: 14.4 x 0.1 % = 1.44 % of requests."""
    series = _BURN_SERIES.format(
        good=60_000 - bad_per_minute, bad=bad_per_minute, expected=_BURN_ALERT if fires else "[]"
    )
    promtool_agrees(rules_of("monitoring"), series, tmp_path)


@pytest.mark.real_prometheus
@pytest.mark.parametrize(
    ("alert", "start", "fall", "fires"),
    [
        # After 40 h (480 steps) of falling, bytes left and hours to empty: 30,400 in 63 h; 14,400 in 2.4 h; 60,000 in 62 h.
        ("FilesystemFullInFourDays", 49_600, 40, True),
        ("FilesystemFullInFourHours", 49_600, 40, False),
        ("FilesystemFullInFourHours", 254_400, 500, True),
        ("FilesystemFullInFourDays", 98_400, 80, False),
    ],
    ids=["days", "days-do-not-page", "hours", "half-empty"],
)
def test_disk_alerts_fire_in_time_and_spare_a_half_empty_disk(
    alert: str, start: int, fall: int, fires: bool, tmp_path: Path
) -> None:
    """our choice: linear fall, full within four days is a ticket, within four hours a page."""
    severity, text = DISK_TEXTS[alert]
    expected = _DISK_ALERT.format(severity=severity, text=text) if fires else "[]"
    series = _DISK_SERIES.format(alert=alert, start=start, fall=fall, expected=expected)
    promtool_agrees(rules_of("capacity-planning"), series, tmp_path)


def test_the_document_in_the_template_is_an_slo_this_product_reads() -> None:
    """source: OpenSLO v1."""
    (block,) = fenced(template_text("slo-document"), "yaml")
    slo = slo_from_document(yaml.safe_load(block))
    assert (slo.name, slo.objective_ratio, str(slo.window)) == ("checkout-availability", 0.999, "30d")


@pytest.mark.real_prometheus
def test_real_prometheus_evaluates_every_query() -> None:
    """source: Prometheus; a query can parse and still be refused, by its types or its matching."""
    written = [block for topic in TOPICS for block in fenced(topic_text(topic.slug), "promql")]
    texts = [topic_text(topic.slug) for topic in TOPICS]
    texts += [
        spec.rendered({"service": "checkout"} if any(a.is_required for a in spec.arguments) else None)
        for spec in PROMPTS
    ]
    called = [query for text in texts for query in queries_of(written_calls(text))]
    with running_prometheus() as base_url, httpx.Client(base_url=base_url, timeout=30) as client:
        for query in [*written, *called]:
            reply = client.post("/api/v1/query", data={"query": query})
            assert reply.status_code == 200, (query, reply.text)
    assert len(written) >= 25
    assert len(called) >= 15
