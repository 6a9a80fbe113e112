"""From a ranking to what is told: who moved first, what was changed before, who followed, how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from sre.core.golden_conventions import conventions

if TYPE_CHECKING:
    from sre.incidents.scan.assembly import Scanned
    from sre.incidents.scan.changes import Change
    from sre.incidents.suspects.model import Ranking, Suspect, SuspectService, Timeline

Sureness: TypeAlias = Literal["high", "medium", "low", "none"]
# A change further back than this is no reason any more that is worth naming first (our choice).
_REACH_MS: Final = 3_600_000
_RESTARTS: Final = frozenset({"deploy", "return", "restart"})
# So long after a restart the level of a resource may still fall because of it (our choice).
_RESET_MS: Final = 900_000
# Alerts tell of an incident; they do not start one.
_ACTS: Final = frozenset({"deploy", "return", "restart", "setting", "scaling"})
# Of suspects: enough to see the pattern of the first service, little of those who follow (our choice).
_OF_FIRST, _OF_OTHERS, _MAX_ROWS = 6, 2, 12
# Traffic that rose so much, and no later than so many steps after the first onset, may be the reason (our choice).
_SURGE_RATIO, _SURGE_STEPS = 1.5, 2
_FELT_BY_CALLERS: Final = frozenset({"latency", "errors", "traffic"})
# Series that say so much less than the strongest of their service are not shown (our choice).
_TELLING_SHARE: Final = 0.25
# A service whose score is below this share of the first is not said to have moved first (our choice).
_CREDIBLE_SHARE: Final = 0.6
# Of the doubt that is left, what a change shortly before leaves (our choice): most outages follow a change, some 70 %
# by Beyer et al., Site Reliability Engineering (2016), ch. 1, "Change Management".
_DOUBT_AFTER_CHANGE: Final = 0.5
# The first stands clearly before the next where the next leaves so many times its doubt (our choice).
_CLEAR_RATIO: Final = 1.5
_RARE_RATIO: Final = 0.1
# What is weaker than this is a lead and no more, however alone it stands (our choice).
_STRONG_SCORE: Final = 0.6
# A resource that is used up to this share is full.
_FULL_RATIO: Final = 0.95
# What a suspect is called that is one of several copies.
_OF_HIGHEST: Final = " (highest)"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a resource may use at most: `metric` at `value`."""

    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A suspect, how to look at it, and its limit where it has one."""

    suspect: Suspect
    scanned: Scanned | None
    limit: Limit | None = None

    @property
    def is_full(self) -> bool:
        """Whether a resource came to its limit."""
        return (
            self.limit is not None
            and self.suspect.direction == "up"
            and self.suspect.during is not None
            and self.suspect.during >= _FULL_RATIO * self.limit.value > 0
        )


@dataclass(frozen=True, slots=True)
class Follower:
    """A service that only shows what happened elsewhere.

    Attributes:
        of: Whom it follows.
        is_known: The calls between them are known; otherwise it is told from what moved, and when.
    """

    service: str
    of: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What is told of an incident.

    Attributes:
        suspects: Most suspect service first, its strongest series first.
        services: Those that moved, most suspect first; a change shortly before counts for a service.
        first: The service that most likely started it; None where nothing stands out.
        causes: For each service the last change of it before it moved.
        changes: All changes, what may have started it first.
        followers: Services that probably only show what happened elsewhere.
        reasons: What makes it more or less sure.
        surge: Traffic of the first service, where it rose with the incident: it may have got more than it can take.
    """

    suspects: tuple[Finding, ...]
    services: tuple[SuspectService, ...]
    first: SuspectService | None
    causes: Mapping[str, Change]
    changes: tuple[Change, ...]
    followers: tuple[Follower, ...]
    sureness: Sureness
    reasons: tuple[str, ...]
    surge: Finding | None = None


