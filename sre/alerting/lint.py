"""Everything that is wrong with a set of rules before any of them is run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sre.alerting.lint_data import data_findings, dialect_findings
from sre.alerting.lint_expressions import expression_findings
from sre.alerting.lint_rules import rule_findings
from sre.alerting.review_model import Finding, Judged, KnownData, ReviewedRule
from sre.core.promql.nodes import Node
from sre.core.rules import AlertRule
from sre.core.text import quoted


def lint(
    rules: Sequence[ReviewedRule],
    known: KnownData,
    *,
    runbook_url: Callable[[str], str],
    should_stop: Callable[[], bool] = lambda: False,
) -> Judged:
    """Return what is wrong with the rules.

    Args:
        rules: Those that matter most first.
        runbook_url: Returns the address of an alert's runbook, for rules that name none.
        should_stop: Asked before each rule.
    """
    found: list[Finding] = []
    for place, reviewed in enumerate(rules):
        if should_stop():
            left = frozenset(one.index for one in rules[place:])
            return Judged(tuple(_each_once([*found, *_duplicates(rules[:place])])), left)
        for checked in (
            expression_findings(reviewed, known),
            rule_findings(reviewed, runbook_url=runbook_url),
            data_findings(reviewed, known),
            dialect_findings(reviewed),
        ):
            found += checked
    return Judged(tuple(_each_once([*found, *_duplicates(rules)])))


def _duplicates(rules: Sequence[ReviewedRule]) -> Iterator[Finding]:
    first_of: dict[object, ReviewedRule] = {}
    # An expression that an alias repeats is weighed once.
    number_of: dict[Node, int] = {}
    numbers: dict[str, int] = {}
    for reviewed in rules:
        if reviewed.query is None or not isinstance(reviewed.rule, AlertRule):
            continue
        text = reviewed.query.text
        if text not in numbers:
            numbers[text] = number_of.setdefault(reviewed.query.ast, len(number_of))
        key = (numbers[text], reviewed.urgency, reviewed.rule.for_seconds)
        first = first_of.setdefault(key, reviewed)
        if first is not reviewed:
            same = "the same" if first.name == reviewed.name else f"that of {quoted(first.name, limit=80)}"
            yield Finding(
                "duplicate",
                reviewed.index,
                f"Its expression is {same} (group {quoted(first.group, limit=80)}).",
                f"Keep {quoted(first.name, limit=80)} in group {quoted(first.group, limit=80)}, remove this one.",
                removes=True,
            )


def _each_once(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the findings; of several of one check on one rule the first, with how many more there are."""
    by_key: dict[tuple[str, int | None], list[Finding]] = {}
    for finding in findings:
        by_key.setdefault((finding.check, finding.rule), []).append(finding)
    for same in by_key.values():
        more = len({one.evidence for one in same}) - 1
        yield replace(same[0], evidence=f"{same[0].evidence} And {more} more of this kind.") if more else same[0]
