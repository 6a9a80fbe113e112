"""How far a forecast can be trusted, by rules a person can check."""

from dataclasses import dataclass

from sre.capacity.model import Accuracy, Judgement, Trust
from sre.core.times import format_duration

# Our choice, explained in each answer: horizons beyond these multiples of the history lower the trust.
_COMFORTABLE_REACH, _FAIR_REACH, _FAR_REACH = 0.5, 1.0, 4.0
# Mean absolute error relative to the size of the values.
_SMALL_ERROR, _FAIR_ERROR = 0.15, 0.4
_COVERAGE_SLACK = 0.15
_GAP_SHARE = 0.2
_ORDER: tuple[Trust, ...] = ("none", "low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What trust is judged by.

    Attributes:
        horizon_seconds: How far ahead the answer looks, a crossing included.
        relative_error: Held-back mean absolute error over the mean absolute value; None where unknown.
        independent_count: Stretches of one horizon in the held-back part.
        gap_ratio: Share of steps without a value.
    """

    history_seconds: float
    horizon_seconds: float
    relative_error: float | None
    independent_count: float
    gap_ratio: float
    interval_ratio: float
    accuracy: Accuracy | None
    is_shifted: bool = False
    is_stopped: bool = False


def judged(evidence: Evidence) -> Judgement:
    """Return the lowest trust that any rule gives, with the reasons that lowered it (or what holds it up)."""
    verdicts = [
        *_reach(evidence),
        *_error(evidence),
        *_naive(evidence),
        *_coverage(evidence),
        *_data(evidence),
    ]
    trust = min((verdict[0] for verdict in verdicts), key=_ORDER.index)
    reasons = tuple(reason for level, reason in verdicts if level == trust or _ORDER.index(level) < 2)
    return Judgement(trust, reasons)


def _reach(evidence: Evidence) -> list[tuple[Trust, str]]:
    reach = evidence.horizon_seconds / evidence.history_seconds
    spans = (
        f"looking {_span(evidence.horizon_seconds)} ahead is {reach:.2g} times the history of "
        f"{_span(evidence.history_seconds)}"
    )
    if reach <= _COMFORTABLE_REACH:
        return [("high", spans)]
    if reach <= _FAIR_REACH:
        return [("medium", f"{spans}: so long a forecast could be checked on the past only in part")]
    level: Trust = "low" if reach <= _FAR_REACH else "none"
    return [(level, f"{spans}: beyond the history, the width is carried on from shorter leads")]


def _error(evidence: Evidence) -> list[tuple[Trust, str]]:
    error = evidence.relative_error
    if error is None:
        return [("low", "no held-back history to measure the error on")]
    words = f"held-back error is {100 * error:.2g} % of the typical value"
    if evidence.independent_count < 1:
        return [("low", f"{words}, measured on less than one whole horizon")]
    if evidence.independent_count < 2:
        return [("medium", f"{words}, measured on fewer than two separate horizons")]
    return [("high" if error <= _SMALL_ERROR else "medium" if error <= _FAIR_ERROR else "low", words)]


def _naive(evidence: Evidence) -> list[tuple[Trust, str]]:
    accuracy = evidence.accuracy
    if accuracy is None or accuracy.naive_ratio is None or accuracy.naive_ratio <= 1.1:
        return []
    return [("low", f"repeating the last season would have been better ({accuracy.naive_ratio:.2g} times its error)")]


def _coverage(evidence: Evidence) -> list[tuple[Trust, str]]:
    accuracy = evidence.accuracy
    if accuracy is None or accuracy.coverage_ratio is None:
        return []
    share = accuracy.coverage_ratio
    words = f"{100 * share:.0f} % of held-back values fell inside the {100 * evidence.interval_ratio:.0f} % interval"
    if share < evidence.interval_ratio - 2 * _COVERAGE_SLACK:
        return [("low", words)]
    return [("medium" if share < evidence.interval_ratio - _COVERAGE_SLACK else "high", words)]


def _data(evidence: Evidence) -> list[tuple[Trust, str]]:
    out: list[tuple[Trust, str]] = []
    if evidence.gap_ratio > _GAP_SHARE:
        out.append(
            ("medium" if evidence.gap_ratio < 0.5 else "low", f"{100 * evidence.gap_ratio:.0f} % of steps missing")
        )
    if evidence.is_shifted:
        out.append(("medium", "the level jumped within the history; what lies before it says less"))
    if evidence.is_stopped:
        out.append(("low", "the series has stopped reporting"))
    return out


def _span(seconds: float) -> str:
    if seconds >= 3 * 86400:
        return f"{seconds / 86400:.0f} days"
    return format_duration(round(seconds))
