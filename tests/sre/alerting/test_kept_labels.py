"""Labels that an expression keeps: what the text promises holds for what the evaluator returns."""

import pytest

from sre.alerting.kept_labels import kept_labels
from sre.core.promql import evaluate_range, parse
from sre.core.series import Grid
from tests.support.memory_store import MemoryStore, samples

STORE = MemoryStore(
    [
        samples('a{job="x",pod="p",le="1",zone="z"}', "1 2 3 4 5 6"),
        samples('b{job="x",pod="p",zone="z"}', "1 2 3 4 5 6"),
        samples('c{job="x",team="t"}', "1 2 3 4 5 6"),
    ]
)
LABELS = ("job", "pod", "le", "zone", "team", "new")


@pytest.mark.parametrize(
    ("expr", "kept"),
    [
        ("a", {"job", "pod", "le", "zone"}),
        ("sum(a)", set()),
        ("sum by (job, pod) (a)", {"job", "pod"}),
        ("sum by (job) (sum by (pod) (a))", set()),
        ("sum without (pod) (a)", {"job", "le", "zone"}),
        ("topk(1, a)", {"job", "pod", "le", "zone"}),
        ("histogram_quantile(0.5, rate(a[5m]))", {"job", "pod", "zone"}),
        ("a / ignoring (le) b", {"job", "pod", "zone"}),
        ("a / on (job) b", {"job"}),
        ("a >= on (job) b", {"job"}),
        ("a and on (job) b", {"job", "pod", "le", "zone"}),
        ("b * on (job) group_left (team) c", {"job", "pod", "zone", "team"}),
        ("c * on (job) group_right (team) b", {"job", "pod", "zone", "team"}),
        ("sum by (job) (a) or sum by (pod) (b)", {"job", "pod"}),
        ("a unless c", {"job", "pod", "le", "zone"}),
        ('label_replace(sum(a), "new", "x", "", "")', {"new"}),
        ('count_values("new", a)', {"new"}),
        ('absent(nope{job="x",pod=~"p.*"})', {"job"}),
        ("vector(1)", set()),
        ("a * 2", {"job", "pod", "le", "zone"}),
        ("1 < a", {"job", "pod", "le", "zone"}),
        ("max_over_time(sum by (job) (a)[2m:1m])", {"job"}),
        ("-sum by (job) (a)", {"job"}),
    ],
)
def test_labels_in_the_result_are_those_that_were_promised(expr: str, kept: set[str]) -> None:
    """*Source*: Prometheus' rules of matching and aggregation, as the evaluator has them from real Prometheus."""
    promised = kept_labels(parse(expr).ast)
    series = evaluate_range(expr, store=STORE, grid=Grid(300_000, 60_000, 1)).series
    returned = {name for labels in series.labels for name in labels if name != "__name__"}
    assert returned == kept
    # Of an open set the text cannot know more than that a label may be there.
    assert all(promised.may_have(name) for name in kept)
    if not promised.is_open:
        assert {name for name in LABELS if promised.may_have(name)} == kept
