"""The harm that data show, and what severity rules make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sre.core.figures import figure_text, plain_text
from sre.core.text import quoted
from sre.incidents.severity_rules import Known

# The time that harm is judged by: the policy speaks of five minutes.
RECENT_SECONDS: Final = 300.0
# Fewer failed requests than this are chance, and of so few requests a share says little (as `check_service_health`).
_MIN_FAILED: Final = 3.0
_MIN_REQUESTS: Final = 100.0
# A service that usually never fails is compared with one failure in ten thousand (our choice).
_LEAST_USUAL_RATIO: Final = 0.0001
# Below this, one request in a thousand, many times the usual is still little (our choice).
_LEAST_UNUSUAL_RATIO: Final = 0.001
# Buckets of a histogram do not tell latencies apart that are nearer than this (as `check_service_health`).
_MIN_SLOWER_SECONDS: Final = 0.01


@dataclass(slots=True)
class Harm:
    """What one service suffers; None for what the source does not say.

    Attributes:
        failing_ratio: Share of requests that failed in the last five minutes, 0..1.
        usual_ratio: The same over the day that ended an hour before.
        traffic_per_second, usual_per_second: Now, and at this time a day or a week ago, whichever is less.
        latency_seconds, usual_latency_seconds: The percentile nearest to p95, now and over that day.
        requests, failed: Since the incident began.
        unread: Why something could not be read.
    """

    service: str
    failing_ratio: float | None = None
    usual_ratio: float | None = None
    traffic_per_second: float | None = None
    usual_per_second: float | None = None
    latency_seconds: float | None = None
    usual_latency_seconds: float | None = None
    requests: float | None = None
    failed: float | None = None
    unread: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether the source said nothing of it."""
        return self.failing_ratio is None and self.traffic_per_second is None and self.latency_seconds is None

    @property
    def is_by_chance(self) -> bool:
        """Whether so few requests failed that their share says nothing."""
        if self.failing_ratio is None or self.traffic_per_second is None:
            return False
        return self.failing_ratio * self.traffic_per_second * RECENT_SECONDS < _MIN_FAILED - 0.5

    @property
    def error_factor(self) -> float | None:
        """How many times the usual share of requests fails; None where too few fail to say."""
        if self.failing_ratio is None or self.usual_ratio is None or self.failing_ratio < _LEAST_UNUSUAL_RATIO:
            return None
        return self.failing_ratio / max(self.usual_ratio, _LEAST_USUAL_RATIO)

    @property
    def latency_factor(self) -> float | None:
        """How many times slower than usual it is."""
        now, usual = self.latency_seconds, self.usual_latency_seconds
        if now is None or not usual or abs(now - usual) < _MIN_SLOWER_SECONDS:
            return None
        return now / usual

    @property
    def traffic_factor(self) -> float | None:
        """How much of the usual traffic arrives; None where there usually is too little to say."""
        now, usual = self.traffic_per_second, self.usual_per_second
        if usual is None or usual * RECENT_SECONDS < _MIN_REQUESTS:
            return None
        if now is None:
            return 0.0 if self.is_gone else None
        return now / usual

    @property
    def is_gone(self) -> bool:
        """Whether nothing at all is seen of it although it usually has traffic: it is down, or not collected."""
        return self.is_empty and not self.unread and bool(self.usual_per_second)


@dataclass(frozen=True, slots=True)
class BudgetHarm:
    """What an incident does to the error budget of an SLO; None for what the source does not say.

    Attributes:
        fast, slow: Burn rates over the long and the short window of the first and the second page tier.
        fast_factor, slow_factor: What both must exceed.
        consumed_ratio: Of the budget of the SLO's window; over 1 is overspent.
    """

    slo: str
    service: str
    objective_ratio: float
    fast: tuple[float | None, float | None]
    fast_factor: float | None
    slow: tuple[float | None, float | None]
    slow_factor: float | None
    consumed_ratio: float | None

    @property
    def is_burning_fast(self) -> bool | None:
        """Whether the first page tier fires."""
        return _exceeds(self.fast, self.fast_factor)

    @property
    def is_burning(self) -> bool | None:
        """Whether the second page tier fires."""
        return _exceeds(self.slow, self.slow_factor)

    @property
    def is_gone(self) -> bool | None:
        """Whether the budget is exhausted and still burns, faster than allowed over the last hour and minutes."""
        if self.consumed_ratio is None:
            return None
        return self.consumed_ratio >= 1 and bool(_exceeds(self.fast, 1.0))


