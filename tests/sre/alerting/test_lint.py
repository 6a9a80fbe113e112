"""Each check finds its mistake, and where it offers a diff, the patched file no longer has it.

*Source* of the mistakes: prometheus.io/docs (functions, alerting rules, migration to 3) and Beyer et al., ch. 6; the rules
are made up.
"""

import subprocess
from pathlib import Path
from textwrap import dedent, indent

import pytest

from connectors.promtool import Promtool
from sre.alerting.lint import lint
from sre.alerting.mending import RuleText
from sre.alerting.review_model import Finding, KnownData, SelectorFacts, checks, reviewed_rules
from sre.core.rules import read_rule_file
from tests.support.real_prometheus import require_program

GOOD = dedent("""\
    alert: CheckoutErrors
    expr: sum(rate(requests_total{code="500"}[5m])) / (sum(rate(requests_total[5m])) > 0) > 0.01
    for: 5m
    labels: {severity: page}
    annotations: {summary: "Checkout fails", runbook_url: "https://runbooks.example/a"}
    """)
KNOWN = KnownData(
    selectors={
        "gone_total": SelectorFacts(0, metric_exists=False, nearest=("gane_total",)),
        'jobs{app="x"}': SelectorFacts(0, missing_label="app", nearest=("job",)),
        'jobs{servce="x"}': SelectorFacts(0, missing_label="servce", nearest=("service",)),
        'calls{grpc_code="INTERNAL"}': SelectorFacts(0, missing_value="grpc_code", nearest=("Internal", "OK")),
        'calls{code=~"5.."}': SelectorFacts(0, missing_value="code", nearest=("200",)),
        'calls{a="1",b="2"}': SelectorFacts(0),
        "up": SelectorFacts(1),
    },
    types={"temperature": "gauge", "odd_name": "counter", "plain_total": "gauge"},
    spacing_seconds=60.0,
    days=14.0,
)

# Check, expression, whether the diff makes the finding go away.
EXPRESSIONS = [
    ("raw_counter", "requests_total > 100", True),
    ("raw_counter", "sum(odd_name) > 100", True),
    ("rate_of_sum", "rate(sum by (job) (requests_total)[10m:1m]) > 5", True),
    ("rate_of_gauge", "rate(temperature[5m]) > 5", True),
    ("irate", "irate(requests_total[5m]) > 5", True),
    ("quantile_without_le", "histogram_quantile(0.9, sum by (job) (rate(h_bucket[5m]))) > 1", True),
    ("quantile_without_le", "histogram_quantile(0.9, sum without (le, pod) (rate(h_bucket[5m]))) > 1", True),
    ("mean_of_quantiles", 'avg(latency{quantile="0.99"}) > 1', True),
    ("mean_of_quantiles", "avg by (job) (histogram_quantile(0.9, rate(h_bucket[5m]))) > 1", True),
    ("short_range", "rate(requests_total[2m]) > 5", True),
    ("exact_comparison", "queue == 0.5", True),
    ("exact_comparison", "avg(queue) == 7", True),
    ("unguarded_division", "rate(a_total[5m]) / rate(b_total[5m]) > 2", True),
    ("broad_absent", 'absent(up{job="a",pod=~"b.*"})', True),
    ("vanishing_numerator", 'sum(rate(r_total{code="200"}[5m])) / sum(rate(r_total[5m])) < 0.9', True),
    ("raw_limit", "db_connections_in_use > 18", True),
    ("raw_limit", 'node_filesystem_avail_bytes{mountpoint="/"} < 1e9', True),
    ("absent_metric", "increase(gone_total[5m]) > 1", True),
    ("absent_label", 'jobs{servce="x"} > 1', True),
    ("absent_label", 'jobs{app="x"} > 1', False),
    ("misspelt_value", 'calls{grpc_code="INTERNAL"} > 1', True),
    ("unseen_value", 'calls{code=~"5.."} > 1', False),
    ("unseen_value", 'calls{a="1",b="2"} > 1', False),
    ("changed_in_3", 'h_seconds{le="1"} > 1', True),
    ("changed_in_3", "holt_winters(queue[15m], 0.5, 0.5) > 1", False),
    ("unreadable", "sum(rate(a_total[5m]) > 1", False),
    ("unreadable", "a_total[5m]", False),
]
RULES = [
    ("missing_for", "alert: A\nexpr: queue > 5\nlabels: {severity: page}"),
    ("short_for", "alert: A\nexpr: queue > 5\nfor: 10s\nlabels: {severity: page}"),
    ("no_runbook", "alert: A\nexpr: queue > 5\nlabels: {severity: ticket}"),
    ("no_severity", "alert: A\nexpr: queue > 5\n"),
    ("unknown_severity", "alert: A\nexpr: queue > 5\nlabels: {severity: banana}"),
    ("no_summary", "alert: A\nexpr: queue > 5\nlabels: {severity: page}"),
    ("cause_pages", "alert: A\nexpr: node_load5 > 5\nlabels: {severity: page}"),
    ("cause_pages", "alert: A\nexpr: up == 0\nlabels: {severity: critical}"),
    ("value_in_label", 'alert: A\nexpr: queue > 5\nlabels: {severity: page, now: "{{ $value }}"}'),
    ("lost_label", 'alert: A\nexpr: sum by (job) (queue) > 5\nannotations: {summary: "{{ $labels.pod }}"}'),
    ("lost_label", 'alert: A\nexpr: absent(queue{job="a"})\nannotations: {summary: "{{ $labels.pod }} gone"}'),
]