def findings_of(
    ranking: Ranking, *, scanned: Sequence[Scanned], changes: Sequence[Change], timeline: Timeline
) -> Findings:
    """Return what a ranking says, joined with what was changed and how to look at it."""
    restarts = [one for one in changes if one.kind in _RESTARTS]
    visible = ranking.services if ranking.is_visible else ()
    found = [one for one in (_without_resets(each, restarts, timeline) for each in visible) if one.suspects]
    caused = {one.service: _cause_of(one, changes, step_ms=timeline.step_ms) for one in found}
    causes = {service: cause for service, cause in caused.items() if cause is not None}
    weighed = [replace(one, score=_weighed(one.score, has_cause=one.service in causes)) for one in found]
    moved = sorted(weighed, key=lambda one: -one.score)
    sureness, reasons = _sureness(ranking, moved, causes)
    return Findings(
        suspects=_rows(ranking, moved, scanned, restarts, timeline),
        services=tuple(moved),
        first=moved[0] if moved else None,
        causes=causes,
        changes=_ordered(changes, moved, causes, timeline),
        followers=_followers(moved, causes),
        sureness=sureness,
        reasons=reasons,
        surge=_surge(ranking, moved[0], scanned, timeline) if moved else None,
    )


def first_movers(services: Sequence[SuspectService]) -> tuple[SuspectService, ...]:
    """Return the credible services in the order in which they moved."""
    top = services[0].score if services else 0.0
    dated = [one for one in services if one.onset_ms is not None and one.score >= _CREDIBLE_SHARE * top]
    return tuple(sorted(dated, key=lambda one: (one.onset_ms or 0, -one.score)))


def _without_resets(service: SuspectService, restarts: Sequence[Change], timeline: Timeline) -> SuspectService:
    """Return the service with the suspects that a restart does not explain; with none where it has no evidence."""
    kept = tuple(one for one in service.suspects if service.score > 0 and not _is_reset(one, restarts, timeline))
    onsets = [one.onset_ms for one in kept if one.onset_ms is not None]
    return replace(service, suspects=kept, onset_ms=min(onsets, default=None))


def _is_reset(suspect: Suspect, restarts: Sequence[Change], timeline: Timeline) -> bool:
    """Return whether a level fell because a process began anew: its memory, its open connections."""
    if suspect.direction != "down" or suspect.kind not in ("resource", "other") or suspect.onset_ms is None:
        return False
    onset_ms = suspect.onset_ms
    own = [one for one in restarts if one.entity == suspect.service]
    return any(-timeline.step_ms <= onset_ms - one.at_ms <= _RESET_MS for one in own)


def _weighed(score: float, *, has_cause: bool) -> float:
    """Return a score with what was changed taken into account."""
    return 1 - (1 - score) * _DOUBT_AFTER_CHANGE if has_cause else score


def _surge(ranking: Ranking, first: SuspectService, scanned: Sequence[Scanned], timeline: Timeline) -> Finding | None:
    last_ms = None if first.onset_ms is None else first.onset_ms + _SURGE_STEPS * timeline.step_ms
    rises = [
        one
        for one in ranking.suspects
        if (one.service, one.kind, one.direction) == (first.service, "traffic", "up")
        and (one.ratio or 0.0) >= _SURGE_RATIO
        and (last_ms is None or one.onset_ms is None or one.onset_ms <= last_ms)
    ]
    strongest = max(rises, key=lambda one: one.ratio or 0.0, default=None)
    if strongest is None:
        return None
    wanted = (strongest.service, strongest.metric, strongest.labels)
    behind = (one for one in scanned if (one.behaviour.service, one.behaviour.metric, one.behaviour.labels) == wanted)
    return Finding(strongest, next(behind, None))


def _followers(moved: Sequence[SuspectService], causes: Mapping[str, Change]) -> tuple[Follower, ...]:
    found = []
    for one in moved:
        if one.follows:
            found.append(Follower(one.service, one.follows, is_known=True))
        elif one is not moved[0] and one.service not in causes and _only_echoes(one, moved[0]):
            found.append(Follower(one.service, moved[0].service, is_known=False))
    return tuple(found)


def _only_echoes(one: SuspectService, first: SuspectService) -> bool:
    """Return whether a service moved with the first or later, and only as callers do, or as who has less to do."""
    telling = [suspect for suspect in one.suspects if _is_telling(suspect, one)]
    if first.onset_ms is None or one.onset_ms is None or one.onset_ms < first.onset_ms:
        return False
    return bool(telling) and all(each.kind in _FELT_BY_CALLERS or each.direction == "down" for each in telling)


def _cause_of(service: SuspectService, changes: Sequence[Change], *, step_ms: int) -> Change | None:
    if service.onset_ms is None:
        return None
    # A change is seen up to a step late, and so is what it does.
    first_ms, last_ms = service.onset_ms - _REACH_MS, service.onset_ms + step_ms
    own = [one for one in changes if one.entity == service.service and one.kind in _ACTS]
    before = [one for one in own if first_ms <= one.at_ms <= last_ms]
    return max(before, key=lambda one: (one.at_ms, one.kind == "deploy"), default=None)


