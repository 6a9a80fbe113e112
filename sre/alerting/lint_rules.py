"""What is wrong with a rule around its expression: who is called, what they are told, how long it waits."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sre.alerting.causes import cause_of, limit_of
from sre.alerting.kept_labels import kept_labels
from sre.alerting.lint_expressions import is_noisy_without_for, with_expr
from sre.alerting.review_model import Finding, ReviewedRule
from sre.alerting.urgency import severity_of, ticket_word
from sre.core.conventions import DESCRIPTION_ANNOTATION, RUNBOOK_ANNOTATION, SEVERITY_LABEL, SUMMARY_ANNOTATION
from sre.core.promql.nodes import AggregateNode, Node
from sre.core.promql_tree import walk
from sre.core.promql_writing import exchanged
from sre.core.rules import AlertRule
from sre.core.rules.label_templates import holds_value
from sre.core.text import listed, quoted
from sre.core.times import format_duration

_RUNBOOKS: Final = (RUNBOOK_ANNOTATION, "runbook", "playbook", "playbook_url", "runbookUrl", "runbook_link")
_SUMMARIES: Final = (SUMMARY_ANNOTATION, DESCRIPTION_ANNOTATION, "message", "title")
_USUAL_FOR_SECONDS: Final = 300.0
_LABEL_USE: Final = re.compile(r"(?:\$labels|\.Labels)\.([A-Za-z_]\w*)")
_VARIABLE: Final = re.compile(r"\$(\w*)")
_WORD: Final = re.compile(r"(?:^|\||\()\s*([A-Za-z_]\w*)")
# What is never closed goes to the end: to look for an end again from each further quote would take for ever.
_QUOTED: Final = re.compile(r'"(?:\\.|[^"\\])*(?:"|\\?\Z)|`[^`]*(?:`|\Z)', re.DOTALL)
# prometheus.io/docs, "Template reference", and the words of Go's text/template.
_FUNCTIONS: Final = frozenset(
    (
        "query", "first", "label", "value", "sortByLabel", "humanize", "humanize1024", "humanizeDuration",
        "humanizePercentage", "humanizeTimestamp", "toTime", "title", "toUpper", "toLower", "stripPort", "stripDomain",
        "match", "reReplaceAll", "parseDuration", "graphLink", "tableLink", "externalURL", "pathPrefix", "strvalue",
        "args", "safeHtml", "tmpl", "now", "if", "else", "end", "range", "with", "template", "define", "block", "break",
        "continue", "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice", "print", "printf",
        "println", "html", "js", "urlquery", "call", "true", "false", "nil",
    )
)  # fmt: skip
_VARIABLES: Final = frozenset({"labels", "value", "externalLabels", "externalURL"})


def rule_findings(reviewed: ReviewedRule, *, runbook_url: Callable[[str], str]) -> Iterator[Finding]:
    """Yield what is wrong with one alert; recording rules have nothing of it.

    Args:
        runbook_url: Returns the address of an alert's runbook.
    """
    rule = reviewed.rule
    if not isinstance(rule, AlertRule):
        return
    yield from _waiting(reviewed, rule)
    yield from _severity(reviewed, rule)
    yield from _texts(reviewed, rule, runbook_url=runbook_url)
    yield from _templates(reviewed, rule)
    yield from _identity(reviewed, rule)
    yield from _cause(reviewed, rule)


def _waiting(reviewed: ReviewedRule, rule: AlertRule) -> Iterator[Finding]:
    interval = reviewed.interval_seconds
    if not rule.for_seconds and reviewed.query is not None and is_noisy_without_for(reviewed.query.ast):
        if reviewed.urgency != "none":
            wait = format_duration(_USUAL_FOR_SECONDS)
            yield Finding(
                "missing_for",
                reviewed.index,
                "It fires at the first evaluation that returns something.",
                f"Wait with for: {wait}, or as long as it may last without anybody having to act.",
                replace(rule, for_seconds=_USUAL_FOR_SECONDS),
            )
    elif interval and 0 < rule.for_seconds < interval:
        yield Finding(
            "short_for",
            reviewed.index,
            f"for is {format_duration(rule.for_seconds)}; the group is evaluated every {format_duration(interval)}.",
            f"Make it {format_duration(2 * interval)}.",
            replace(rule, for_seconds=2 * interval),
        )


def _severity(reviewed: ReviewedRule, rule: AlertRule) -> Iterator[Finding]:
    if reviewed.urgency != "unknown":
        return
    severity = "ticket" if cause_of(reviewed) else "page"
    mended = replace(rule, labels={**rule.labels, SEVERITY_LABEL: severity})
    advice = "it watches a cause" if severity == "ticket" else "if users feel it; ticket if it can wait"
    spelt = severity_of(rule.labels)
    if spelt:
        yield Finding(
            "unknown_severity",
            reviewed.index,
            f"Its severity is {quoted(spelt, limit=40)}.",
            f"Make it {severity}: {advice}.",
            mended,
        )
    else:
        yield Finding(
            "no_severity", reviewed.index, "No label says how urgent it is.", f"severity: {severity}, {advice}.", mended
        )


def _texts(reviewed: ReviewedRule, rule: AlertRule, *, runbook_url: Callable[[str], str]) -> Iterator[Finding]:
    if reviewed.urgency != "none" and not any(rule.annotations.get(name, "").strip() for name in _RUNBOOKS):
        url = runbook_url(rule.alert)
        yield Finding(
            "no_runbook",
            reviewed.index,
            "No annotation names a runbook.",
            "Write one (generate_runbook) and name it.",
            replace(rule, annotations={**rule.annotations, RUNBOOK_ANNOTATION: url}),
        )
    if not any(rule.annotations.get(name, "").strip() for name in _SUMMARIES):
        yield Finding(
            "no_summary",
            reviewed.index,
            "No annotation says what is wrong.",
            "Say it in a sentence that stands alone.",
            replace(rule, annotations={**rule.annotations, SUMMARY_ANNOTATION: _sentence(reviewed, rule.alert)}),
        )


def _sentence(reviewed: ReviewedRule, alert: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]+", " ", alert)
    plain = words[:1].upper() + words[1:].lower()
    kept = kept_labels(reviewed.query.ast) if reviewed.query is not None else None
    name = next((name for name in ("service", "job", "instance") if kept is not None and kept.may_have(name)), "")
    return f"{plain} on {{{{ $labels.{name} }}}}" if name else plain


def _templates(reviewed: ReviewedRule, rule: AlertRule) -> Iterator[Finding]:
    texts = {**rule.labels, **rule.annotations}
    wrong = [
        f"{quoted(name, limit=40)}: {problem}" for name, text in texts.items() if (problem := template_problem(text))
    ]
    if wrong:
        yield Finding("bad_template", reviewed.index, f"{listed(wrong, limit=3)}.", "Mend the template.")
    if reviewed.query is None:
        return
    kept = kept_labels(reviewed.query.ast)
    used = dict.fromkeys(name for text in texts.values() for name in labels_used(text))
    lost = [name for name in used if not kept.may_have(name)]
    if lost:
        changed = _keeping(reviewed, rule, lost)
        yield Finding(
            "lost_label",
            reviewed.index,
            f"A text names {listed([f'$labels.{name}' for name in lost], limit=4)}, which the expression has dropped.",
            "Keep the label in the aggregation, if the series have it." if changed else "Take it out of the text.",
            changed or _without_uses(rule, lost),
        )


def labels_used(text: str) -> list[str]:
    """Return the labels that a template names, in order."""
    return [name for action in _actions(text) for name in _LABEL_USE.findall(action)]


def _actions(text: str) -> Iterator[str]:
    """Yield what stands between {{ and }}, without white space and trim marks around it."""
    start = text.find("{{")
    while start >= 0:
        end = text.find("}}", start + 2)
        if end < 0:
            return
        yield text[start + 2 : end].removeprefix("-").removesuffix("-").strip()
        start = text.find("{{", end + 2)


def template_problem(text: str) -> str:
    """Return what is wrong with a template, or an empty string; what it cannot judge passes."""
    if text.count("{{") != text.count("}}"):
        return "brackets {{ and }} do not match"
    defined = set(_VARIABLES)
    for action in _actions(text):
        if action.startswith("/*"):
            continue
        bare = _QUOTED.sub('""', action)
        defined.update(re.findall(r"\$(\w+)\s*(?:,\s*\$\w+\s*)?:=", bare) + re.findall(r",\s*\$(\w+)\s*:=", bare))
        unknown = [f"${name}" for name in _VARIABLE.findall(bare) if name and name not in defined]
        unknown += [f"{name}()" for name in _WORD.findall(bare) if name not in _FUNCTIONS]
        if unknown:
            return f"{listed(unknown, limit=3)} is not known"
    return ""


def _keeping(reviewed: ReviewedRule, rule: AlertRule, lost: Sequence[str]) -> AlertRule | None:
    """Return the rule with the labels kept by every aggregation `by` some labels, where that is all it takes."""
    assert reviewed.query is not None
    root = reviewed.query.ast
    aggregates = [place.node for place in walk(root) if isinstance(place.node, AggregateNode)]
    if not aggregates or any(one.without or not one.labels for one in aggregates):
        return None
    expr = rule.expr
    for one in dict.fromkeys(aggregates):
        more = tuple(name for name in lost if name not in one.labels)
        expr = exchanged(expr, old=one, new=replace(one, labels=(*one.labels, *more)))
    changed = with_expr(rule, expr)
    assert isinstance(changed, AlertRule)
    return changed if _keeps(expr, lost) else None


def _keeps(expr: str, names: Sequence[str]) -> bool:
    from sre.core.promql import parse

    kept = kept_labels(parse(expr).ast)
    return all(kept.may_have(name) for name in names)


def _without_uses(rule: AlertRule, lost: Sequence[str]) -> AlertRule:
    pattern = re.compile(r"\{\{-?\s*(?:\$labels|\.Labels)\.(?:" + "|".join(map(re.escape, lost)) + r")\s*-?\}\}")

    def cleared(texts: Mapping[str, str]) -> dict[str, str]:
        return {name: pattern.sub("?", text) for name, text in texts.items()}

    return replace(rule, labels=cleared(rule.labels), annotations=cleared(rule.annotations))


def _identity(reviewed: ReviewedRule, rule: AlertRule) -> Iterator[Finding]:
    holding = [name for name, text in rule.labels.items() if holds_value({name: text})]
    if not holding:
        return
    labels = {name: text for name, text in rule.labels.items() if name not in holding}
    moved = {name: rule.labels[name] for name in holding if name not in rule.annotations}
    yield Finding(
        "value_in_label",
        reviewed.index,
        f"The label {listed([quoted(name, limit=40) for name in holding])} holds the value.",
        "Put the value into an annotation.",
        replace(rule, labels=labels, annotations={**rule.annotations, **moved}),
    )


def _cause(reviewed: ReviewedRule, rule: AlertRule) -> Iterator[Finding]:
    cause = cause_of(reviewed)
    if cause and reviewed.urgency == "page":
        spelt = severity_of(rule.labels)
        name = next(name for name in (SEVERITY_LABEL, *rule.labels) if rule.labels.get(name) == spelt)
        ticket = ticket_word(spelt)
        yield Finding(
            "cause_pages",
            reviewed.index,
            f"It pages for {cause}.",
            f"Make it a {ticket}, and page on what users feel (an SLO, or the rate of errors and slow requests).",
            replace(rule, labels={**rule.labels, name: ticket}),
        )
    limited = limit_of(reviewed)
    if limited is not None:
        yield Finding(
            "raw_limit",
            reviewed.index,
            limited.evidence,
            "Compare with the limit itself, as a share; for what fills up, with predict_linear().",
            _with_share(rule, limited.old, limited.new),
        )


def _with_share(rule: AlertRule, old: Node, new: Node) -> AlertRule:
    return replace(rule, expr=exchanged(rule.expr, old=old, new=new))
