"""What a rule asks for that the source does not have, and what means something else in Prometheus 3."""

import re
from collections.abc import Iterator
from dataclasses import replace

from sre.alerting.lint_expressions import with_expr
from sre.alerting.review_model import Finding, KnownData, ReviewedRule, SelectorFacts, assumptions
from sre.core.labels import METRIC_NAME
from sre.core.promql import Matcher
from sre.core.promql.nodes import CallNode, Node, VectorNode
from sre.core.promql_tree import metric_of, selector_text, walk
from sre.core.promql_writing import exchanged
from sre.core.rules import AlertRule
from sre.core.text import cleaned, listed, quoted

_EXPECTS_NONE = frozenset({"absent", "absent_over_time"})
_WHOLE_BOUND = re.compile(r"\d+")
_RENAMED = {"holt_winters": "double_exponential_smoothing"}


def data_findings(reviewed: ReviewedRule, known: KnownData) -> Iterator[Finding]:
    """Yield what a rule selects that is not there; of selectors nobody asked for, nothing is said."""
    if reviewed.query is None:
        return
    seen: set[str] = set()
    for place in walk(reviewed.query.ast):
        node = place.node
        if not isinstance(node, VectorNode) or selector_text(node) in seen:
            continue
        seen.add(selector_text(node))
        facts = known.selectors.get(selector_text(node))
        if facts is not None and not facts.series_count and not _EXPECTS_NONE.intersection(place.names_around):
            yield from _missing(reviewed, node, facts, days=known.days)


def _missing(reviewed: ReviewedRule, node: VectorNode, facts: SelectorFacts, *, days: float) -> Iterator[Finding]:
    during = f"in {days:.3g} d"
    near = (
        f" The nearest: {listed([quoted(one, limit=80) for one in facts.nearest], limit=3)}." if facts.nearest else ""
    )
    metric = cleaned(metric_of(node) or selector_text(node), limit=80)
    if facts.metric_exists is False:
        mended = _renamed(reviewed, node, METRIC_NAME, facts)
        yield Finding(
            "absent_metric",
            reviewed.index,
            f"There was no {metric} {during}.{near}",
            "Use the name that exists, or remove the rule."
            if facts.nearest
            else "Export the metric, or remove the rule.",
            mended,
            # In a short history an exporter may just be down: too little to take an alert away for.
            removes=mended is None and days >= assumptions().short_history_days,
        )
    elif facts.missing_label:
        yield Finding(
            "absent_label",
            reviewed.index,
            f"No series of {metric} has the label {quoted(facts.missing_label, limit=80)} {during}.{near}",
            "Match a label that it has.",
            _with_other_label(reviewed, node, facts),
        )
    elif facts.missing_value:
        matcher = next(one for one in node.matchers if one.name == facts.missing_value)
        alike = _alike(matcher, facts)
        yield Finding(
            "misspelt_value" if alike else "unseen_value",
            reviewed.index,
            f"No series of {metric} had {cleaned(str(matcher), limit=100)} {during}.{near}",
            f"Match {quoted(alike, limit=80)}."
            if alike
            else "Prove with a unit test that it fires, or match a value that exists.",
            _with_value(reviewed, node, matcher, alike) if alike else None,
        )
    elif facts.metric_exists:
        yield Finding(
            "unseen_value",
            reviewed.index,
            f"No series passed all matchers of {cleaned(selector_text(node), limit=150)} {during}, each passes some.",
            "Drop one matcher at a time to see which two never meet.",
        )


def _alike(matcher: Matcher, facts: SelectorFacts) -> str:
    """Return the value that was probably meant: the same letters, or one away."""
    if matcher.op != "=":
        return ""
    wanted = _letters(matcher.value)
    return next((value for value in facts.nearest if _letters(value) == wanted or _one_away(value, matcher.value)), "")


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _one_away(one: str, other: str) -> bool:
    """Whether a letter too many, too few or wrong, or two exchanged, make one word the other; numbers never are."""
    if one.isdigit() or other.isdigit() or min(len(one), len(other)) < 4:
        return False
    start = next(
        (i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )
    first, second = one[start:], other[start:]
    return (
        first[1:] == second[1:]
        or first[1:] == second
        or first == second[1:]
        or (first[:2] == second[:2][::-1] and first[2:] == second[2:])
    )


def _renamed(reviewed: ReviewedRule, node: VectorNode, label: str, facts: SelectorFacts) -> AlertRule | None:
    wanted = metric_of(node)
    close = next((one for one in facts.nearest if _letters(one) == _letters(wanted) or _one_away(one, wanted)), "")
    matcher = next((one for one in node.matchers if one.name == label), None)
    return _with_value(reviewed, node, matcher, close) if close and matcher is not None else None


def _with_value(reviewed: ReviewedRule, node: VectorNode, matcher: Matcher, value: str) -> AlertRule | None:
    matchers = tuple(replace(one, value=value) if one == matcher else one for one in node.matchers)
    return _with_node(reviewed, node, replace(node, matchers=matchers))


def _with_other_label(reviewed: ReviewedRule, node: VectorNode, facts: SelectorFacts) -> AlertRule | None:
    close = next(
        (
            one
            for one in facts.nearest
            if _letters(one) == _letters(facts.missing_label) or _one_away(one, facts.missing_label)
        ),
        "",
    )
    if not close:
        return None
    matchers = tuple(replace(one, name=close) if one.name == facts.missing_label else one for one in node.matchers)
    return _with_node(reviewed, node, replace(node, matchers=matchers))


def _with_node(reviewed: ReviewedRule, old: Node, new: Node) -> AlertRule | None:
    changed = with_expr(reviewed.rule, exchanged(reviewed.rule.expr, old=old, new=new))
    return changed if isinstance(changed, AlertRule) else None


def dialect_findings(reviewed: ReviewedRule) -> Iterator[Finding]:
    """Yield what Prometheus 3 reads otherwise than Prometheus 2.

    Source: prometheus.io/docs, "Prometheus 3 migration guide".
    """
    if reviewed.query is None:
        return
    for place in walk(reviewed.query.ast):
        node = place.node
        if isinstance(node, CallNode) and node.function in _RENAMED:
            name = _RENAMED[node.function]
            yield Finding(
                "changed_in_3",
                reviewed.index,
                f"{node.function}() is called {name}() there, and only with a feature flag.",
                "Prefer avg_over_time() or predict_linear(), which both versions know.",
            )
        if isinstance(node, VectorNode):
            yield from _whole_bounds(reviewed, node)


def _whole_bounds(reviewed: ReviewedRule, node: VectorNode) -> Iterator[Finding]:
    for matcher in node.matchers:
        if matcher.name not in ("le", "quantile") or matcher.op != "=" or not _WHOLE_BOUND.fullmatch(matcher.value):
            continue
        both = replace(matcher, op="=~", value=rf"{matcher.value}(\.0)?")
        matchers = tuple(both if one == matcher else one for one in node.matchers)
        yield Finding(
            "changed_in_3",
            reviewed.index,
            f'{matcher} is written {matcher.name}="{matcher.value}.0" there.',
            f"Match both spellings: {both}.",
            with_expr(reviewed.rule, exchanged(reviewed.rule.expr, old=node, new=replace(node, matchers=matchers))),
        )
