"""What the records of incidents say about a period: how often, how long until noticed, answered and repaired."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from sre.core.event_rate import count_interval
from sre.core.times import Window
from sre.incidents.model import SEVERITIES, Severity
from sre.incidents.records.actions import OwnedAction, owned_actions
from sre.incidents.records.deadlines import Deadline, deadlines
from sre.incidents.records.facts import began_at, facts_of
from sre.incidents.records.model import Incident, Milestone
from sre.incidents.response_times import ResponseTimes, response_times
from sre.incidents.statistics import Comparison, RateComparison, Spread, compared, compared_rates, spread_of

# Why incidents are missing, with their references.
Missing: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
MeasureName: TypeAlias = Literal["mttd", "mtta", "mttm", "mttr", "mtbf"]
_DAY_SECONDS: Final = 86_400.0
RATE_DAYS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One kind of time over a period, in minutes.

    Attributes:
        missing: Why some incidents are not in it, with their references.
        before: The same of the period before, where there is one to compare with.
    """

    name: MeasureName
    spread: Spread | None
    missing: Missing
    before: Spread | None = None
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class TargetCount:
    """How many kept a limit; unknown where a time is missing, it is not due yet, or only words say."""

    met: int
    missed: int
    unknown: int


@dataclass(frozen=True, slots=True)
class SeverityCount:
    """Incidents of one severity."""

    severity: Severity
    count: int
    open_count: int
    respond: TargetCount
    repair: TargetCount


@dataclass(frozen=True, slots=True)
class Reliability:
    """What the records say.

    Attributes:
        incidents: That began in the window, oldest first.
        still_open: Of these, those that are not over.
        a_month, low_a_month, high_a_month: How many in 30 days, with the 95 % interval of their count; None where
            nothing was ever recorded, which is no proof that nothing happened.
        before_count: Of the period before; None where records do not reach back to its start.
        records_begin: When the first incident of all records began; None where there is none.
        overdue: Actions whose last day has passed, the longest first; `open_actions` counts all open ones.
    """

    window: Window
    incidents: tuple[Incident, ...]
    still_open: tuple[Incident, ...]
    measures: tuple[Measure, ...]
    severities: tuple[SeverityCount, ...]
    a_month: float | None
    low_a_month: float | None
    high_a_month: float | None
    before_count: int | None
    rate_comparison: RateComparison | None
    records_begin: datetime | None
    open_actions: int
    overdue: tuple[OwnedAction, ...]


def reliability_of(known: Sequence[Incident], window: Window, *, service: str = "", now: datetime) -> Reliability:
    """Return what the records say about a period.

    Args:
        known: All incidents there are.
        service: Only incidents that name it; empty for all.
        now: For what is open and overdue, aware UTC.
    """
    own = [one for one in known if not service or service.casefold() in (name.casefold() for name in one.services)]
    # What is declared at this very instant belongs to a window that ends now.
    inside = _began_in(own, Window(window.start, window.end + timedelta(microseconds=1)))
    earlier = Window(window.start - timedelta(seconds=window.seconds), window.start)
    records_begin = min((began_at(one) for one in known), default=None)
    has_before = records_begin is not None and records_begin <= earlier.start
    before = _began_in(own, earlier) if has_before else None
    months = window.seconds / _DAY_SECONDS / RATE_DAYS
    low, high = count_interval(len(inside))
    rates = (len(inside) / months, low / months, high / months) if records_begin else (None, None, None)
    return Reliability(
        window=window,
        incidents=tuple(inside),
        still_open=tuple(one for one in inside if not one.is_over()),
        measures=tuple(_measure(name, inside, before) for name in ("mttd", "mtta", "mttm", "mttr", "mtbf")),
        severities=tuple(_severity(level, inside, now) for level in SEVERITIES if _has(inside, level)),
        a_month=rates[0],
        low_a_month=rates[1],
        high_a_month=rates[2],
        before_count=None if before is None else len(before),
        rate_comparison=None if before is None else compared_rates(len(inside), len(before)),
        records_begin=records_begin,
        open_actions=sum(action.is_open() for one in own for action in one.actions),
        overdue=_overdue(own, now.date()),
    )


