"""The alerts of one rule, from what its expression returned at every evaluation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sre.core.errors import InputError
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql import parse
from sre.core.promql.nodes import COMPARISONS, BinaryNode, Node, value_type
from sre.core.rules.alert_states import (
    FIRING,
    PENDING,
    AlertEpisode,
    Holding,
    Span,
    active_spans,
    episode,
    state_mask,
)
from sre.core.rules.label_templates import expanded, holds_value
from sre.core.rules.model import AlertRule
from sre.core.rules.recorded import recorded_samples
from sre.core.rules.references import ALERTS, ALERTS_FOR_STATE
from sre.core.series import BoolArray, FloatArray, Grid, Samples, SeriesSet
from sre.core.text import quoted

# A label that holds the value makes an alert of every value; beyond this many it is told, not followed.
_MAX_IDENTITIES: Final = 2_000
_ALERT_NAME: Final = "alertname"
_ALERT_STATE: Final = "alertstate"


@dataclass(frozen=True, slots=True, eq=False)
class ReplayedAlert:
    """One alert over all evaluations.

    Attributes:
        labels: Those the rule adds included; without `alertname`.
        values: shape (steps,), NaN where the expression did not return it.
    """

    labels: Labels
    values: FloatArray
    spans: tuple[Span, ...]


def alert_episodes(rule: AlertRule, series: SeriesSet) -> tuple[AlertEpisode, ...]:
    """Return when alerts of a rule were active, by when they began.

    Args:
        series: What the expression returned, one step an evaluation.

    Raises:
        InputError: Two series would be one alert at the same time, or its labels make more alerts than can be told.
    """
    return episodes_of(rule, alerts_of(rule, series), grid=series.grid)


def alerts_of(rule: AlertRule, series: SeriesSet) -> tuple[ReplayedAlert, ...]:
    """Return the alerts of a rule, as `alert_episodes` does."""
    holding = Holding.of(
        for_seconds=rule.for_seconds,
        keep_firing_for_seconds=rule.keep_firing_for_seconds,
        step_ms=series.grid.step_ms,
    )
    return tuple(
        ReplayedAlert(one, values, active_spans(present, holding)) for one, values, present in _rows(rule, series)
    )


def presence_of(rule: AlertRule, series: SeriesSet) -> Iterator[tuple[Labels, BoolArray]]:
    """Yield the labels of each alert and where the expression returned it, shape (steps,), whatever `for` says.

    Raises:
        InputError: As `alert_episodes`.
    """
    return ((labels, present) for labels, _, present in _rows(rule, series))


def _rows(rule: AlertRule, series: SeriesSet) -> Iterator[tuple[Labels, FloatArray, BoolArray]]:
    with_value = holds_value(rule.labels)
    parts = _by_value(series, rule) if with_value else series
    labels = [
        _alert_labels(rule, one, _only_value(parts, row) if with_value else None)
        for row, one in enumerate(parts.labels)
    ]
    return distinct_rows(labels, parts)


def episodes_of(rule: AlertRule, alerts: Sequence[ReplayedAlert], *, grid: Grid) -> tuple[AlertEpisode, ...]:
    """Return the spans of alerts with their instants, by when they began."""
    is_low_worst = _is_low_worst(parse(rule.expr).ast)
    times_ms = grid.times_ms()
    found = [
        episode(
            span,
            alert=rule.alert,
            labels=alert.labels,
            times_ms=times_ms,
            values=alert.values,
            is_low_worst=is_low_worst,
        )
        for alert in alerts
        for span in alert.spans
    ]
    return tuple(sorted(found, key=lambda one: (one.pending_ms, str(one.labels))))


def alert_samples(rule: AlertRule, alert: ReplayedAlert, *, grid: Grid) -> Iterator[Samples]:
    """Yield the series that Prometheus writes about an alert."""
    times_ms = grid.times_ms()
    named = alert.labels.replaced(**{_ALERT_NAME: rule.alert})
    one = np.ones(grid.count)
    for state in (PENDING, FIRING):
        mask = state_mask(alert.spans, grid.count, state=state)
        if mask.any():
            labels = named.replaced(**{METRIC_NAME: ALERTS, _ALERT_STATE: state})
            yield recorded_samples(labels, times_ms=times_ms, values=one, present=mask)
    since, active = np.zeros(grid.count), np.zeros(grid.count, dtype=np.bool_)
    for span in alert.spans:
        since[span.start : span.end] = times_ms[span.start] // 1000
        active[span.start : span.end] = True
    labels = named.replaced(**{METRIC_NAME: ALERTS_FOR_STATE})
    yield recorded_samples(labels, times_ms=times_ms, values=since, present=active)


def distinct_rows(labels: Sequence[Labels], series: SeriesSet) -> Iterator[tuple[Labels, FloatArray, BoolArray]]:
    """Yield values by final labels; rows that get the same ones are joined where they never meet.

    Args:
        labels: The final labels, one set a row of `series`.

    Raises:
        InputError: Two of them have a value at the same step.
    """
    rows: dict[Labels, list[int]] = {}
    for row, one in enumerate(labels):
        rows.setdefault(one, []).append(row)
    for one, members in rows.items():
        present = series.present[members]
        if len(members) > 1 and (present.sum(axis=0) > 1).any():
            raise InputError(
                f"two series get the same labels from the rule, {quoted(str(one))}, and Prometheus refuses that.",
                field="rules",
            )
        seen: BoolArray = np.asarray(present.any(axis=0))
        values: FloatArray = np.where(present, series.values[members], 0.0).sum(axis=0)
        yield one, np.where(seen, values, np.nan), seen


def _alert_labels(rule: AlertRule, labels: Labels, value: float | None) -> Labels:
    added = {name: expanded(text, labels, value=value) for name, text in rule.labels.items()}
    return labels.without(METRIC_NAME, _ALERT_NAME).replaced(**added)


def _by_value(series: SeriesSet, rule: AlertRule) -> SeriesSet:
    """Return a row for every series and value: with the value in its labels, each is an alert of its own."""
    masks: list[BoolArray] = []
    rows: list[int] = []
    for row in range(len(series)):
        there, values = series.present[row], series.values[row]
        for value in np.unique(values[there]):
            masks.append(there & (np.isnan(values) if np.isnan(value) else values == value))
            rows.append(row)
            if len(masks) > _MAX_IDENTITIES:
                raise InputError(
                    f"a label of {quoted(rule.alert)} holds the value, which makes over {_MAX_IDENTITIES:,} alerts.",
                    field="rules",
                )
    present = np.stack(masks) if masks else np.empty((0, series.grid.count), dtype=np.bool_)
    labels = tuple(series.labels[row] for row in rows)
    return replace(series, labels=labels, values=series.values[rows], present=present)


def _only_value(parts: SeriesSet, row: int) -> float:
    return float(parts.values[row][np.argmax(parts.present[row])])


def _is_low_worst(node: Node) -> bool:
    """Whether an expression asks for values below a bound, so that the lowest is the worst."""
    if not isinstance(node, BinaryNode):
        return False
    if node.op not in COMPARISONS:
        return node.op in ("and", "unless", "or") and _is_low_worst(node.left)
    is_turned = value_type(node.left) == "scalar" and value_type(node.right) != "scalar"
    return node.op in ((">", ">=") if is_turned else ("<", "<="))