TEMPLATES = [
    ("{{ $labels.job }} at {{ $value | humanizePercentage }}", True),
    ('{{ with query "up" }}{{ . | first | value }}{{ end }}', True),
    ("{{ range $i, $e := query `up` }}{{ $i }}{{ $e }}{{ end }}", True),
    ("{{ if gt $value 1.0 }}x{{ else }}y{{ end }}", True),
    ("{{/* a comment */}}", True),
    ("{{ $externalLabels.cluster }}", True),
    ("{{ $label.job }}", False),
    ("{{ $labels.job }", False),
    ("{{ $value | humanise }}", False),
    ("{{ instance }}", False),
]


def _file(*rules: str) -> str:
    items = "".join(indent(f"- {indent(rule.strip(), '  ').strip()}\n", "      ") for rule in rules)
    return f"groups:\n  - name: g\n    interval: 1m\n    rules:\n{items}"


def _findings(text: str, known: KnownData = KNOWN) -> dict[str, Finding]:
    source = RuleText(text, read_rule_file(text), "rules.yml")
    found = lint(reviewed_rules([source]), known, runbook_url=lambda alert: f"runbooks/{alert}.md").findings
    return {one.check: one for one in found}


def _patched(text: str, finding: Finding, folder: Path) -> str:
    source = RuleText(text, read_rule_file(text), "rules.yml")
    assert finding.rule is not None
    diff = source.diff(finding.rule, None if finding.removes else finding.changed)
    assert diff, finding
    (folder / "rules.yml").write_text(text, encoding="utf-8")
    subprocess.run(
        ["patch", "-p1", "--batch"], cwd=folder, input=diff, text=True, check=True, capture_output=True, timeout=20
    )
    return (folder / "rules.yml").read_text(encoding="utf-8")


def _rule_with(expr: str) -> str:
    return GOOD.replace(GOOD.splitlines()[1], f"expr: '{expr}'")


@pytest.mark.parametrize(("check", "expr", "is_mended"), EXPRESSIONS)
def test_a_mistake_in_an_expression_is_found_and_its_diff_mends_it(
    check: str, expr: str, is_mended: bool, tmp_path: Path
) -> None:
    text = _file(_rule_with(expr))
    found = _findings(text)
    assert check in found, found
    assert (found[check].changed is not None or found[check].removes) is is_mended
    if is_mended:
        after = _findings(_patched(text, found[check], tmp_path))
        assert check not in after
        # A mending that trades one mistake for another is none.
        assert set(after) <= set(found) | {"unguarded_division"}


