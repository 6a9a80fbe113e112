"""The first questions an alert asks for: is it still true, who is hit most, what changed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from sre.alerting.signal_kinds import SignalKind
from sre.core.alert_conditions import Condition
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql_text import LabelMatch, selector

if TYPE_CHECKING:
    from sre.core.promql_tree import UsedSelector

Purpose: TypeAlias = Literal["state", "split", "change", "context"]

# Labels by which a failure usually splits, the most telling first.
_TELLING = (
    "handler", "route", "path", "endpoint", "uri", "method", "operation", "grpc_method", "code", "status",
    "status_code", "version", "region", "zone", "availability_zone", "cluster", "instance", "pod", "node", "host",
    "device", "mountpoint", "datname", "queue", "topic", "consumer_group", "upstream", "job",
)  # fmt: skip
_NO_SPLIT = frozenset({METRIC_NAME, "le", "quantile", "uid", "id", "container_id", "image", "image_id"})
_MAX_VALUES, _MAX_SPLITS, _TOP = 200, 3, 5
# Labels that say whose series they are.
_OWNERS = ("service", "service_name", "app", "application", "job", "namespace", "cluster", "deployment")
_RATES = frozenset({"rate", "irate", "increase"})


@dataclass(frozen=True, slots=True)
class RunbookQuery:
    """A query of a runbook.

    Attributes:
        title: What it shows, as the beginning of a sentence.
        expects_data: Whether no answer means that something is wrong with the query, and not that all is well.
    """

    title: str
    query: str
    purpose: Purpose
    expects_data: bool = True


def watched_selectors(expr: str) -> tuple["UsedSelector", ...]:
    """Return the selectors of an expression, each once, left to right."""
    from sre.core.promql import parse
    from sre.core.promql_tree import used_selectors

    found: dict[str, UsedSelector] = {}
    for used in used_selectors(parse(expr).ast):
        found.setdefault(used.text, used)
    return tuple(found.values())


def state_queries(expr: str, conditions: Sequence[Condition]) -> tuple[RunbookQuery, ...]:
    """Return what shows whether an alert is still true, and how far beyond its limit."""
    queries = [RunbookQuery("Is it still true? The alert's own expression; empty means no", expr, "state", False)]
    for condition in conditions:
        if not condition.op:
            continue
        against = f"{condition.op} {condition.limit}" if len(condition.limit) <= 40 else f"{condition.op} its limit"
        queries.append(RunbookQuery(f"The value itself (the alert wants {against})", condition.signal, "state"))
        queries.append(RunbookQuery("The same, a week ago", _offset(condition.signal), "context", False))
    return tuple(dict.fromkeys(queries))


def split_queries(used: "UsedSelector", labels: Sequence[str], *, kind: SignalKind) -> tuple[RunbookQuery, ...]:
    """Return the rows that stand out in a selector, by each of these labels."""
    return tuple(
        RunbookQuery(f"Who is hit most, by `{label}`", _top(used, label, kind), "split", used.metric != "")
        for label in labels
    )


def split_labels(used: "UsedSelector", series: Sequence[Labels]) -> tuple[str, ...]:
    """Return the labels by which these series differ tellingly, at most three, the most telling first."""
    fixed = {match.name for match in used.vector.matchers if match.op == "="}
    values: dict[str, set[str]] = {}
    for labels in series:
        for name, value in labels.items():
            values.setdefault(name, set()).add(value)
    useful = [n for n, seen in values.items() if n not in fixed | _NO_SPLIT and 2 <= len(seen) <= _MAX_VALUES]
    rank = {name: place for place, name in enumerate(_TELLING)}
    ordered = sorted(useful, key=lambda name: (rank.get(name, len(_TELLING)), len(values[name]), name))
    # `pod` beside `instance` would show the same rows twice.
    by_parts: dict[tuple[int, ...], str] = {}
    for name in ordered:
        by_parts.setdefault(_parts(name, series), name)
    return tuple(by_parts.values())[:_MAX_SPLITS]


def _parts(name: str, series: Sequence[Labels]) -> tuple[int, ...]:
    """Return for each series the number of its part, when they are parted by a label."""
    numbers: dict[str, int] = {}
    return tuple(numbers.setdefault(labels.get(name, ""), len(numbers)) for labels in series)


def owner_matches(selectors: Sequence["UsedSelector"], labels: Mapping[str, str]) -> tuple[LabelMatch, ...]:
    """Return the matchers that say whose alert it is, from its labels or else from its selectors."""
    from_rule: list[LabelMatch] = [(n, "=", labels[n]) for n in _OWNERS if labels.get(n) and "{{" not in labels[n]]
    if from_rule:
        return tuple(from_rule[:1])
    for used in selectors:
        for name in _OWNERS:
            for match in used.vector.matchers:
                if match.name == name and match.op == "=" and match.value:
                    return ((name, "=", match.value),)
    return ()


def change_queries(owner: Sequence[LabelMatch], *, build_info: str = "build_info") -> tuple[RunbookQuery, ...]:
    """Return what shows deploys and restarts of the last hours.

    Args:
        build_info: Name of the metric that carries the version as a label, empty if there is none.
    """
    process = selector("process_start_time_seconds", list(owner))
    queries = [
        RunbookQuery("Seconds since each process started, the youngest first", f"sort(time() - {process})", "change")
    ]
    if build_info:
        info = selector(build_info, list(owner))
        by = "version" if owner else "job, version"
        queries.insert(0, RunbookQuery("Versions that run now", f"count by ({by}) ({info})", "change"))
        before = f"count by ({by}) ({info} offset 1h)"
        queries.insert(1, RunbookQuery("Versions an hour ago; a difference is a deploy", before, "change", False))
    return tuple(queries)


def _top(used: "UsedSelector", label: str, kind: SignalKind) -> str:
    text = used.text
    window = f"{max(300, round(used.range_seconds)) // 60}m" if used.range_seconds < 3600 else "5m"
    is_rated = bool(_RATES & set(used.names_around)) or used.metric.endswith(("_total", "_count", "_sum"))
    if used.metric.endswith("_bucket"):
        inner = f"histogram_quantile(0.95, sum by ({label}, le) (rate({text}[{window}])))"
    elif is_rated:
        inner = f"sum by ({label}) (rate({text}[{window}]))"
    elif kind == "absence":
        inner = f"count by ({label}) ({text})"
    else:
        inner = f"max by ({label}) ({text})"
    return f"topk({_TOP}, {inner})"


def _offset(signal: str) -> str:
    """Return the signal a week before: `offset 1w` behind each selector that is not moved already."""
    from promql_parser import VectorSelector, parse, walk

    texts: set[str] = set()

    def visit(node: object) -> None:
        if isinstance(node, VectorSelector) and node.offset is None and node.at is None:
            texts.add(str(node))

    walk(parse(signal), pre_visit=visit)
    # One pass over all of them, the longest first, so that `a{}` is not found inside `b_a{}` or moved twice.
    names = "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
    return re.sub(rf"(?<![\w:])({names})(\[[^\]]*\])?(?! offset)", r"\1\2 offset 1w", signal) if names else signal
