"""When an alert is pending, firing and resolved, from the steps at which its expression returns it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.labels import Labels
from sre.core.series import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class AlertEpisode:
    """One time that one alert was active; instants are epoch milliseconds of rule evaluations.

    Attributes:
        labels: Of the alert, those the rule adds included; without `alertname`.
        pending_ms: The expression first returned it.
        firing_ms: It had held for `for`; None if it never got that far.
        resolved_ms: It was no longer active; None if it still was at the end.
        peak_value: The worst value while active: the largest, or the smallest where the rule asks for less than.
        last_value: The newest value while active.
    """

    alert: str
    labels: Labels
    pending_ms: int
    firing_ms: int | None
    resolved_ms: int | None
    peak_value: float
    last_value: float


@dataclass(frozen=True, slots=True)
class Span:
    """An active alert in steps: from `start`, firing from `fired` unless None, no longer active at `end`."""

    start: int
    fired: int | None
    end: int


@dataclass(frozen=True, slots=True)
class Holding:
    """`for` and `keep_firing_for` in whole evaluations."""

    hold_steps: int
    keep_steps: int

    @classmethod
    def of(cls, *, for_seconds: float, keep_firing_for_seconds: float, step_ms: int) -> "Holding":
        """Return how many evaluations it takes for that much time to have passed."""
        return cls(*(-(-round(seconds * 1000) // step_ms) for seconds in (for_seconds, keep_firing_for_seconds)))


# What Prometheus calls the two states in the label `alertstate` of ALERTS.
PENDING: Final = "pending"
FIRING: Final = "firing"


def active_spans(present: BoolArray, holding: Holding) -> tuple[Span, ...]:
    """Return when the alert was active; `present` has shape (steps,) and says where the expression returned it.

    An alert fires at the first evaluation at which `for` has passed since it began, and goes on while the expression
    is silent for less than `keep_firing_for`; a pending one ends with the first silence.

    Source:
        Prometheus, rules/alerting.go, AlertingRule.Eval.
    """
    return spans_of_runs(*runs(present), holding)


def spans_of_runs(starts: IntArray, ends: IntArray, holding: Holding) -> tuple[Span, ...]:
    """Return what `active_spans` does, from where each run of presence begins and the place after its end."""
    return tuple(_spans(starts, ends, holding))


def _spans(starts: IntArray, ends: IntArray, holding: Holding) -> Iterator[Span]:
    first, fired, last = -1, None, -1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if fired is not None and start <= last + holding.keep_steps:
            last = end
            continue
        if first >= 0:
            yield _span(first, fired, last, holding)
        first, last = start, end
        fired = start + holding.hold_steps if start + holding.hold_steps < end else None
    if first >= 0:
        yield _span(first, fired, last, holding)


def _span(first: int, fired: int | None, last: int, holding: Holding) -> Span:
    return Span(first, fired, last if fired is None else last + holding.keep_steps)


def runs(mask: BoolArray) -> tuple[IntArray, IntArray]:
    """Return where each run of true begins, and the place after its end."""
    padded = np.zeros(mask.size + 2, dtype=np.int8)
    padded[1:-1] = mask
    edges = np.flatnonzero(np.diff(padded))
    return edges[::2], edges[1::2]


def state_mask(spans: tuple[Span, ...], count: int, *, state: str) -> BoolArray:
    """Return at which of `count` steps an alert with these spans was `pending` or `firing`."""
    mask = np.zeros(count, dtype=np.bool_)
    for span in spans:
        turn = span.end if span.fired is None else span.fired
        mask[span.start : turn] = state == PENDING
        mask[turn : span.end] = state == FIRING
    return mask


def episode(
    span: Span, *, alert: str, labels: Labels, times_ms: IntArray, values: FloatArray, is_low_worst: bool
) -> AlertEpisode:
    """Return a span with its instants.

    Args:
        times_ms: shape (steps,), the evaluations.
        values: shape (steps,), NaN where the expression returned nothing.
    """
    inside = values[span.start : span.end]
    known = inside[~np.isnan(inside)]
    peak = np.nan if not known.size else known.min() if is_low_worst else known.max()
    last = np.nan if not known.size else known[-1]
    return AlertEpisode(
        alert=alert,
        labels=labels,
        pending_ms=int(times_ms[span.start]),
        firing_ms=None if span.fired is None else int(times_ms[span.fired]),
        resolved_ms=int(times_ms[span.end]) if span.end < times_ms.size else None,
        peak_value=float(peak),
        last_value=float(last),
    )
