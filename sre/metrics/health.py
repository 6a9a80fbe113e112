"""Verdicts on the golden signals: a value, what it usually is, and whether that is well.

The thresholds and their sources are in `health_rules.yaml`.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Final, Literal, TypeAlias, TypeGuard

from sre.core.figures import figure_text

Verdict: TypeAlias = Literal["ok", "degraded", "bad", "unknown"]
SEVERITY: Final[dict[Verdict, int]] = {"unknown": 0, "ok": 1, "degraded": 2, "bad": 3}
_TABLE = Path(__file__).with_name("health_rules.yaml")


@dataclass(frozen=True, slots=True)
class ErrorRules:
    """Thresholds for the share of failed requests."""

    bad_ratio: float
    degraded_ratio: float
    usual_factor: float
    min_failed: float


@dataclass(frozen=True, slots=True)
class LatencyRules:
    """Thresholds for a latency percentile."""

    degraded_factor: float
    bad_factor: float
    min_difference_seconds: float
    slow_seconds: float
    lost_seconds: float


@dataclass(frozen=True, slots=True)
class TrafficRules:
    """Thresholds for requests per second."""

    degraded_low_factor: float
    bad_low_factor: float
    degraded_high_factor: float
    small_requests: float


@dataclass(frozen=True, slots=True)
class SaturationRules:
    """Thresholds for the share of a resource in use."""

    degraded_ratio: float
    bad_ratio: float


@dataclass(frozen=True, slots=True)
class HealthRules:
    """All thresholds."""

    errors: ErrorRules
    latency: LatencyRules
    traffic: TrafficRules
    saturation: SaturationRules


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a signal usually is at this time of day.

    Attributes:
        values: One for each earlier day that has data, oldest first.
        same_weekday: The value a week ago, if there is one.
    """

    values: tuple[float, ...] = ()
    same_weekday: float | None = None

    @property
    def median(self) -> float | None:
        """The middle of the earlier days; one odd day does not move it."""
        return median(self.values) if self.values else None

    @property
    def references(self) -> tuple[float, ...]:
        """The values to compare with: the median, and the same weekday, since weekends differ from workdays."""
        return tuple(value for value in (self.median, self.same_weekday) if value is not None)

    def nearest_to(self, value: float) -> float | None:
        """Return the reference closest to a value: only what differs from both is unusual."""
        return min(self.references, key=lambda reference: abs(reference - value), default=None)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and the reason for it, in words people use."""

    verdict: Verdict
    why: str


@cache
def health_rules() -> HealthRules:
    """Return the thresholds."""
    import yaml  # start-up cannot afford it

    table = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    return HealthRules(
        errors=ErrorRules(**table["errors"]),
        latency=LatencyRules(**table["latency"]),
        traffic=TrafficRules(**table["traffic"]),
        saturation=SaturationRules(**table["saturation"]),
    )


def errors_verdict(ratio: float | None, baseline: Baseline, *, requests: float | None, rules: ErrorRules) -> Judgement:
    """Judge the share of failed requests.

    Args:
        ratio: 0..1, None where it cannot be told.
        requests: All requests in the window, None if unknown.
    """
    if not _is_known(ratio):
        return Judgement("unknown", "no data on failed requests")
    said = f"{figure_text(ratio, 'ratio')} of requests fail"
    failed = None if requests is None else ratio * requests
    if failed is not None and 0 < failed < rules.min_failed - 0.5:
        return Judgement("ok", f"{said}, which is only {failed:.0f} in the window")
    if ratio < rules.degraded_ratio:
        return Judgement("ok", f"{said}, below {figure_text(rules.degraded_ratio, 'ratio')}")
    usual = baseline.nearest_to(ratio)
    if usual is not None and ratio < usual * rules.usual_factor:
        return Judgement("degraded", f"{said}; too many, but usual here ({figure_text(usual, 'ratio')})")
    limit = rules.bad_ratio if ratio >= rules.bad_ratio else rules.degraded_ratio
    verdict: Verdict = "bad" if ratio >= rules.bad_ratio else "degraded"
    return Judgement(verdict, f"{said}, above {figure_text(limit, 'ratio')}{_usually(usual, 'ratio')}")


def latency_verdict(seconds: float | None, baseline: Baseline, *, rules: LatencyRules) -> Judgement:
    """Judge a latency in seconds against its baseline, or against human patience where there is none."""
    if not _is_known(seconds):
        return Judgement("unknown", "no data on latency")
    said = figure_text(seconds, "seconds")
    usual = baseline.nearest_to(seconds)
    if usual is None or usual <= 0:
        return _without_baseline(seconds, said, rules)
    factor = seconds / usual
    if seconds - usual < rules.min_difference_seconds or factor < rules.degraded_factor:
        return _against_last_week(seconds, baseline, said=said, usual=usual, rules=rules)
    verdict: Verdict = "bad" if factor >= rules.bad_factor else "degraded"
    return Judgement(verdict, f"{said}, {factor:.2g} times the usual {figure_text(usual, 'seconds')}")


def traffic_verdict(
    per_second: float | None, baseline: Baseline, *, window_seconds: float, rules: TrafficRules
) -> Judgement:
    """Judge requests per second: a fall may be an outage elsewhere, a rise is a load to watch."""
    usual_values = baseline.references
    if not _is_known(per_second):
        if usual_values and max(usual_values) > 0:
            return Judgement("bad", f"no requests are counted any more{_usually(max(usual_values), 'per_second')}")
        return Judgement("unknown", "no data on traffic")
    said = figure_text(per_second, "per_second")
    usual = baseline.nearest_to(per_second)
    if usual is None:
        return Judgement("ok" if per_second > 0 else "unknown", f"{said}; no baseline to compare with")
    if usual * window_seconds < rules.small_requests and per_second * window_seconds < rules.small_requests:
        return Judgement("ok", f"{said}; too little traffic to judge{_usually(usual, 'per_second')}")
    if per_second < usual * rules.degraded_low_factor:
        verdict: Verdict = "bad" if per_second < usual * rules.bad_low_factor else "degraded"
        return Judgement(verdict, f"{said}, a fall{_usually(usual, 'per_second')}")
    if per_second > usual * rules.degraded_high_factor:
        return Judgement("degraded", f"{said}, a rise{_usually(usual, 'per_second')}")
    return Judgement("ok", f"{said}, as usual{_usually(usual, 'per_second')}")


def saturation_verdict(ratio: float | None, *, rules: SaturationRules) -> Judgement:
    """Judge the share of a resource in use, 0..1."""
    if not _is_known(ratio):
        return Judgement("unknown", "no data")
    said = f"{figure_text(ratio, 'ratio')} in use"
    if ratio >= rules.bad_ratio:
        return Judgement("bad", f"{said}, above {figure_text(rules.bad_ratio, 'ratio')}")
    if ratio >= rules.degraded_ratio:
        return Judgement("degraded", f"{said}, above {figure_text(rules.degraded_ratio, 'ratio')}")
    return Judgement("ok", f"{said}, below {figure_text(rules.degraded_ratio, 'ratio')}")


def worse(first: Judgement, second: Judgement) -> Judgement:
    """Return the worse of two judgements; the first where they are equally bad."""
    return second if SEVERITY[second.verdict] > SEVERITY[first.verdict] else first


def overall(*, symptoms: Iterable[Verdict], causes: Iterable[Verdict], are_symptoms_read: bool = True) -> Verdict:
    """Return the worst verdict; a service is ok only if at least one thing its users feel is known to be ok.

    Args:
        symptoms: Verdicts on what users feel: errors and latency.
        causes: Verdicts on the rest.
        are_symptoms_read: False where a symptom is measured but could not be read: what it would have said may be
            the worst of all, so nothing is ok then.
    """
    felt = list(symptoms)
    worst: Verdict = max([*felt, *causes], key=lambda verdict: SEVERITY[verdict], default="unknown")
    return "unknown" if worst == "ok" and not (are_symptoms_read and "ok" in felt) else worst


def baseline_of(values: Sequence[float | None], *, days_back: Sequence[float]) -> Baseline:
    """Return the baseline from earlier values.

    Args:
        values: One for each of `days_back`; None or NaN where there was no data.
        days_back: How many days before, for example 7 for the same weekday.
    """
    pairs = [(days, value) for days, value in zip(days_back, values, strict=True) if _is_known(value)]
    weekday = next((value for days, value in pairs if days == 7), None)
    return Baseline(tuple(value for _, value in sorted(pairs, reverse=True)), weekday)


def _is_known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _against_last_week(
    seconds: float, baseline: Baseline, *, said: str, usual: float, rules: LatencyRules
) -> Judgement:
    """Judge a latency that is as on the days before: a regression of some days ago has become usual by now."""
    before = baseline.same_weekday
    if before is None or before <= 0 or seconds < before * rules.degraded_factor:
        return Judgement("ok", f"{said}, as usual{_usually(usual, 'seconds')}")
    if seconds - before < rules.min_difference_seconds:
        return Judgement("ok", f"{said}, as usual{_usually(usual, 'seconds')}")
    ago = figure_text(before, "seconds")
    return Judgement(
        "degraded", f"{said}, as on the last days but {seconds / before:.2g} times that of a week ago ({ago})"
    )


def _without_baseline(seconds: float, said: str, rules: LatencyRules) -> Judgement:
    if seconds >= rules.lost_seconds:
        return Judgement("bad", f"{said}, longer than anyone waits; no baseline to compare with")
    if seconds >= rules.slow_seconds:
        return Judgement("degraded", f"{said}, slow for people; no baseline to compare with")
    return Judgement("ok", f"{said}; no baseline to compare with")


def _usually(value: float | None, unit: str) -> str:
    return "" if value is None else f" (usually {figure_text(value, unit)})"
