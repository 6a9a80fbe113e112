"""The words of the search for suspects: what every series did, and who is suspected of having started it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from sre.core.errors import InputError
from sre.core.labels import Labels
from sre.core.series import BoolArray, FloatArray, IntArray

# What a series measures. `resource`: CPU, memory, disk, pools, queues; `errors`: failures, counted or as a share.
Kind: TypeAlias = Literal["latency", "errors", "traffic", "resource", "other"]
Direction: TypeAlias = Literal["up", "down", "appeared", "vanished"]


@dataclass(frozen=True, slots=True, eq=False)
class Behaviour:
    """What one series did, aligned on a `Timeline`.

    Attributes:
        service: The entity that the series speaks about: a service, a host, a database.
        metric: Name of the metric or of the query behind the values.
        labels: Labels that tell this series from its siblings; may be empty.
        values: shape (steps,), rates and not raw counters; NaN where there is no sample.
        kind: What is measured; `kind_of(metric)` guesses it from the words of a name.
    """

    service: str
    metric: str
    values: FloatArray
    labels: Labels = field(default_factory=Labels)
    kind: Kind = "other"


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The instants all series are aligned on, and which of them are normal, which are the incident.

    Gaps are allowed (history, then nothing, then the incident; the same hours of an earlier day).

    Attributes:
        times_ms: shape (steps,), strictly increasing epoch milliseconds.
        step_ms: Usual distance between two instants.
        is_normal: shape (steps,), true where the system is believed to be in order.
        is_incident: shape (steps,), true within the incident; never where `is_normal`.
    """

    times_ms: IntArray
    step_ms: int
    is_normal: BoolArray
    is_incident: BoolArray

    def __post_init__(self) -> None:
        if not (len(self.times_ms) == len(self.is_normal) == len(self.is_incident)):
            raise InputError("times, normal and incident steps must have the same length", field="timeline")
        if np.any(np.diff(self.times_ms) <= 0):
            raise InputError("times must increase strictly", field="timeline")
        if np.any(self.is_normal & self.is_incident):
            raise InputError("a step cannot be both normal and part of the incident", field="timeline")

    @classmethod
    def around(
        cls, times_ms: IntArray, *, incident_start_ms: int, incident_end_ms: int, step_ms: int = 0
    ) -> "Timeline":
        """Take everything before the incident as normal, and start <= time < end as the incident.

        Args:
            times_ms: shape (steps,), strictly increasing.
            incident_start_ms: When the symptom started, or a little before.
            incident_end_ms: When it ended, or now; exclusive.
            step_ms: Distance of two instants; 0 takes the median distance.
        """
        step = step_ms or (int(np.median(np.diff(times_ms))) if len(times_ms) > 1 else 1)
        before = times_ms < incident_start_ms
        return cls(times_ms, step, before, ~before & (times_ms < incident_end_ms))


@dataclass(frozen=True, slots=True)
class Symptom:
    """What made somebody look: the service that was seen to suffer, and the metric if known."""

    service: str
    metric: str = ""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A series whose behaviour changed in the incident.

    Attributes:
        kind: What is measured.
        onset_ms: When it left its normal range; None where the change cannot be dated.
        before: Median over the normal steps; None where there was nothing before.
        during: Median over the changed steps of the incident; None where it vanished.
        direction: Up or down, or appeared or vanished with the incident.
        effect: Distance between the two in robust standard deviations of its own normal, >= 0.
        ratio: during / before; None where before is 0 or missing.
        score: 0..1, how much it speaks for its service being where the incident started.
        evidence: Numbers behind the score, by name (see `rank_suspects`).
        caveats: Sentences on why to doubt it, such as that it had already changed before.
    """

    service: str
    metric: str
    labels: Labels
    kind: Kind
    onset_ms: int | None
    before: float | None
    during: float | None
    direction: Direction
    effect: float
    ratio: float | None
    score: float
    evidence: Mapping[str, float] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SuspectService:
    """A service and how much speaks for the incident having started there.

    Attributes:
        score: 0..1; compare within one ranking only.
        suspects: Its changed series, strongest first; empty where nothing of it changed.
        onset_ms: When its first credible suspect moved.
        follows: The service whose change it probably only shows (its callee); None where it moved by itself.
        series_count: How many of its series were examined.
        changed_count: How many of them left their normal range in the incident.
    """

    service: str
    score: float
    suspects: tuple[Suspect, ...]
    onset_ms: int | None
    follows: str | None
    series_count: int
    changed_count: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """Who is suspected, most likely first, and what was looked at.

    Attributes:
        services: Every service with at least one usable series, most suspect first.
        suspects: The changed series of all services, strongest first.
        is_visible: Whether anything stands out from what fault-free times of the same data look like.
        reason: A sentence on why, with the numbers.
        chance_ratio: How often a fault-free window of the same data looks at least this unusual, 0..1; None where
            there is too little normal time to tell.
        examined_count: Series with enough samples to judge.
        flat_count: Of these, series that never moved.
        changed_before_count: Series whose change predates the incident and which are therefore no suspects.
        unusable_count: Series left out for want of samples.
    """

    services: tuple[SuspectService, ...]
    suspects: tuple[Suspect, ...]
    is_visible: bool
    reason: str
    chance_ratio: float | None
    examined_count: int
    flat_count: int
    changed_before_count: int
    unusable_count: int


CallEdges: TypeAlias = Sequence[tuple[str, str]]
