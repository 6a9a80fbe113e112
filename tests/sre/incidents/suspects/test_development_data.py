"""Real incidents with known causes: how often the true service comes first, and how often nothing is cried out."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from sre.incidents.suspects.model import Ranking
from sre.incidents.suspects.ranking import rank_suspects
from tests.support.root_cause_cases import FOLDER, Case, cases

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the development data are not here")

# How much of what the caller may know is told.
Telling = Callable[[Case], Ranking]


def whole(case: Case) -> Ranking:
    """The call graph and the symptom are known."""
    return rank_suspects(case.behaviours, case.timeline, callers=case.callers, symptom=case.symptom)


def bare(case: Case) -> Ranking:
    """Only the metrics are known."""
    return rank_suspects(case.behaviours, case.timeline)


def places(telling: Telling, chosen: Sequence[Case]) -> list[int]:
    """Return the place of the true service in each case."""
    found = []
    for case in chosen:
        services = [one.service for one in telling(case).services]
        found.append(services.index(case.culprit) + 1)
    return found


def within(ranks: Sequence[int], place: int) -> float:
    return float(np.mean([rank <= place for rank in ranks]))


@pytest.mark.parametrize(
    ("telling", "first", "of_three", "average"),
    [(whole, 0.80, 0.95, 0.92), (bare, 0.62, 0.88, 0.82)],
    ids=["calls and symptom known", "metrics alone"],
)
def test_the_true_service_comes_first(telling: Telling, first: float, of_three: float, average: float) -> None:
    """Our choice: a little below what was measured; the target is 0.62, 0.83 and 0.79 on systems not seen here."""
    ranks = places(telling, [case for case in cases() if case.is_visible])
    assert len(ranks) == 38
    assert within(ranks, 1) >= first
    assert within(ranks, 3) >= of_three
    assert np.mean([within(ranks, place) for place in range(1, 6)]) >= average


@pytest.mark.parametrize("system", ["petshop_low_traffic", "nezha_onlineboutique"])
def test_neither_system_carries_the_other(system: str) -> None:
    """Our choice: with calls and symptom known, the targets hold on each system by itself."""
    ranks = places(whole, [case for case in cases() if case.is_visible and case.system == system])
    assert within(ranks, 1) >= 0.75
    assert within(ranks, 3) >= 0.95


def test_most_visible_incidents_are_seen_and_most_others_are_not() -> None:
    """Source: the `visible` flags of the data; measured 36 of 38 and 10 of 12."""
    seen = {case.name: whole(case).is_visible for case in cases()}
    visible = [seen[case.name] for case in cases() if case.is_visible]
    others = [seen[case.name] for case in cases() if not case.is_visible]
    assert np.mean(visible) >= 0.9
    assert np.mean(others) <= 0.2


def test_fault_free_windows_seldom_raise_an_alarm() -> None:
    """Our choice: on the system with a day of clean history, at most one window in ten."""
    case = next(case for case in cases() if case.system == "petshop_low_traffic")
    alarms = [rank_suspects(case.behaviours, quiet).is_visible for quiet in case.fault_free(count=40)]
    assert np.mean(alarms) <= 0.1
