"""The unit tests that go with an SLO's rules: promtool runs them and agrees; wrong rules fail them."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sre.core.promql import EvaluationOptions, Matcher
from sre.core.rules import AlertRule, RuleFile
from sre.core.slo.model import RatioIndicator, RawRatioIndicator, ThresholdIndicator
from sre.slo.event_series import event_series
from sre.slo.regex_examples import regex_examples
from sre.slo.rule_tests import rule_test_files
from sre.slo.rule_trial import failures
from sre.slo.rules import SloRules, slo_rules
from sre.slo.scenarios import scenarios
from sre.slo.trial import Subject
from sre.slo.value_series import value_series
from tests.support.slo_shapes import AT, SHAPES

# Of each kind one: promtool takes seconds for each.
ON_PROMTOOL = ("ratio-grouped", "good-bucket", "raw", "threshold", "quantile", "slices", "maintained", "month",
               "week-york", "ninety-days", "low-traffic")  # fmt: skip


@pytest.mark.real_prometheus
@pytest.mark.parametrize("name", ON_PROMTOOL)
def test_promtool_agrees_with_arithmetic(name: str, tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not on PATH")
    subject = Subject.of(slo_rules(SHAPES[name], at=AT))
    tests = rule_test_files(subject, scenarios(subject))
    for path, text in [(subject.rules.file.path, subject.rules.yaml()), *((one.path, one.content) for one in tests)]:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    lint = ["promtool", "check", "rules", "--lint=all", "--lint-fatal", subject.rules.file.path]
    for command in (lint, ["promtool", "test", "rules", *(one.path for one in tests)]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr)[:3000]


def _with_expressions(rules: SloRules, pattern: str, by: str) -> SloRules:
    """Return rules in which something is wrong."""
    changed = [
        replace(group, rules=tuple(replace(rule, expr=re.sub(pattern, by, rule.expr)) for rule in group.rules))
        for group in rules.file.groups
    ]
    assert tuple(changed) != rules.file.groups
    return replace(rules, file=RuleFile(tuple(changed), rules.file.path))


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (r"> 0\.0144\b", "> 0.0244"),
        (r"> 0\.006\b", "> 0.004"),
        (r"> 0\.003\b", "> 0.004"),
        (r"> 0\.001\b", "> 0.002"),
        (r"\[3d\]", "[1d]"),
        (r"\[1d\]", "[6h]"),
        (r"\[6h\]", "[2h]"),
        (r"\[1h\]", "[30m]"),
        (r"ratio_rate5m\{[^}]*\} >", "ratio_rate30m >"),
        (r"\nand\n", "\nor\n"),
        (r"5\.\.", "4.."),
        (r" or 0 \* \(sum \(increase\(reqs_total\[5m\]\)\)\)", ""),
        (r"\[30d:5m\]", "[20m:5m]"),
        (r"/ 0\.001$", "/ 0.01"),
        (r"^absent\(.*\)$", "absent(nothing) * 0 > 1"),
    ],
)
def test_rules_with_a_mistake_fail_the_tests(pattern: str, by: str) -> None:
    rules = slo_rules(SHAPES["ratio"], at=AT)
    sound = Subject.of(rules)
    broken = replace(sound, rules=_with_expressions(rules, pattern, by))
    assert failures(broken, scenarios(sound), options=EvaluationOptions(left_open=False)) != ()


def test_a_least_number_of_bad_events_is_tried() -> None:
    rules = slo_rules(SHAPES["low-traffic"], at=AT)
    sound = Subject.of(rules)
    broken = replace(sound, rules=_with_expressions(rules, r">= 10\b", ">= 1"))
    assert any("page nobody" in str(failure) for failure in failures(broken, scenarios(sound)))


def test_texts_are_compared_with_what_a_person_reads() -> None:
    subject = Subject.of(slo_rules(SHAPES["ratio-grouped"], at=AT))
    content = rule_test_files(subject, scenarios(subject))[0].content
    assert "ratio-grouped (region group-a): the error budget burns over 14.4 times as fast as it may" in content
    assert "{{" not in content


def test_all_alerts_have_what_a_route_and_a_reader_need() -> None:
    for slo in SHAPES.values():
        for alert in slo_rules(slo, at=AT).file.alerts():
            assert isinstance(alert, AlertRule)
            assert {"slo", "service", "severity"} <= set(alert.labels)
            assert {"summary", "description", "runbook_url"} <= set(alert.annotations)


@pytest.mark.parametrize(
    ("indicator", "group_by"),
    [
        (RatioIndicator(good='r{code!~"5.."}', total="r"), ()),
        (RatioIndicator(good='d_bucket{le="0.3"}', total="d_count"), ("job",)),
        (RatioIndicator(bad="errors_total", total="requests_total"), ("region",)),
        (RatioIndicator(bad='r{code="500"} + r{code="503"}', total="r"), ()),
        (RatioIndicator(good='r{code="200"}', bad='r{code="500"}'), ("az", "cell")),
        (RatioIndicator(bad='total{x="1"} - ok{x="1"}', total='total{x="1"}'), ()),
        (RatioIndicator(bad='r{code=~"5..",region=~"eu|us"}', total='r{region=~"eu|us"}'), ("region",)),
    ],
)
def test_series_of_good_and_bad_events_are_found(indicator: RatioIndicator, group_by: tuple[str, ...]) -> None:
    found = event_series(indicator, group_by=group_by)
    assert len(found) == (2 if group_by else 1)
    assert all(one.good and one.bad for one in found)


def test_no_series_are_made_up_for_a_count_that_is_none() -> None:
    assert event_series(RatioIndicator(bad="sum(increase(e[$window])) * 2", total="t")) == ()


@pytest.mark.parametrize(
    ("indicator", "is_graded"),
    [
        (RawRatioIndicator("job:errors:ratio", is_failure=True), True),
        (RawRatioIndicator('avg(probe_success{job="x"})'), True),
        (ThresholdIndicator("max by (az) (latency)", "lt", 0.5), False),
        (ThresholdIndicator("1 - free / size", "lt", 0.9), False),
        (ThresholdIndicator("a / b", "gte", 0.5), False),
    ],
)
def test_values_that_steer_a_query_are_found(
    indicator: RawRatioIndicator | ThresholdIndicator, is_graded: bool
) -> None:
    (found,) = value_series(indicator)
    assert found.is_graded is is_graded


def test_a_query_over_a_range_is_not_steered() -> None:
    query = "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))"
    assert value_series(ThresholdIndicator(query, "lt", 0.9)) == ()


@pytest.mark.parametrize(
    "pattern",
    ["5..", "5..|4..", "GET|POST", ".*", ".+", "[^/]+", "2[0-9]{2}", "/api/(v1|v2)/[0-9]+", r"5\d\d", "(?i:abc)x?",
     "a|", r"(?:5..)|(?:429)", r"\w+\.example\.com", "0?(?:2[.]?5)e-?0*1", "[a-z]+-[0-9]"],
)  # fmt: skip
def test_examples_match_their_pattern(pattern: str) -> None:
    found = regex_examples(pattern)
    assert found
    assert all(Matcher("x", "=~", pattern).matches_value(text) for text in found)


@pytest.mark.parametrize("pattern", ["(", "a**", "[", r"\p{Greek}", "x" * 3000])
def test_no_examples_of_what_is_not_read(pattern: str) -> None:
    assert regex_examples(pattern) == ()
