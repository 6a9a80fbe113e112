"""What the replay of alerts on history says about each: too often, too short, too late, together, or never."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from sre.alerting.causes import cause_of, limit_of
from sre.alerting.coincidences import coincidences
from sre.alerting.interruptions import Interval, RuleHistory, format_days
from sre.alerting.review_model import Finding, Judged, assumptions
from sre.alerting.steadiness import unsteady
from sre.alerting.symptoms import Symptoms, missed, without_symptom
from sre.core.exact import exact_number
from sre.core.promql_writing import exchanged

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
    found += coincidences(histories, should_stop)
    if symptoms is not None:
        found += missed(histories, symptoms)
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
        yield unsteady(history, interruptions, check="flapping", should_stop=should_stop)
    elif len(interruptions) >= known.least_flaps and _median_minutes(interruptions) < known.minutes_to_look:
        yield unsteady(history, interruptions, check="short_lived", should_stop=should_stop)
    yield from _noisy(history, interruptions)
    if symptoms is not None:
        yield from without_symptom(history, interruptions, symptoms)


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


def _median_minutes(interruptions: Sequence[Interval]) -> float:
    return median(one.minutes for one in interruptions)
