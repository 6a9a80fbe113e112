"""Alerts on records that a source lacks give what they would give had the records been there."""

import pytest

from sre.alerting.inlining import CannotInlineError, Records
from sre.alerting.mending import RuleText
from sre.alerting.review_model import ReviewedRule, reviewed_rules
from sre.core.promql import evaluate_range, parse
from sre.core.promql_writing import promql_of
from sre.core.rules import RecordingRule, RuleFile, RuleGroup
from sre.core.rules.replay import replay
from sre.core.series import Grid
from tests.support.memory_store import MemoryStore, samples

STORE = MemoryStore(
    [
        samples('t{job="a",code="200"}', "0 60 120 180 240 300 360 420 480 540 600 660 720"),
        samples('t{job="a",code="500"}', "0 0 0 6 12 18 18 18 18 18 18 18 18"),
        samples('t{job="b",code="200"}', "0 10 20 30 40 50 60 70 80 90 100 110 120"),
        samples('t{job="b",code="500"}', "0 0 0 0 0 0 0 5 10 15 20 25 30"),
    ]
)
RULES = [
    RecordingRule("job:t:rate5m", "sum by (job) (rate(t[5m]))"),
    RecordingRule("job:errors:ratio", 'sum by (job) (rate(t{code="500"}[5m])) / job:t:rate5m', {"team": "x"}),
    RecordingRule("total:rate5m", "sum(job:t:rate5m)"),
    RecordingRule("kind:rate", 'sum by (job) (rate(t{code="200"}[5m]))', {"kind": "good"}),
    RecordingRule("kind:rate", 'sum by (job) (rate(t{code="500"}[5m]))', {"kind": "bad"}),
    RecordingRule("renamed:rate", 'label_replace(job:t:rate5m, "service", "$1", "job", "(.*)")'),
]


def _records(rules: list[RecordingRule]) -> Records:
    file = RuleFile((RuleGroup("g", tuple(rules), 60.0),))
    by_name: dict[str, list[ReviewedRule]] = {}
    for one in reviewed_rules([RuleText("", file, "")]):
        by_name.setdefault(one.name, []).append(one)
    return Records(by_name, frozenset(by_name))


@pytest.mark.parametrize(
    "expr",
    [
        "job:t:rate5m > 0.2",
        'job:t:rate5m{job="a"} > 0.2',
        'job:errors:ratio{job=~"a|b",team="x"} > 0.01',
        'job:errors:ratio{team="x"} > 0.01 or total:rate5m',
        'job:errors:ratio{team!="y",pod=""} > 0.01',
        "job:errors:ratio * on (job) group_left () job:t:rate5m",
        "sum by (team) (job:errors:ratio)",
        "max_over_time(job:errors:ratio[3m])",
        "total:rate5m",
        'sum by (job) (kind:rate{kind="bad"})',
        "sum by (kind) (kind:rate)",
        "job:t:rate5m offset 2m",
    ],
)
def test_the_records_expression_in_its_place_gives_the_same(expr: str) -> None:
    """*Source*: the replay of the recording rules, which is held to promtool."""
    grid = Grid(0, 60_000, 13)
    recorded = replay([RuleGroup("g", tuple(RULES))], store=STORE, grid=grid).recorded
    # From the sixth minute on both see the same history.
    late = Grid(360_000, 60_000, 7)
    wanted = evaluate_range(expr, store=recorded, grid=late).series
    inlined = promql_of(_records(RULES).inlined(parse(expr).ast))
    assert "job:" not in inlined
    found = evaluate_range(inlined, store=STORE, grid=late).series
    names = [labels.without("__name__") for labels in wanted.labels]
    assert sorted(map(str, names)) == sorted(map(str, found.labels))
    for labels, values in zip(names, wanted.values, strict=True):
        row = found.labels.index(labels)
        assert values.tolist() == pytest.approx(found.values[row].tolist(), nan_ok=True)


@pytest.mark.parametrize(
    ("rules", "expr", "reason"),
    [
        (RULES, 'renamed:rate{service="a"}', "made inside"),
        ([RecordingRule("x", "x + 1")], "x > 1", "too deeply"),
        ([RecordingRule("x", "sum(")], "x > 1", "could not be read"),
        (RULES, 'job:errors:ratio{team="y"} > 0.01', "no rule records"),
        ([RecordingRule("x", "sum(t)")], 'x{job="a"} > 1', "no rule records"),
    ],
)
def test_what_cannot_be_put_in_says_why(rules: list[RecordingRule], expr: str, reason: str) -> None:
    with pytest.raises(CannotInlineError, match=reason):
        _records(rules).inlined(parse(expr).ast)
