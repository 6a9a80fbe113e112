"""The search for suspects on real fault injections: how often it misses the true service, and how long it takes.

    python -m bench.root_causes

The peer is what the literature calls a hard baseline to beat: the largest z-score of the incident against the normal
steps (mean and standard deviation), the largest of each service. The data lie beside the repository (README there);
without them only the time is measured.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bench.row import Row, table
from sre.incidents.suspects.model import Behaviour, Timeline
from sre.incidents.suspects.ranking import rank_suspects
from tests.support.root_cause_cases import FOLDER, Case, cases

RUNS = 7
MINUTE_MS = 60_000
# The promises of the issue, as shares missed.
MOST_NOT_FIRST, MOST_NOT_OF_THREE, MOST_MISSED_OF_FIVE = 0.38, 0.17, 0.21
MOST_SECONDS, MOST_SECONDS_OF_MANY = 0.15, 2.0

Method = Callable[[Case], Sequence[str]]


def rows() -> list[Row]:
    """Return what was missed, beside the peer, and the time for few and many series."""
    found = _missed() if FOLDER.is_dir() else []
    return [
        *found,
        _timed(875, services=46, limit=MOST_SECONDS),
        _timed(10_000, services=300, limit=MOST_SECONDS_OF_MANY),
    ]


def metrics_alone(case: Case) -> Sequence[str]:
    """Nothing but the metrics is known."""
    return [one.service for one in rank_suspects(case.behaviours, case.timeline).services]


def all_known(case: Case) -> Sequence[str]:
    """The call graph and the symptom are known too."""
    found = rank_suspects(case.behaviours, case.timeline, callers=case.callers, symptom=case.symptom)
    return [one.service for one in found.services]


def z_scores(case: Case) -> Sequence[str]:
    """The peer."""
    scores: dict[str, float] = {}
    for behaviour in case.behaviours:
        usual = behaviour.values[case.timeline.is_normal & np.isfinite(behaviour.values)]
        now = behaviour.values[case.timeline.is_incident & np.isfinite(behaviour.values)]
        spread = float(usual.std()) if len(usual) else 0.0
        score = float(np.abs(now - usual.mean()).max()) / spread if len(now) and spread > 0 else 0.0
        scores[behaviour.service] = max(score, scores.get(behaviour.service, 0.0))
    return sorted(scores, key=lambda service: -scores[service])


METHODS: Mapping[str, Method] = {
    "metrics alone": metrics_alone,
    "with the call graph and the symptom": all_known,
    "z-scores": z_scores,
}


def _missed() -> list[Row]:
    places = {name: _places(method) for name, method in METHODS.items()}
    return [row for name in METHODS if name != "z-scores" for row in _rows_of(name, places)]


def _places(method: Method) -> dict[str, list[int]]:
    """Return the places of the true service in the visible cases, by system."""
    found: dict[str, list[int]] = {}
    for case in cases():
        if case.is_visible:
            found.setdefault(case.system, []).append(list(method(case)).index(case.culprit) + 1)
    return found


def _rows_of(name: str, places: Mapping[str, Mapping[str, Sequence[int]]]) -> list[Row]:
    measures: tuple[tuple[str, Callable[[Sequence[int]], float], float], ...] = (
        ("is not first", lambda ranks: _share_beyond(ranks, 1), MOST_NOT_FIRST),
        ("is not among three", lambda ranks: _share_beyond(ranks, 3), MOST_NOT_OF_THREE),
        (
            "is missed, mean over the first one to five",
            lambda ranks: statistics.fmean(_share_beyond(ranks, place) for place in range(1, 6)),
            MOST_MISSED_OF_FIVE,
        ),
    )
    together = {method: [rank for ranks in systems.values() for rank in ranks] for method, systems in places.items()}
    return [
        Row(
            f"Incidents whose true service {what}, {name}",
            ours=measure(together[name]),
            unit="ratio",
            peer=measure(together["z-scores"]),
            peer_name="largest z-score",
            limit=limit,
            detail={system: [len(ranks), measure(ranks)] for system, ranks in places[name].items()},
        )
        for what, measure, limit in measures
    ]


def _share_beyond(ranks: Sequence[int], place: int) -> float:
    return sum(rank > place for rank in ranks) / len(ranks)


def _timed(count: int, *, services: int, limit: float) -> Row:
    """Return the time for `count` series of 300 steps that are there: of the run that neighbours disturbed least."""
    series, timeline = _planted(count, services=services)
    rank_suspects(series, timeline)
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        found = rank_suspects(series, timeline)
        seconds.append(time.perf_counter() - started)
    return Row(
        f"{count:,} series x 300 steps ranked",
        ours=min(seconds),
        unit="s",
        limit=limit,
        detail={"seconds": seconds, "first": found.services[0].service, "is_visible": found.is_visible},
    )


def _planted(count: int, *, services: int) -> tuple[list[Behaviour], Timeline]:
    rng = np.random.default_rng(7)
    times = MINUTE_MS * np.arange(300, dtype=np.int64)
    timeline = Timeline.around(times, incident_start_ms=int(times[280]), incident_end_ms=int(times[-1]) + 1)
    kinds = ("resource", "latency", "errors", "traffic", "other")
    series = [
        Behaviour(f"service-{index % services}", f"metric-{index // services}", row, kind=kinds[index // services % 5])
        for index, row in enumerate(10 + rng.standard_normal((count, 300)))
    ]
    for behaviour in series[::services][:3]:
        behaviour.values[280:] += 20
    return series, timeline


if __name__ == "__main__":
    print(table(rows()))
