"""Alerts that come and go, or are over before anybody looked: the mildest wait that takes most calls away."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

from sre.alerting.interruptions import Interval, RuleHistory, format_days
from sre.alerting.review_model import Finding, assumptions
from sre.core.rules import AlertRule
from sre.core.times import format_duration

_MINUTE: Final = 60.0
# Waits that are tried against flapping, seconds, the mildest first.
_WAITS: Final = tuple(minutes * _MINUTE for minutes in (2, 5, 10, 15, 30, 60))
_KEEPS: Final = (0.0, *(minutes * _MINUTE for minutes in (5, 10, 15, 30)))
# A proposal has to take away at least half of the calls to be worth a change.
_WORTHWHILE: Final = 0.5


def unsteady(
    history: RuleHistory, interruptions: Sequence[Interval], *, check: str, should_stop: Callable[[], bool]
) -> Finding:
    """Return the finding of an alert that flaps or is short-lived, by the check's name, with a steadier rule."""
    known = assumptions()
    proposal = steadier(history, should_stop=should_stop)
    if check == "flapping":
        evidence = (
            f"It called {len(interruptions)} times in {format_days(history.days)}; "
            f"{history.flaps()} alerts fired again within {known.flapping_minutes:g} min."
        )
    else:
        short = sum(one.minutes < known.minutes_to_look for one in interruptions)
        evidence = f"{short} of {len(interruptions)} calls were over within {known.minutes_to_look:g} min."
    if proposal is None:
        advice = "No wait up to 1h makes it steady: watch a longer range, or move the limit away from the normal value."
        if should_stop():
            advice = "No wait was looked for, to end in time; ask for one service."
        return Finding(check, history.reviewed.index, evidence, advice)
    left = history.interruptions(proposal)
    saved = history.minutes_per_week(interruptions) - history.minutes_per_week(left)
    return Finding(
        check,
        history.reviewed.index,
        evidence,
        f"With {_waits(proposal)}, {len(left)} of {len(interruptions)} calls would have remained"
        + (f", the ones of {known.long_episode_minutes:g} min and more among them." if _long(interruptions) else "."),
        proposal,
        minutes_per_week=saved,
    )


def _waits(rule: AlertRule) -> str:
    parts = [f"for: {format_duration(rule.for_seconds)}"] if rule.for_seconds else []
    if rule.keep_firing_for_seconds:
        parts.append(f"keep_firing_for: {format_duration(rule.keep_firing_for_seconds)}")
    return " and ".join(parts)


def steadier(history: RuleHistory, *, should_stop: Callable[[], bool] = lambda: False) -> AlertRule | None:
    """Return the rule with the mildest waiting times that take away most calls and no long one; None if none do.

    Among those that leave the fewest calls but one in ten, the one that waits least is the mildest.
    """
    rule, before = history.rule, history.interruptions()
    long_ones = _long(before)
    tried: list[tuple[int, float, AlertRule]] = []
    waits = _and_longer(rule.for_seconds, _WAITS)
    for wait, keep in product(waits, _and_longer(rule.keep_firing_for_seconds, _KEEPS)):
        if should_stop():
            break
        candidate = replace(rule, for_seconds=wait, keep_firing_for_seconds=keep)
        after = history.interruptions(candidate)
        if len(after) <= len(before) * (1 - _WORTHWHILE) and _survive(long_ones, after):
            # To go on firing for longer costs less than to begin later.
            tried.append((len(after), wait - rule.for_seconds + (keep - rule.keep_firing_for_seconds) / 2, candidate))
    if not tried:
        return None
    fewest = min(count for count, _, _ in tried)
    enough = max(fewest, len(before) // 10)
    mild = ((cost, count, candidate) for count, cost, candidate in tried if count <= enough)
    return min(mild, key=lambda one: one[:2])[2]


def _and_longer(seconds: float, candidates: Sequence[float]) -> list[float]:
    return [seconds, *(one for one in candidates if one > seconds)]


def _long(interruptions: Sequence[Interval]) -> list[Interval]:
    least = assumptions().long_episode_minutes
    return [one for one in interruptions if one.minutes >= least]


def _survive(long_ones: Sequence[Interval], after: Sequence[Interval]) -> bool:
    return all(any(one.meets(other) for other in after) for one in long_ones)