def _began_in(incidents: Iterable[Incident], window: Window) -> list[Incident]:
    return sorted((one for one in incidents if window.start <= began_at(one) < window.end), key=began_at)


def _has(incidents: Sequence[Incident], severity: Severity) -> bool:
    return any(one.severity == severity for one in incidents)


# What each time is read from, and the milestones it needs.
_TIMES: Final[dict[MeasureName, tuple[Callable[[ResponseTimes], float | None], tuple[Milestone, Milestone]]]] = {
    "mttd": (lambda times: times.detect_minutes, ("start", "detected")),
    "mtta": (lambda times: times.acknowledge_minutes, ("detected", "acknowledged")),
    "mttm": (lambda times: times.mitigate_minutes, ("start", "mitigated")),
    "mttr": (lambda times: times.resolve_minutes, ("start", "end")),
}


def _measure(name: MeasureName, inside: Sequence[Incident], before: Sequence[Incident] | None) -> Measure:
    values, missing = _values(name, inside)
    if before is None:
        return Measure(name, spread_of(values), missing)
    earlier, _ = _values(name, before)
    return Measure(name, spread_of(values), missing, spread_of(earlier), compared(values, earlier))


def _values(name: MeasureName, inside: Sequence[Incident]) -> tuple[list[float], Missing]:
    if name == "mtbf":
        starts = [began_at(one) for one in inside]
        return [(later - earlier).total_seconds() / 60.0 for earlier, later in pairwise(starts)], ()
    read, (first, last) = _TIMES[name]
    values: list[float] = []
    missing: dict[str, list[str]] = {}
    for one in inside:
        value = read(response_times(replace(facts_of(one), is_start_assumed="start" not in one.times)))
        if value is None:
            missing.setdefault(_why_not(one, first, last), []).append(one.reference)
        else:
            values.append(value)
    return values, tuple((why, tuple(names)) for why, names in missing.items())


def _why_not(incident: Incident, first: Milestone, last: Milestone) -> str:
    if last == "end" and not incident.is_over():
        return "not over yet"
    unknown = [name for name in (first, last) if name not in incident.times]
    return f"{' and '.join(unknown)} not recorded" if unknown else f"{last} before {first}"


def _severity(severity: Severity, inside: Sequence[Incident], now: datetime) -> SeverityCount:
    own = [one for one in inside if one.severity == severity]
    limits = [(one, deadlines(one, now=now)) for one in own]
    return SeverityCount(
        severity=severity,
        count=len(own),
        open_count=sum(not one.is_over() for one in own),
        respond=_targets([(one, respond) for one, (respond, _) in limits]),
        repair=_targets([(one, repair) for one, (_, repair) in limits]),
    )


def _targets(limits: Sequence[tuple[Incident, Deadline]]) -> TargetCount:
    met = sum(_is_met(one, limit) for one, limit in limits)
    missed = sum(_is_missed(one, limit) for one, limit in limits)
    return TargetCount(met, missed, len(limits) - met - missed)


def _is_met(incident: Incident, limit: Deadline) -> bool:
    # Where only the declaration is known, the time before it is missing: what is late is late, the rest is not known.
    is_whole = "start" in incident.times or (limit.kind == "respond" and "detected" in incident.times)
    return limit.state == "met" and is_whole


def _is_missed(incident: Incident, limit: Deadline) -> bool:
    if limit.state == "missed":
        return True
    # Over, and nobody wrote down when it was done: late or not, that is not known.
    return limit.state == "overdue" and not incident.is_over()


def _overdue(incidents: Iterable[Incident], today: date) -> tuple[OwnedAction, ...]:
    late = [one for one in owned_actions(incidents) if one.action.is_overdue(today)]
    return tuple(sorted(late, key=lambda one: (one.action.due or date.max, one.incident.number, one.action.number)))
