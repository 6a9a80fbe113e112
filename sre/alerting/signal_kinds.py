"""What kind of signal an alert watches, read from its expression."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from sre.core.alert_conditions import Condition
from sre.core.conventions import SLO_LABEL
from sre.core.labels import METRIC_NAME
from sre.core.rules import AlertRule

if TYPE_CHECKING:
    from sre.core.promql_tree import UsedSelector

SignalKind: TypeAlias = Literal[
    "budget", "errors", "latency", "traffic", "saturation", "time_to_full", "absence", "restarts", "queue", "expiry",
    "generic",
]  # fmt: skip

_TABLE = Path(__file__).parent / "runbook_kinds.yaml"
_OUR_RECORDS = re.compile(r"slo:.+|.*error_budget.*|.*burn_?rate.*")
_ERROR_METRIC = re.compile(r".*(error|fail|exception|timeout|reject|dropped).*", re.IGNORECASE)
# A matcher that picks failures: 5xx by number or class, or a word for it.
_ERROR_VALUE = re.compile(r".*(\b5|5xx|5\.\.|\[45\]|error|fail|timeout|unavailable|internal).*", re.IGNORECASE)
_ERROR_LABEL = re.compile(r".*(code|status|result|outcome|class)")
# Ordered: the first that fits a metric's name decides.
_METRIC_KINDS: tuple[tuple[re.Pattern[str], SignalKind], ...] = (
    (re.compile(r".*(restart|start_time|boot_time).*"), "restarts"),
    (re.compile(r".*(cert|not_after|expir).*"), "expiry"),
    (re.compile(r".*(duration|latency|response_time|handling_seconds|server_requests_seconds).*"), "latency"),
    (re.compile(r".*(queue|backlog|lag|messages_ready|pending).*"), "queue"),
    (
        re.compile(r".*(memory|cpu|disk|filesystem|connections|pool|threads|heap|fds|inodes|load\d*|usage).*"),
        "saturation",
    ),
)


@dataclass(frozen=True, slots=True)
class LikelyCause:
    """What may be behind an alert, how to see it, and what to do about it."""

    cause: str
    check: str
    action: str


@dataclass(frozen=True, slots=True)
class KindWords:
    """What is true of all alerts of one kind."""

    means: str
    impact: str
    not_real: str
    proof: str
    causes: tuple[LikelyCause, ...]


@cache
def kind_words() -> Mapping[str, KindWords]:
    """Return the table of kinds."""
    import yaml

    rows = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    return {
        name: KindWords(**{**row, "causes": tuple(LikelyCause(**cause) for cause in row["causes"])})
        for name, row in rows.items()
    }


def signal_kind(rule: AlertRule, conditions: tuple[Condition, ...]) -> SignalKind:
    """Return the kind of signal that an alert watches."""
    from sre.core.promql import parse
    from sre.core.promql_tree import used_selectors

    selectors = used_selectors(parse(rule.expr).ast)
    metrics = [selector.metric for selector in selectors]
    functions = {name for selector in selectors for name in selector.names_around}
    if SLO_LABEL in rule.labels or any(_OUR_RECORDS.fullmatch(metric) for metric in metrics):
        return "budget"
    if {"absent", "absent_over_time"} & functions or _is_down(metrics, conditions):
        return "absence"
    if {"predict_linear", "deriv"} & functions:
        return "time_to_full"
    if "histogram_quantile" in functions or any(metric.endswith("_bucket") for metric in metrics):
        return "latency"
    if any(_picks_failures(selector) for selector in selectors):
        return "errors"
    for pattern, kind in _METRIC_KINDS:
        if any(pattern.fullmatch(metric) for metric in metrics):
            return kind
    if functions & {"rate", "increase", "irate"} and any("request" in metric for metric in metrics):
        return "traffic"
    return "generic"


def _is_down(metrics: list[str], conditions: tuple[Condition, ...]) -> bool:
    is_up = any(metric == "up" or metric.endswith("_up") for metric in metrics)
    return is_up and any(condition.op in {"==", "<", "<="} for condition in conditions)


def _picks_failures(selector: "UsedSelector") -> bool:
    if _ERROR_METRIC.fullmatch(selector.metric):
        return True
    return any(
        match.op in ("=", "=~") and _ERROR_LABEL.fullmatch(match.name) and _ERROR_VALUE.fullmatch(match.value)
        for match in selector.vector.matchers
        if match.name != METRIC_NAME
    )