def measured_facts(harms: Sequence[Harm], budgets: Sequence[BudgetHarm]) -> dict[str, Known]:
    """Return what the data say to the severity rules, each fact by the service or SLO it is worst of."""
    judgeable = [harm for harm in harms if not harm.is_by_chance]
    found = {
        "failing_ratio": _worst(judgeable, lambda harm: harm.failing_ratio, _failing_words),
        "error_factor": _worst(judgeable, lambda harm: harm.error_factor, _factor_words),
        "latency_factor": _worst(harms, lambda harm: harm.latency_factor, _latency_words),
        "traffic_factor": _worst(harms, lambda harm: harm.traffic_factor, _traffic_words, is_least_worst=True),
        "burning_fast": _flag(budgets, lambda one: one.is_burning_fast, lambda one: _burn_words(one.fast)),
        "burning": _flag(budgets, lambda one: one.is_burning, lambda one: _burn_words(one.slow)),
        "budget_gone": _flag(budgets, lambda one: one.is_gone, _gone_words),
    }
    return {name: known for name, known in found.items() if known is not None}


def joined_facts(told: Mapping[str, Known], measured: Mapping[str, Known]) -> dict[str, Known]:
    """Return both together; of a fact that was told and measured the worse, with the words of both."""
    both = {**measured, **told}
    for name in told.keys() & measured.keys():
        pair = (told[name], measured[name])
        is_least_worst = name == "traffic_factor"
        worse = min(pair, key=_value) if is_least_worst else max(pair, key=_value)
        other = pair[1] if worse is pair[0] else pair[0]
        both[name] = Known(worse.value, f"{worse.words} (and {other.words})", worse.is_doubtful)
    return both


def _value(known: Known) -> float:
    return float(known.value)


def _exceeds(rates: tuple[float | None, float | None], factor: float | None) -> bool | None:
    if factor is None or any(rate is None for rate in rates):
        return None
    return all(rate is not None and rate > factor for rate in rates)


def _worst(
    harms: Iterable[Harm],
    value_of: Callable[[Harm], float | None],
    words_of: Callable[[Harm], str],
    *,
    is_least_worst: bool = False,
) -> Known | None:
    rated = [(value, harm) for harm in harms if (value := value_of(harm)) is not None]
    if not rated:
        return None
    choose = min if is_least_worst else max
    value, harm = choose(rated, key=lambda pair: pair[0])
    return Known(value, f"{quoted(harm.service, limit=80)}: {words_of(harm)}", is_doubtful=harm.is_gone)


def _flag(
    budgets: Sequence[BudgetHarm], is_so: Callable[[BudgetHarm], bool | None], words_of: Callable[[BudgetHarm], str]
) -> Known | None:
    known = [one for one in budgets if is_so(one) is not None]
    if not known:
        return None
    chosen = next((one for one in known if is_so(one)), max(known, key=lambda one: one.fast[0] or 0.0))
    return Known(bool(is_so(chosen)), f"SLO {quoted(chosen.slo, limit=80)}: {words_of(chosen)}")


def _failing_words(harm: Harm) -> str:
    return f"{figure_text(harm.failing_ratio, 'ratio')} of requests fail over 5m"


def _factor_words(harm: Harm) -> str:
    usual = figure_text(harm.usual_ratio, "ratio")
    return f"{figure_text(harm.failing_ratio, 'ratio')} of requests fail, usually {usual}"


def _latency_words(harm: Harm) -> str:
    usual = figure_text(harm.usual_latency_seconds, "seconds")
    return f"latency {figure_text(harm.latency_seconds, 'seconds')}, usually {usual}"


def _traffic_words(harm: Harm) -> str:
    usual = f"{figure_text(harm.usual_per_second, 'per_second')} at this time of earlier days"
    if harm.is_gone:
        return f"nothing is seen of it any more, {usual}; it is down, or no longer collected"
    return f"{figure_text(harm.traffic_per_second, 'per_second')} requests, {usual}"


def _burn_words(rates: tuple[float | None, float | None]) -> str:
    long, short = (plain_text(rate) if rate is not None else "not known" for rate in rates)
    return f"burn rate {long} and {short} over the long and the short window"


def _gone_words(budget: BudgetHarm) -> str:
    return f"{figure_text(budget.consumed_ratio, 'ratio')} of the budget is spent, {_burn_words(budget.fast)}"
