"""What the replay of alerts on history says about each: too often, too short, too late, together, or never."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from statistics import median
from typing import Final

import numpy as np

from sre.alerting.causes import cause_of, limit_of
from sre.alerting.interruptions import Interval, RuleHistory, merged
from sre.alerting.review_model import Assumptions, Finding, Judged, assumptions
from sre.alerting.signal_kinds import signal_kind
from sre.core.alert_conditions import conditions_of
from sre.core.errors import InputError, RefusedError
from sre.core.exact import exact_number
from sre.core.promql_writing import exchanged
from sre.core.rules import AlertRule
from sre.core.series import IntArray
from sre.core.text import listed, quoted
from sre.core.times import format_duration, format_instant, instant_from_ms

_MINUTE_MS: Final = 60_000
_MINUTE: Final = 60.0
# Waits that are tried against flapping, seconds, the mildest first.
_WAITS: Final = tuple(minutes * _MINUTE for minutes in (2, 5, 10, 15, 30, 60))
_KEEPS: Final = (0.0, *(minutes * _MINUTE for minutes in (5, 10, 15, 30)))
# A proposal has to take away at least half of the calls to be worth a change.
_WORTHWHILE: Final = 0.5
_EXAMPLES: Final = 3
# Most things have a rhythm of a day: in less, an alert that fires all the time may be one incident, and a value that
# stays far from its limit proves little (our choice).
_LEAST_DAYS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Nearest:
    """How near the values of an alert that never fired came to its limit."""

    signal: str
    op: str
    limit: float
    extreme: float

    @property
    def is_far(self) -> bool:
        """Whether the limit may be in another unit."""
        if self.op not in (">", ">="):
            return False
        is_percent_of_ratio = self.limit > 1 >= self.extreme >= 0 and "/" in self.signal
        return is_percent_of_ratio or 0 <= self.extreme < self.limit * assumptions().out_of_reach_ratio


@dataclass(frozen=True, slots=True)
class Symptoms:
    """When users felt something, by service.

    Attributes:
        source: What says so, for people.
    """

    by_service: Mapping[str, Sequence[Interval]] = field(default_factory=dict)
    source: str = ""

    def all_times(self) -> tuple[Interval, ...]:
        """Return when users of any service felt something."""
        return merged((one for each in self.by_service.values() for one in each), gap_ms=0)


def replay_findings(
    histories: Sequence[RuleHistory],
    *,
    symptoms: Symptoms | None,
    nearest: Mapping[int, Nearest],
    should_stop: Callable[[], bool] = lambda: False,
) -> Judged:
    """Return what the past of the alerts shows.

    Args:
        histories: Those that matter most first.
        symptoms: When users felt something; None where nobody knows.
        nearest: For alerts that never fired, by the rule's index.
        should_stop: Asked before each of them.
    """
    found: list[Finding] = []
    unread: frozenset[int] = frozenset()
    for place, history in enumerate(histories):
        if should_stop():
            unread = frozenset(one.reviewed.index for one in histories[place:])
            break
        found += _own_findings(history, symptoms=symptoms, should_stop=should_stop)
        found += _silent(history, nearest)
    found += _coincidences(histories, should_stop)
    if symptoms is not None:
        found += _missed(histories, symptoms)
    return Judged(tuple(found), unread)


def _own_findings(
    history: RuleHistory, *, symptoms: Symptoms | None, should_stop: Callable[[], bool]
) -> Iterator[Finding]:
    if history.reviewed.urgency == "none":
        return
    interruptions = history.interruptions()
    known = assumptions()
    if history.days >= _LEAST_DAYS and history.firing_ratio() >= known.always_firing_ratio:
        yield _always(history)
        return
    if history.flaps() >= known.least_flaps:
        yield _unsteady(history, interruptions, check="flapping", should_stop=should_stop)
    elif len(interruptions) >= known.least_flaps and _median_minutes(interruptions) < known.minutes_to_look:
        yield _unsteady(history, interruptions, check="short_lived", should_stop=should_stop)
    yield from _noisy(history, interruptions)
    if symptoms is not None:
        yield from _without_symptom(history, interruptions, symptoms)


def _always(history: RuleHistory) -> Finding:
    limited = limit_of(history.reviewed)
    changed = None
    if limited is not None:
        changed = replace(history.rule, expr=exchanged(history.rule.expr, old=limited.old, new=limited.new))
    share, days = history.firing_ratio(), format_days(history.days)
    return Finding(
        "always_firing",
        history.reviewed.index,
        f"It fired in {share:.0%} of {days}.",
        "Act on what it says, then set a limit that the normal state does not pass"
        + (", as a share of what there is." if changed else "; if nobody has to act, remove it."),
        changed,
        minutes_per_week=history.minutes_per_week(history.interruptions()),
    )


def _unsteady(
    history: RuleHistory, interruptions: Sequence[Interval], *, check: str, should_stop: Callable[[], bool]
) -> Finding:
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


def _noisy(history: RuleHistory, interruptions: Sequence[Interval]) -> Iterator[Finding]:
    known = assumptions()
    shifts = history.days * 24 / known.shift_hours
    if history.reviewed.urgency != "page" or not shifts or len(interruptions) / shifts <= known.noisy_pages_per_shift:
        return
    if cause_of(history.reviewed) or history.flaps() >= known.least_flaps:
        return
    yield Finding(
        "noisy",
        history.reviewed.index,
        f"{len(interruptions)} pages in {format_days(history.days)}, {len(interruptions) / shifts:.1f} a shift of "
        f"{known.shift_hours:g} h.",
        "Page on the error budget instead (generate_slo_rules), or raise the limit to where somebody has to act.",
        minutes_per_week=history.minutes_per_week(interruptions),
    )


def _without_symptom(history: RuleHistory, interruptions: Sequence[Interval], symptoms: Symptoms) -> Iterator[Finding]:
    known = assumptions()
    if history.reviewed.urgency != "page" or len(interruptions) < known.least_coincidences:
        return
    if cause_of(history.reviewed) or _is_about_time(history):
        return
    true = true_calls(interruptions, symptoms)
    if true * 2 >= len(interruptions):
        return
    ticket = history.minutes_per_week(interruptions, is_page=False)
    yield Finding(
        "without_symptom",
        history.reviewed.index,
        f"{true} of {len(interruptions)} pages came while {symptoms.source}.",
        "Make it a ticket, or raise the limit to what users feel.",
        minutes_per_week=history.minutes_per_week(interruptions) - ticket,
    )


def _is_about_time(history: RuleHistory) -> bool:
    """Whether it watches how long things take, which a share of failures says nothing about."""
    try:
        return signal_kind(history.rule, conditions_of(history.rule.expr)) == "latency"
    except (InputError, RefusedError):
        return False


def true_calls(interruptions: Sequence[Interval], symptoms: Symptoms) -> int:
    """Return how many of the calls came while users of any service felt something, or shortly before or after."""
    slack_ms = round(assumptions().coincident_minutes * _MINUTE_MS)
    times = symptoms.all_times()
    return sum(any(one.meets(time, slack_ms=slack_ms) for time in times) for one in interruptions)


def _missed(histories: Sequence[RuleHistory], symptoms: Symptoms) -> Iterator[Finding]:
    known = assumptions()
    slack_ms = round(known.coincident_minutes * _MINUTE_MS)
    called = (one for history in histories if history.reviewed.urgency == "page" for one in history.interruptions())
    pages = merged(called, gap_ms=0)
    for service, times in symptoms.by_service.items():
        lasting = [time for time in times if time.minutes >= known.least_symptom_minutes]
        unseen = [time for time in lasting if not any(time.meets(page, slack_ms=slack_ms) for page in pages)]
        if unseen:
            shown = [f"{format_instant(instant_from_ms(one.start_ms))} for {one.minutes:.0f} min" for one in unseen]
            yield Finding(
                "missed",
                None,
                f"Many requests of {quoted(service, limit=80)} failed {len(lasting)} times, and {len(unseen)} times no "
                f"page fired: {listed(shown, limit=_EXAMPLES)}.",
                "Alert on the symptom: generate_slo_rules, or generate_alert_rules.",
            )


def _silent(history: RuleHistory, nearest: Mapping[int, Nearest]) -> Iterator[Finding]:
    if history.was_ever_pending():
        return
    near = nearest.get(history.reviewed.index)
    days = format_days(history.days)
    if near is not None and near.is_far and history.days >= _LEAST_DAYS:
        yield Finding(
            "out_of_reach",
            history.reviewed.index,
            f"It never fired in {days}: it asks for {near.op} {exact_number(near.limit)}, and the highest value was "
            f"{near.extreme:.4g}.",
            "Check the unit of the limit: a ratio is 0 to 1, not percent; seconds are not milliseconds.",
        )
        return
    word = "highest" if near is not None and near.op in (">", ">=") else "lowest"
    seen = f"; the {word} value was {near.extreme:.4g}, the limit is {exact_number(near.limit)}" if near else ""
    yield Finding(
        "silent",
        history.reviewed.index,
        f"It never fired in {days}{seen}.",
        "Prove with a unit test (promtool test rules) that it fires when it should.",
    )


def _coincidences(histories: Sequence[RuleHistory], should_stop: Callable[[], bool]) -> Iterator[Finding]:
    known = assumptions()
    calls = [
        (history, np.array([one.start_ms for one in found]))
        for history in histories
        if history.reviewed.urgency != "none" and len(found := history.interruptions()) >= known.least_coincidences
    ]
    gone: set[int] = set()
    for place, (first, first_starts) in enumerate(calls):
        if should_stop():
            return
        for second, second_starts in calls[place + 1 :]:
            if {first.reviewed.index, second.reviewed.index} & gone:
                continue
            if _share(first_starts, second_starts, known) < known.coincident_ratio:
                continue
            if _share(second_starts, first_starts, known) < known.coincident_ratio:
                continue
            kept, other = sorted((first, second), key=_worth)
            gone.add(other.reviewed.index)
            mine, theirs = (first_starts, second_starts) if other is first else (second_starts, first_starts)
            yield _coincidence(kept, other, _share(mine, theirs, known))


def _share(some: IntArray, others: IntArray, known: Assumptions) -> float:
    """Return the share of some begins that lie near one of the others; both in order, not empty."""
    near_ms = round(known.coincident_minutes * _MINUTE_MS)
    first = np.searchsorted(others, some - near_ms, side="left")
    return float(np.mean(first < np.searchsorted(others, some + near_ms, side="right")))


def _worth(history: RuleHistory) -> tuple[bool, bool, int, int]:
    """Return what sorts the alert that is worth more first: symptoms, runbooks, and who is sooner."""
    starts = [one.start_ms for one in history.interruptions()]
    has_runbook = any("runbook" in name for name in history.rule.annotations)
    return bool(cause_of(history.reviewed)), not has_runbook, sum(starts) // len(starts), history.reviewed.index


def _coincidence(kept: RuleHistory, other: RuleHistory, share: float) -> Finding:
    mine, known = other.interruptions(), assumptions()
    return Finding(
        "coincident",
        other.reviewed.index,
        f"{share:.0%} of its {len(mine)} calls came within {known.coincident_minutes:g} min of those of "
        f"{quoted(kept.rule.alert, limit=80)}.",
        f"Keep {quoted(kept.rule.alert, limit=80)}, remove this one.",
        removes=True,
        minutes_per_week=other.minutes_per_week(mine),
    )


def _median_minutes(interruptions: Sequence[Interval]) -> float:
    return median(one.minutes for one in interruptions)


def format_days(days: float) -> str:
    """Return a number of days as people write it."""
    return f"{days:.3g} d"
