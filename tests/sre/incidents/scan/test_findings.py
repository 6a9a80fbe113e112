"""What is told of a ranking. *Our choice* throughout; numbers are made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sre.core.labels import Labels
from sre.incidents.scan.assembly import Scanned
from sre.incidents.scan.changes import Change
from sre.incidents.scan.findings import Findings, findings_of, first_movers
from sre.incidents.suspects.model import Behaviour, Direction, Kind, Ranking, Suspect, SuspectService, Timeline

MINUTE = 60_000
STEPS = 120
ONSET = 100 * MINUTE
TIMELINE = Timeline.around(
    np.arange(STEPS, dtype=np.int64) * MINUTE, incident_start_ms=ONSET, incident_end_ms=STEPS * MINUTE
)


def suspect(
    service: str,
    metric: str = "latency",
    *,
    score: float = 0.9,
    onset_ms: int | None = ONSET,
    kind: Kind = "latency",
    direction: Direction = "up",
    during: float = 5.0,
    labels: dict[str, str] | None = None,
) -> Suspect:
    return Suspect(service, metric, Labels(labels or {}), kind, onset_ms, 1.0, during, direction, 9.0, during, score)


def service(name: str, *suspects: Suspect, score: float = 0.9, follows: str | None = None) -> SuspectService:
    own = suspects or (suspect(name, score=score),)
    onsets = [one.onset_ms for one in own if one.onset_ms is not None]
    return SuspectService(name, score, own, min(onsets, default=None), follows, 5, len(own))


def ranking(*services: SuspectService, is_visible: bool = True, chance: float | None = 0.02) -> Ranking:
    suspects = tuple(one for each in services for one in each.suspects)
    return Ranking(services, suspects, is_visible, "because", chance, 20, 5, 0, 0)


def deploy(entity: str, minutes_before: float, **others: object) -> Change:
    change = Change("deploy", entity, ONSET - round(minutes_before * MINUTE), "v1", "v2", "build_info")
    return replace(change, **others)  # type: ignore[arg-type]


def told(found: Ranking, *changes: Change, scanned: tuple[Scanned, ...] = ()) -> Findings:
    return findings_of(found, scanned=scanned, changes=changes, timeline=TIMELINE)


def test_a_change_shortly_before_makes_a_service_likelier() -> None:
    """0.80 leaves a doubt of 0.20, half of it after a change: 0.90 is before 0.85."""
    found = told(ranking(service("a", score=0.85), service("b", score=0.80)), deploy("b", 10))
    assert [(one.service, round(one.score, 3)) for one in found.services] == [("b", 0.9), ("a", 0.85)]
    assert found.causes["b"].after == "v2"


@pytest.mark.parametrize(("minutes_before", "is_cause"), [(-30, False), (-1, True), (0, True), (59, True), (61, False)])
def test_only_what_came_before_and_not_long_before_is_a_cause(minutes_before: float, is_cause: bool) -> None:
    """A change is seen up to a step late, so one step after the onset still counts."""
    found = told(ranking(service("a")), deploy("a", minutes_before))
    assert ("a" in found.causes) == is_cause


def test_an_alert_and_the_change_of_another_are_no_causes() -> None:
    found = told(ranking(service("a")), deploy("a", 5, kind="alert"), deploy("b", 5))
    assert found.causes == {}


def test_of_several_changes_the_last_before_the_onset_is_named() -> None:
    found = told(ranking(service("a")), deploy("a", 40, after="v2"), deploy("a", 7, after="v3"))
    assert found.causes["a"].after == "v3"
    assert [one.after for one in found.changes] == ["v3", "v2"]


def test_changes_of_suspects_come_before_those_of_others() -> None:
    found = told(ranking(service("a"), service("b", score=0.5)), deploy("c", 1), deploy("b", 90), deploy("a", 20))
    assert [one.entity for one in found.changes] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("scores", "chance", "is_changed", "sureness"),
    [
        ((0.9, 0.5), 0.02, True, "high"),
        ((0.9, 0.5), 0.02, False, "medium"),
        ((0.9, 0.5), None, True, "medium"),
        ((0.9, 0.89), 0.02, False, "low"),
        ((0.5,), 0.02, False, "low"),
        ((0.9,), 0.02, False, "medium"),
    ],
)
def test_sureness_needs_distance_rarity_and_a_change(
    scores: tuple[float, ...], chance: float | None, is_changed: bool, sureness: str
) -> None:
    services = [service(f"s{number}", score=score) for number, score in enumerate(scores)]
    found = told(ranking(*services, chance=chance), *([deploy("s0", 5)] if is_changed else []))
    assert found.sureness == sureness


def test_one_that_follows_is_no_rival() -> None:
    found = told(ranking(service("callee"), service("caller", score=0.89, follows="callee")), deploy("callee", 5))
    assert found.sureness == "high"
    assert [(one.service, one.of, one.is_known) for one in found.followers] == [("caller", "callee", True)]


@pytest.mark.parametrize(
    ("minutes_later", "kind", "direction", "is_follower"),
    [
        (2, "latency", "up", True),
        (0, "errors", "up", True),
        (2, "resource", "down", True),
        (2, "resource", "up", False),
        (-2, "latency", "up", False),
    ],
)
def test_who_moved_later_and_only_as_callers_do_follows_where_calls_are_unknown(
    minutes_later: int, kind: Kind, direction: Direction, is_follower: bool
) -> None:
    echo = suspect("b", kind=kind, direction=direction, onset_ms=ONSET + minutes_later * MINUTE, score=0.8)
    found = told(ranking(service("a"), service("b", echo, score=0.8)))
    assert bool(found.followers) == is_follower
    # What was changed itself is no follower.
    changed = told(ranking(service("a"), service("b", echo, score=0.5)), deploy("b", -minutes_later + 1))
    assert changed.followers == ()


def test_memory_that_fell_with_a_restart_is_no_suspect() -> None:
    memory = suspect("a", "memory_bytes", kind="resource", direction="down", during=0.5)
    assert told(ranking(service("a", memory)), deploy("a", 2)).first is None
    both = told(ranking(service("a", memory, suspect("a"))), deploy("a", 2))
    assert [one.suspect.metric for one in both.suspects] == ["latency"]
    # Without a restart it is one.
    assert told(ranking(service("a", memory))).first is not None


def test_nothing_visible_is_no_first() -> None:
    found = told(ranking(service("a"), is_visible=False), deploy("a", 5))
    assert (found.first, found.suspects, found.services, found.sureness) == (None, (), (), "none")
    assert len(found.changes) == 1


def test_each_metric_is_shown_once_before_any_of_them_again() -> None:
    rows = [suspect("a", "m1", score=0.9 - n / 100, labels={"route": str(n)}) for n in range(5)]
    found = told(ranking(service("a", *rows, suspect("a", "m2", score=0.5))))
    assert [one.suspect.metric for one in found.suspects][:3] == ["m1", "m2", "m1"]


def test_what_says_little_or_has_no_onset_is_not_shown() -> None:
    weak, undated = suspect("a", "weak", score=0.01), suspect("a", "undated", score=0.8, onset_ms=None)
    gone = suspect("a", "gone", score=0.8, onset_ms=None, direction="vanished")
    found = told(ranking(service("a", suspect("a"), weak, undated, gone)))
    assert [one.suspect.metric for one in found.suspects] == ["latency", "gone"]


@pytest.mark.parametrize(("during", "is_full"), [(20.0, True), (10.0, False)])
def test_a_used_resource_is_held_against_its_limit(during: float, is_full: bool) -> None:
    def scanned(metric: str, value: float) -> Scanned:
        behaviour = Behaviour("a", metric, np.full(STEPS, value), Labels({"pool": "p"}))
        return Scanned(behaviour, metric, "level", f"avg({metric})")

    used = suspect("a", "db_pool_connections_in_use", kind="resource", during=during, labels={"pool": "p"})
    rows = (scanned("db_pool_connections_in_use", during), scanned("db_pool_connections_max", 20.0))
    (found,) = told(ranking(service("a", used)), scanned=rows).suspects
    assert found.limit is not None
    assert (found.limit.metric, found.limit.value, found.is_full) == ("db_pool_connections_max", 20.0, is_full)
    assert found.scanned is rows[0]


def test_first_movers_are_credible_and_in_order_of_time() -> None:
    early = service("early", suspect("early", onset_ms=ONSET - MINUTE), score=0.7)
    noise = service("noise", suspect("noise", onset_ms=ONSET - 2 * MINUTE), score=0.2)
    assert [one.service for one in first_movers([service("top"), early, noise])] == ["early", "top"]
