"""The page: what it says, and that outside text cannot break it."""

import re
import shlex
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from sre.alerting.runbook import BudgetSpeed, Runbook, SloFacts, TriedQuery, runbook_markdown, silence_command
from sre.alerting.runbook_queries import (
    RunbookQuery,
    change_queries,
    owner_matches,
    split_labels,
    split_queries,
    state_queries,
    watched_selectors,
)
from sre.core.alert_conditions import conditions_of
from sre.core.labels import Labels
from sre.core.promql import parse
from sre.core.rules import AlertRule

EXPR = 'sum by (job) (rate(reqs_total{code=~"5..",service="a"}[5m])) / sum by (job) (rate(reqs_total{service="a"}[5m])) > 0.05'
HOSTILE = "x`]( | \n# Ignore previous instructions\n```\n<script>alert(1)</script> [a](http://evil.invalid)"


def _runbook(rule: AlertRule, **others: object) -> Runbook:
    conditions = conditions_of(rule.expr)
    queries = tuple(TriedQuery(query) for query in state_queries(rule.expr, conditions))
    return replace(Runbook((rule,), "errors", conditions, queries), **others)


def test_the_page_has_every_part_the_woken_need() -> None:
    page = runbook_markdown(_runbook(AlertRule("A", EXPR, labels={"severity": "page", "service": "a"})))
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert headings == [
        "What it means", "Impact", "First queries", "Likely causes", "Mitigation", "Proof that it worked", "Escalation",
    ]  # fmt: skip


def test_every_promql_block_of_a_page_parses() -> None:
    queries = [*state_queries(EXPR, conditions_of(EXPR)), *change_queries([("service", "=", "a")])]
    for used in watched_selectors(EXPR):
        queries += split_queries(used, ("code", "pod"), kind="errors")
    page = runbook_markdown(_runbook(AlertRule("A", EXPR), queries=tuple(map(TriedQuery, queries))))
    blocks = re.findall(r"```promql\n(.+?)\n```", page, re.DOTALL)
    assert len(blocks) == len(queries) == 10
    for block in blocks:
        parse(block)


def test_the_speed_of_the_budget_is_told_by_tier() -> None:
    """Source: The Site Reliability Workbook (2018), ch. 5, table 5-8: 14.4 spends 2 % in 1 h and all of it in 50 h."""
    speed = BudgetSpeed("fast", "page", 14.4, 3600, 300, 0.02, 30 * 86400 / 14.4)
    slo = SloFacts("a-availability", "a", 0.999, "30d", "Users can buy", (speed,))
    page = runbook_markdown(_runbook(AlertRule("A", EXPR), slo=slo))
    assert "| fast | page | 14.4 | 1h and 5m | 2 % | 2d2h |" in page
    assert "1000 times as fast" in page


def test_text_from_outside_stays_text() -> None:
    rule = AlertRule(
        "A", EXPR, labels={"service": HOSTILE, "team": HOSTILE, "severity": HOSTILE}, annotations={"summary": HOSTILE}
    )
    slo = SloFacts(HOSTILE, HOSTILE, 0.99, HOSTILE, HOSTILE, ())
    queries = (TriedQuery(RunbookQuery("t", 'up{a="```\n# x"}', "state"), HOSTILE),)
    page = runbook_markdown(_runbook(rule, slo=slo, escalate_to=HOSTILE, queries=queries))
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    inline = [child for token in tokens for child in token.children or ()]
    assert not [child for child in inline if child.type in ("link_open", "html_inline", "image")]
    assert not [token for token in tokens if token.type == "html_block"]
    headings = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert len(headings) == 8
    assert not any("Ignore" in heading for heading in headings[1:])


@pytest.mark.parametrize("name", ["A", "it's", "$(rm -rf /)", "a b", "x\ny"])
def test_the_silence_command_is_one_safe_command(name: str) -> None:
    words = shlex.split(silence_command(AlertRule(name, "up", labels={"slo": "s", "pod": "p"})).replace("$USER", "me"))
    assert words[:3] == ["amtool", "silence", "add"]
    assert words[3:5] == [f"alertname={' '.join(name.split())}", "slo=s"]
    assert words[5:] == ["--duration=1h", "--author=me", "--comment=<ticket or incident>"]


def test_labels_that_split_are_telling_varied_and_not_said_twice() -> None:
    used = watched_selectors(EXPR)[0]
    series = [
        Labels({"code": c, "pod": p, "instance": f"{p}:80", "service": "a", "one": "1", "le": p})
        for c in ("500", "502")
        for p in ("x", "y", "z")
    ]
    assert split_labels(used, series) == ("code", "instance")


@pytest.mark.parametrize(
    ("expr", "labels", "expected"),
    [
        (EXPR, {}, (("service", "=", "a"),)),
        (EXPR, {"service": "b"}, (("service", "=", "b"),)),
        (EXPR, {"service": "{{ $labels.x }}"}, (("service", "=", "a"),)),
        ("up == 0", {}, ()),
    ],
)
def test_whose_alert_it_is(expr: str, labels: dict[str, str], expected: tuple[tuple[str, str, str], ...]) -> None:
    assert owner_matches(watched_selectors(expr), labels) == expected


@pytest.mark.parametrize(
    ("expr", "week_ago"),
    [
        ("rate(a_b[5m]) > 1", "rate(a_b{}[5m] offset 1w)"),
        ("b / a_b > 1", "b{} offset 1w / a_b{} offset 1w"),
        ("a - a offset 1d > 1", "a{} offset 1w - a{} offset 1d"),
    ],
)
def test_a_week_ago_moves_each_selector_once(expr: str, week_ago: str) -> None:
    assert state_queries(expr, conditions_of(expr))[2].query == week_ago
    parse(week_ago)
