"""What the rules of an SLO are tried on: outages of the right size for each tier, and what must not alert at all."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sre.core.series import FloatArray
from sre.core.slo.burn_rate import BurnRateTier
from sre.slo.alert_rules import SLI_MISSING_FOR_SECONDS
from sre.slo.budget_checks import budget_checks, no_bad_events_check
from sre.slo.event_series import EventSeries
from sre.slo.timelines import Phase
from sre.slo.trial import AlertCheck, Scenario, Subject, ValueCheck

# What lasts longer is evaluated less often: every evaluation of every rule takes promtool a quarter of a millisecond.
_QUICK_MINUTES: Final = 240
_SLOW_STEP_MINUTES: Final = 30
_MAX_EVALUATIONS: Final = 400
# How long a level is held where tests begin at the records.
_LEVEL_MINUTES: Final = 10
# Lengths of on and off together, in slices or samples, that outages of thresholds and slices are made of.
_BLOCKS: Final = (5, 10, 20, 30, 60, 120)
_CLEAR: Final = 1.08


def scenarios(subject: Subject) -> tuple[Scenario, ...]:
    """Return all scenarios that can be made for these rules; a tier that cannot be told from a faster one has none."""
    if subject.is_recorded:
        return tuple(_level_scenarios(subject))
    found = [made for tier in subject.tiers if (made := _tier_scenario(subject, tier)) is not None]
    return (*found, *_others(subject))


def _level_scenarios(subject: Subject) -> Iterator[Scenario]:
    """Yield one scenario a tier that begins at the records: all windows alike, as after a long time of the same."""
    limit = 1.0
    for tier in subject.tiers:
        threshold = subject.thresholds[tier.name]
        share = min(1.0, (threshold * limit) ** 0.5)
        if (share > threshold * _CLEAR and share < limit / _CLEAR) or limit == 1.0:
            phases = (Phase(_LEVEL_MINUTES, share, subject.traffic),)
            check = _alerts_at(subject.expected(phases), _LEVEL_MINUTES)
            yield Scenario(_tier_name(tier.name), phases, 1, (check,))
        limit = min(limit, threshold)
    yield _slow_leak(subject)
    yield _total_outage(subject)


def _others(subject: Subject) -> Iterator[Scenario]:
    yield _total_outage(subject)
    if subject.is_graded:
        yield _slow_leak(subject)
    if subject.has_events:
        yield _no_traffic(subject)
        yield _restart(subject)
        if all(isinstance(one, EventSeries) and one.only_bad for one in subject.series):
            yield _first_failure(subject)
    if subject.has_events and subject.rules.min_bad_events:
        yield _too_few_events(subject)
    yield _gone(subject)


def untested_tiers(subject: Subject, made: Sequence[Scenario]) -> tuple[str, ...]:
    """Return the tiers that fire in no scenario of their own, a faster one being silent."""
    names = {scenario.name for scenario in made}
    return tuple(tier.name for tier in subject.tiers if _tier_name(tier.name) not in names)


def _tier_name(name: str) -> str:
    return f"{name} fires when its share of the budget goes, and faster tiers do not"


def _tier_scenario(subject: Subject, tier: BurnRateTier) -> Scenario | None:
    for burning in _burning(subject, tier):
        made = _with_burning(subject, tier, burning)
        if made is not None:
            return made
    return None


def _with_burning(subject: Subject, tier: BurnRateTier, burning: Sequence[Phase]) -> Scenario | None:
    step = _step(subject, tier)
    lead = _whole(min(tier.long_seconds / 60, step * _MAX_EVALUATIONS / 3), step)
    clean = subject.phase(lead)
    burn = [clean, *_lasting(burning, _whole(tier.long_seconds / 60, step))]
    expected = subject.expected(burn)
    fires = _first(expected[tier.name], value=1.0, since=lead, step=step)
    if fires is None or not _faster_silent(subject, tier, expected, until=fires, step=step):
        return None
    # Not inside a base window, of which Prometheus 2 and 3 do not see quite the same.
    stops = _whole(fires + 2 * step, max(step, subject.base_minutes))
    calm = tier.short_seconds / 60 * 1.3 + 3 * step + 2 * subject.base_minutes
    phases = [*_cut(burn, stops), subject.phase(_whole(calm, step))]
    expected = subject.expected(phases)
    resolved = _first(expected[tier.name], value=0.0, since=stops, step=step)
    if resolved is None or resolved / step > _MAX_EVALUATIONS * 2:
        return None
    before = _last(expected[tier.name], value=0.0, before=fires, step=step)
    marks = sorted({lead, before, fires, resolved})
    alerts = tuple(_alerts_at(expected, minute) for minute in marks)
    kept = _cut(phases, resolved)
    return Scenario(_tier_name(tier.name), tuple(kept), step, alerts, _budget(subject, kept, step))


def _burning(subject: Subject, tier: BurnRateTier) -> Iterator[Sequence[Phase]]:
    """Yield ways in which enough is bad for this tier and too little for the faster ones."""
    threshold = subject.thresholds[tier.name]
    faster = [subject.thresholds[other.name] for other in subject.tiers if other.long_seconds < tier.long_seconds]
    limit = min(faster, default=1.0)
    if subject.is_graded:
        share = min(1.0, 3 * threshold) if not faster else 0.9 * limit
        if share > threshold * _CLEAR:
            yield [subject.phase(1, share=share)]
        return
    if not faster:
        yield [subject.phase(1, share=1.0)]
    unit = subject.unit_minutes
    for block in _BLOCKS:
        count = round(block * (threshold * limit) ** 0.5)
        if count and threshold * _CLEAR < count / block < limit / _CLEAR:
            yield [subject.phase(count * unit, share=1.0), subject.phase((block - count) * unit)]


def _step(subject: Subject, tier: BurnRateTier) -> int:
    if tier.long_seconds / 60 * 2 <= _QUICK_MINUTES:
        return 1
    if subject.counted == "events":
        return _SLOW_STEP_MINUTES
    # Windows of these are added up from records, which have to be made once in every base window.
    return subject.base_minutes


def _total_outage(subject: Subject) -> Scenario:
    minutes = 3 * max(5, subject.base_minutes)
    phases = (subject.phase(minutes, share=1.0),)
    at = _alerts_at(subject.expected(phases), minutes)
    return Scenario("a total outage fires every tier, with its texts", phases, 1, (replace(at, is_read=True),))


def _slow_leak(subject: Subject) -> Scenario:
    share = 0.5 * min(subject.thresholds.values())
    phases = (subject.phase(2 * max(10, subject.base_minutes), share=share),)
    check = _alerts_at(subject.expected(phases), phases[0].minutes)
    return Scenario("a leak below every tier's rate alerts nobody", phases, 1, (check,))


def _no_traffic(subject: Subject) -> Scenario:
    quiet = max(20, 2 * subject.base_minutes + 5)
    phases = (subject.phase(10), Phase(quiet, 0.0, 0.0))
    end = 10 + quiet
    check = AlertCheck(end, (), tuple(tier.name for tier in subject.tiers), is_missing=False)
    return Scenario("no traffic alerts nobody", phases, 1, (check,))


def _restart(subject: Subject) -> Scenario:
    before, after = subject.phase(20), replace(subject.phase(25), restarts=True)
    phases = (before, after)
    alerts = tuple(_alerts_at(subject.expected(phases), minute) for minute in (21, 25, 45))
    return Scenario("counters that begin again from 0 alert nobody", phases, 1, alerts, _budget(subject, phases, 1))


def _first_failure(subject: Subject) -> Scenario:
    minutes = 3 * max(5, subject.base_minutes)
    phases = (subject.phase(minutes), subject.phase(minutes, share=1.0))
    expected = subject.expected(phases)
    return Scenario(
        "the first failures ever count, though their series did not exist before",
        phases,
        1,
        tuple(_alerts_at(expected, minute) for minute in (minutes, 2 * minutes)),
        (no_bad_events_check(subject, minutes),),
        is_first_failure=True,
    )


def _too_few_events(subject: Subject) -> Scenario:
    least = min(subject.rules.min_bad_events.values())
    phases = (Phase(30, 1.0, least / 30 / 2),)
    expected = subject.expected(phases)
    return Scenario("fewer bad events than asked for page nobody", phases, 1, (_alerts_at(expected, 30),))


def _gone(subject: Subject) -> Scenario:
    seen = max(5, subject.base_minutes)
    blind = 2 * seen + round(SLI_MISSING_FOR_SECONDS / 60)
    first, back = 2 * seen, 3 * seen
    phases = (subject.phase(first), Phase(blind + 6, 0.0, 0.0, is_gone=True), subject.phase(back + 6))
    silent = tuple(tier.name for tier in subject.tiers)
    alerts = (
        AlertCheck(first + 5, (), silent, is_missing=False),
        AlertCheck(first + blind + 4, (), silent, is_missing=True),
        AlertCheck(first + blind + 6 + back + 4, (), silent, is_missing=False),
    )
    return Scenario("series that are gone are told", phases, 1, alerts, is_for_all=True)


def _lasting(phases: Sequence[Phase], minutes: int) -> list[Phase]:
    """Return the phases over and over until they last that long."""
    if len(phases) == 1:
        return [replace(phases[0], minutes=minutes)]
    times = -(-minutes // sum(phase.minutes for phase in phases))
    return _cut(list(phases) * times, minutes)


def _cut(phases: Sequence[Phase], minutes: int) -> list[Phase]:
    kept: list[Phase] = []
    left = minutes
    for phase in phases:
        if left <= 0:
            break
        kept.append(replace(phase, minutes=min(left, phase.minutes)))
        left -= phase.minutes
    return kept


def _whole(minutes: float, step: int) -> int:
    return -(-round(minutes) // step) * step


def _first(states: FloatArray, *, value: float, since: int, step: int) -> int | None:
    marks = np.arange(since, len(states), step)
    found = marks[states[marks] == value]
    return int(found[0]) if found.size else None


def _last(states: FloatArray, *, value: float, before: int, step: int) -> int:
    marks = np.arange(before % step, before, step)
    found = marks[states[marks] == value]
    return int(found[-1]) if found.size else 0


def _faster_silent(
    subject: Subject, tier: BurnRateTier, expected: dict[str, FloatArray], *, until: int, step: int
) -> bool:
    faster = [other.name for other in subject.tiers if other.long_seconds < tier.long_seconds]
    marks = np.arange(0, until + 1, step)
    return all(expected[name][until] == 0 and not (expected[name][marks] == 1).any() for name in faster)


def _alerts_at(expected: dict[str, FloatArray], minute: int) -> AlertCheck:
    firing = tuple(name for name, states in expected.items() if states[minute] == 1)
    silent = tuple(name for name, states in expected.items() if states[minute] == 0)
    return AlertCheck(minute, firing, silent)


def _budget(subject: Subject, phases: Sequence[Phase], step: int) -> tuple[ValueCheck, ...]:
    return budget_checks(subject, phases) if step <= min(5, subject.base_minutes) else ()