@pytest.mark.parametrize(("check", "rule"), RULES)
def test_a_mistake_around_an_expression_is_found_and_its_diff_mends_it(check: str, rule: str, tmp_path: Path) -> None:
    text = _file(rule)
    found = _findings(text)
    assert check in found, found
    assert check not in _findings(_patched(text, found[check], tmp_path))


def test_a_good_rule_has_nothing_to_mend() -> None:
    assert _findings(_file(GOOD)) == {}


@pytest.mark.parametrize(
    "expr",
    [
        "increase(requests_total[1h]) > 5",
        "changes(requests_total[1h]) > 5",
        "count(requests_total) > 5",
        "plain_total > 5",
        "job:requests_total:sum > 5",
        "rate(requests_total[5m]) == 0",
        "queue == 5",
        'absent(up{job="a"})',
        "absent(gone_total)",
        "histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m]))) > 1",
        "predict_linear(node_filesystem_avail_bytes[6h], 4 * 3600) < 0",
        'h_seconds{le="0.5"} > 1',
        "avg(up) < 0.5",
    ],
)
def test_what_is_right_is_left_alone(expr: str) -> None:
    assert _findings(_file(_rule_with(expr))) == {}


def test_of_two_rules_that_say_the_same_the_later_goes(tmp_path: Path) -> None:
    text = _file(GOOD, GOOD.replace("CheckoutErrors", "Other"))
    found = _findings(text)
    assert found["duplicate"].rule == 1
    assert '"CheckoutErrors"' in found["duplicate"].evidence
    assert _findings(_patched(text, found["duplicate"], tmp_path)) == {}


@pytest.mark.parametrize(("text", "is_right"), TEMPLATES)
def test_templates_that_fail_are_found(text: str, is_right: bool) -> None:
    """*Source*: prometheus.io/docs, "Template reference"; held against promtool below."""
    assert ("bad_template" not in _findings(_file(_rule_saying(text)))) is is_right


@pytest.mark.anyio
@pytest.mark.real_prometheus
async def test_promtool_agrees_on_templates() -> None:
    require_program("promtool")
    names = {f"{number}.yml": text for number, (text, _) in enumerate(TEMPLATES)}
    for (name, text), (_, is_right) in zip(names.items(), TEMPLATES, strict=True):
        run = await Promtool().check_rules({name: _file(_rule_saying(text))})
        assert run.is_ok is is_right, (text, run.output)


def _rule_saying(text: str) -> str:
    quoted = text.replace("'", "''")
    return GOOD.replace("expr: sum(", "expr: sum by (job, instance) (").replace('"Checkout fails"', f"'{quoted}'")


def test_every_check_in_the_table_is_looked_for() -> None:
    seen = {check for check, *_ in EXPRESSIONS} | {check for check, _ in RULES} | {"duplicate", "bad_template"}
    replayed = {
        "always_firing", "flapping", "short_lived", "noisy", "coincident", "without_symptom", "missed", "silent",
        "out_of_reach", "failing",
    }  # fmt: skip
    assert seen | replayed == set(checks())


def test_rules_that_were_not_reached_are_named_and_the_others_judged() -> None:
    """*Our choice*: `should_stop` is asked before each rule."""
    text = _file(*(f"alert: A{number}\nexpr: queue > {number}" for number in range(5)))
    rules = reviewed_rules([RuleText(text, read_rule_file(text), "rules.yml")])
    answers = iter((False, False, True))
    linted = lint(rules, KNOWN, runbook_url=str, should_stop=lambda: next(answers))
    assert linted.unread == {2, 3, 4}
    assert {one.rule for one in linted.findings} == {0, 1}


def test_a_metric_is_not_called_gone_for_good_after_an_hour_without_it() -> None:
    """*Our choice*: its exporter may be down; the finding stays, the diff that takes the alert away does not."""
    text = _file("alert: A\nexpr: lost_total > 5")
    gone = {"lost_total": SelectorFacts(0, metric_exists=False)}
    long, short = (_findings(text, KnownData(selectors=gone, days=days))["absent_metric"] for days in (14.0, 0.04))
    assert (long.removes, short.removes) == (True, False)
