"""Rank services by how much speaks for the incident having started in them.

The method, step by step; each is a module of this package:
1. `normality`: every series is measured in robust standard deviations (median, median absolute deviation; Rousseeuw and
   Croux, JASA 88, 1993) of its own normal steps, from the nearer of its usual level and its level just before the
   incident. What had changed before is no suspect. `seasons` takes out what happens at this hour every day, `failures`
   judges shares of failed requests by their Poisson deviance (McCullagh and Nelder, 1989), so that few requests say
   little.
2. `surprise`: log(1 + z^2), averaged over the best half of the window without its most extreme step, less what one
   fault-free window in twenty shows by itself.
3. `gathering`, `visibility`: the strongest series of each kind speak for their service, less what the service shows in
   fault-free windows, so that hundreds of series are no advantage.
4. `followers`: what a caller's latency and failures owe to the same change of a callee is taken off, and what moved
   late counts less. `surge`: where traffic rose at most services, it is the first suspect, and explains what grew with
   it.
That robust deviations rank causes well is a finding of Pham et al. (BARO, FSE 2024); the weights and the other steps
are our own choice.

Measured on the development data (38 visible incidents; true service first / among three / mean of first one to five):

| System | Incidents | Largest z-score | Metrics alone | Calls and symptom known |
|---|---|---|---|---|
| PetShop, low traffic | 26 | 0.31 / 0.65 / 0.55 | 0.54 / 0.88 / 0.78 | 0.81 / 1.00 / 0.95 |
| Online Boutique (Nezha) | 12 | 0.92 / 1.00 / 0.98 | 0.92 / 1.00 / 0.98 | 1.00 / 1.00 / 1.00 |
| Together | 38 | 0.50 / 0.76 / 0.69 | 0.66 / 0.92 / 0.85 | 0.87 / 1.00 / 0.96 |

Called visible: 36 of these 38, and 2 of 12 incidents that the metrics do not show; 5 of 80 fault-free windows of
PetShop and 10 of 80 of Online Boutique (whose 40 "normal" minutes lie between faults). Constants are round numbers,
chosen on these data. Halving or doubling any one of them leaves the true service first in at least 0.58 (metrics alone;
traffic weighing as much as all else) and 0.74 (calls known); most change nothing. The figures flatter: nothing was held
back.

Where it fails: services that move alike and at once (a function, its gateway and its wrapper) cannot be told apart
without call edges; a fault that shows in its victims only is put down to them; a culprit that already strayed in one
window in twenty needs to stray further; what recurs at the same hour each day is taken for normal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.errors import InputError, NoDataError
from sre.core.series import BoolArray, FloatArray, IntArray
from sre.incidents.suspects.description import Describer, score_of
from sre.incidents.suspects.evidence import Evidence, weigh
from sre.incidents.suspects.followers import TRAVELLING_KINDS, Explained, explained_by_callees
from sre.incidents.suspects.gathering import Gathering, gather
from sre.incidents.suspects.model import Behaviour, CallEdges, Ranking, Suspect, SuspectService, Symptom, Timeline
from sre.incidents.suspects.onset import OUTSIDE_DEVIATIONS
from sre.incidents.suspects.surge import find_surge
from sre.incidents.suspects.visibility import Visibility, calibration, visibility

# Our choice: what a callee wholly explains keeps a little of its evidence, because call graphs are never complete.
_FOLLOWER_DISCOUNT: Final = 0.7
# Our choice: the symptom was what made somebody look, so that it moved says half as much.
_SYMPTOM_WEIGHT: Final = 0.5
# Our choice: what moves at the end of the incident, though other things had moved at its beginning, rather followed.
_LATENESS_DISCOUNT: Final = 0.4
# As of a lasting move by more than two deviations beyond what is usual: enough to set the clock by.
_CREDIBLE_STRENGTH: Final = 2.0
_FOLLOWS_RATIO: Final = 0.5
_SUSPECTS_PER_SERVICE: Final = 5


def rank_suspects(
    behaviours: Sequence[Behaviour],
    timeline: Timeline,
    *,
    callers: CallEdges = (),
    symptom: Symptom | None = None,
    suspects_limit: int = 50,
) -> Ranking:
    """Rank services and their series by how suspect they are.

    Args:
        behaviours: All series of the system, aligned on `timeline`; any number a service.
        timeline: When things were normal, and when the incident was.
        callers: (caller, callee) pairs where known; empty where not.
        symptom: What was seen; its service is judged like any other, but what merely is the symptom is no cause.
        suspects_limit: How many series to describe at most (all are judged).

    Raises:
        InputError: A series is not as long as the timeline, or no step is normal or in the incident.
        NoDataError: No series has samples in both the normal time and the incident.
    """
    _check(behaviours, timeline)
    evidence = weigh(behaviours, timeline)
    _check_judged(evidence)
    symptom_rows = _symptom_rows(behaviours, symptom)
    strengths = evidence.strength * np.where(symptom_rows, _SYMPTOM_WEIGHT, 1.0)
    explained = explained_by_callees(behaviours, evidence=evidence.strength, change=evidence.change, callers=callers)
    late = _LATENESS_DISCOUNT * _lateness(evidence)
    discounted = strengths * (1 - _FOLLOWER_DISCOUNT * explained.ratio) * (1 - late)
    surge = find_surge(behaviours, evidence, callers=callers)
    if surge is not None:
        discounted = surge.weighed(discounted, discount=_FOLLOWER_DISCOUNT)
    search = _Search(
        gathering=gather(behaviours),
        evidence=evidence,
        explained=explained,
        whole=strengths,
        discounted=discounted,
        describer=Describer(
            tuple(behaviours),
            timeline,
            evidence,
            explained,
            surge,
            discounted,
            frozenset(np.flatnonzero(symptom_rows).tolist()),
        ),
    )
    return search.ranking(suspects_limit)


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    gathering: Gathering
    evidence: Evidence
    explained: Explained
    whole: FloatArray
    discounted: FloatArray
    describer: Describer

    def ranking(self, suspects_limit: int) -> Ranking:
        excess = self.gathering.scores(self.discounted[:, None])[:, 0]
        order = np.argsort(-excess, kind="stable")
        seen = self._visibility()
        rows = self._strongest(suspects_limit)
        described = {row: self.describer.suspect(row) for row in rows}
        return Ranking(
            services=tuple(self._service(int(index), float(excess[index]), described) for index in order),
            suspects=tuple(described[row] for row in rows),
            is_visible=seen.is_visible,
            reason=seen.reason,
            chance_ratio=seen.chance_ratio,
            examined_count=int(self._examined.sum()),
            flat_count=int((self._examined & self.evidence.raw.is_flat).sum()),
            changed_before_count=int(self._changed_before.sum()),
            unusable_count=int((~self._examined).sum()),
        )

    def _visibility(self) -> Visibility:
        calibrated = calibration(self.gathering, self.evidence.references)
        # Callers and the symptom itself show an incident as well as its cause does.
        strengths = self.gathering.scores(self.evidence.loudness[:, None])[:, 0]
        return visibility(strengths, calibrated=calibrated, gathering=self.gathering)

    def _strongest(self, limit: int) -> list[int]:
        order = np.argsort(-self.discounted, kind="stable")[:limit]
        return [int(row) for row in order if self.discounted[row] > 0]

    def _service(self, index: int, excess: float, described: dict[int, Suspect]) -> SuspectService:
        rows = self.gathering.rows_of(index)
        order = rows[np.argsort(-self.discounted[rows], kind="stable")]
        chosen = [int(row) for row in order[:_SUSPECTS_PER_SERVICE] if int(row) in described]
        suspects = tuple(described[row] for row in chosen)
        onsets = [suspect.onset_ms for suspect in suspects if suspect.onset_ms is not None]
        return SuspectService(
            service=self.gathering.services[index],
            score=score_of(excess),
            suspects=suspects,
            onset_ms=min(onsets) if onsets else None,
            follows=self._follows(rows),
            series_count=int(self._examined[rows].sum()),
            changed_count=int((self.evidence.strength[rows] > 0).sum()),
        )

    def _follows(self, rows: IntArray) -> str | None:
        """Return the callee that explains most of what the service did, None where it moved by itself."""
        strongest = int(rows[np.argmax(self.whole[rows])])
        if self.whole[strongest] <= 0 or self.explained.ratio[strongest] < _FOLLOWS_RATIO:
            return None
        own = max(self.discounted[rows])
        return self.explained.by[strongest] if own < (1 - _FOLLOWER_DISCOUNT / 2) * self.whole[strongest] else None

    @property
    def _examined(self) -> BoolArray:
        presence = self.evidence.presence
        return self.evidence.normal.is_usable | presence.appeared | presence.vanished

    @property
    def _changed_before(self) -> BoolArray:
        drifted = np.abs(np.nan_to_num(self.evidence.normal.drift)) > OUTSIDE_DEVIATIONS
        return self.evidence.normal.is_usable & drifted & (self.evidence.strength <= 0)


def _lateness(evidence: Evidence) -> FloatArray:
    """Return how long after the first credible move each series moved, as a share of the incident; shape (series,)."""
    first = evidence.move.first
    credible = (first >= 0) & (evidence.strength >= _CREDIBLE_STRENGTH)
    if not credible.any():
        return np.zeros(len(first))
    return np.where(first >= 0, np.maximum(first - first[credible].min(), 0) / int(evidence.window.sum()), 0.0)


def _symptom_rows(behaviours: Sequence[Behaviour], symptom: Symptom | None) -> BoolArray:
    """Return the series that show the symptom: latency and failures of the service where it was seen.

    Only where the metric is known too: a service that somebody merely asks about is not thereby a victim.
    """
    if symptom is None or not symptom.metric:
        return np.zeros(len(behaviours), dtype=np.bool_)
    return np.array(
        [
            behaviour.service == symptom.service
            and (behaviour.metric == symptom.metric or behaviour.kind in TRAVELLING_KINDS)
            for behaviour in behaviours
        ]
    )


def _indices(rows: BoolArray) -> frozenset[int]:
    return frozenset(np.flatnonzero(rows).tolist())


def _check(behaviours: Sequence[Behaviour], timeline: Timeline) -> None:
    steps = len(timeline.times_ms)
    if wrong := [behaviour for behaviour in behaviours if behaviour.values.shape != (steps,)]:
        message = f'"{wrong[0].metric}" of "{wrong[0].service}" must have {steps} values, as many as the timeline'
        raise InputError(message, field="behaviours")
    if not behaviours:
        raise NoDataError("There is no series to look for suspects in.", next_steps=("Widen the window.",))
    if not timeline.is_incident.any() or not timeline.is_normal.any():
        raise InputError("the timeline needs at least one normal step and one of the incident", field="timeline")


def _check_judged(evidence: Evidence) -> None:
    presence = evidence.presence
    if not (evidence.normal.is_usable | presence.appeared | presence.vanished).any():
        raise NoDataError(
            "No series has enough samples before the incident to know its normal.",
            causes=("the history is shorter than eight steps", "the metrics are new"),
            next_steps=("Take more history before the incident.",),
        )