def _ordered(
    changes: Sequence[Change], moved: Sequence[SuspectService], causes: Mapping[str, Change], timeline: Timeline
) -> tuple[Change, ...]:
    ranks = {one.service: rank for rank, one in enumerate(moved)}
    start_ms = int(timeline.times_ms[np.argmax(timeline.is_incident)])
    onset_ms = next((one.onset_ms for one in moved if one.onset_ms is not None), start_ms)

    def weight(one: Change) -> tuple[bool, int, bool, int]:
        is_late = one.at_ms > onset_ms + timeline.step_ms
        return one not in causes.values(), ranks.get(one.entity, len(ranks)), is_late, abs(one.at_ms - onset_ms)

    return tuple(sorted(changes, key=weight))


def _rows(
    ranking: Ranking,
    moved: Sequence[SuspectService],
    scanned: Sequence[Scanned],
    restarts: Sequence[Change],
    timeline: Timeline,
) -> tuple[Finding, ...]:
    by_key = {(one.behaviour.service, one.behaviour.metric, one.behaviour.labels): one for one in scanned}
    rows: list[Finding] = []
    for rank, service in enumerate(moved):
        own = [one for one in ranking.suspects if one.service == service.service and _is_telling(one, service)]
        own = [one for one in own if not _is_reset(one, restarts, timeline)]
        for suspect in _in_turn(own)[: _OF_OTHERS if rank else _OF_FIRST]:
            found = by_key.get((suspect.service, suspect.metric, suspect.labels))
            rows.append(Finding(suspect, found, _limit_of(suspect, scanned, timeline)))
    return tuple(rows[:_MAX_ROWS])


def _is_telling(one: Suspect, service: SuspectService) -> bool:
    strongest = max((suspect.score for suspect in service.suspects), default=0.0)
    is_dated = one.onset_ms is not None or one.direction in ("appeared", "vanished")
    return is_dated and one.score >= _TELLING_SHARE * strongest


def _in_turn(suspects: Sequence[Suspect]) -> list[Suspect]:
    """Return suspects with each metric once before any of them again: ten routes say what one says."""
    strongest = {one.metric.removesuffix(_OF_HIGHEST): one for one in reversed(suspects)}
    return sorted(suspects, key=lambda one: strongest[one.metric.removesuffix(_OF_HIGHEST)] is not one)


def _limit_of(suspect: Suspect, scanned: Sequence[Scanned], timeline: Timeline) -> Limit | None:
    """Return what a used resource is limited to, by the naming conventions for pools and the like."""
    metric = suspect.metric.removesuffix(_OF_HIGHEST)
    for convention in conventions().saturation:
        match = convention.used.fullmatch(metric)
        if match is None or convention.is_free or convention.kind == "counter":
            continue
        name = convention.limit.format(**match.groupdict())
        for one in scanned:
            behaviour = one.behaviour
            if (behaviour.service, behaviour.metric, behaviour.labels) == (suspect.service, name, suspect.labels):
                values = behaviour.values[timeline.is_incident]
                return Limit(name, float(np.nanmedian(values))) if np.isfinite(values).any() else None
    return None


def _sureness(
    ranking: Ranking, moved: Sequence[SuspectService], causes: Mapping[str, Change]
) -> tuple[Sureness, tuple[str, ...]]:
    if not moved:
        return "none", ()
    first, *others = moved
    rival = next((one for one in others if one.follows is None), None)
    is_clear = rival is None or 1 - rival.score >= _CLEAR_RATIO * (1 - first.score)
    is_rare = ranking.chance_ratio is not None and ranking.chance_ratio <= _RARE_RATIO
    has_cause = first.service in causes
    points = sum((is_clear, is_rare, has_cause)) if first.score >= _STRONG_SCORE else 0
    return ("high" if points == 3 else "medium" if points == 2 else "low"), (
        f"score {first.score:.2g} against {rival.score:.2g} of the next" if rival else "nobody else moved by itself",
        "it was changed shortly before" if has_cause else "no change of it was seen shortly before",
        "no fault-free time to compare with"
        if ranking.chance_ratio is None
        else f"at most {100 * ranking.chance_ratio:.2g} % of fault-free windows look as unusual",
    )
