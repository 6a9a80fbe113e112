"""Versions and processes that changed. *Source*: planted histories; the demo world's own list of deploys."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
import pytest

from connectors.demo import DemoSource
from connectors.demo.schedule import DEPLOYS, WINDOW
from sre.core.deploys import (
    Restart,
    dated,
    is_part_of,
    restarts,
    starts_query,
    version_changes,
    version_query,
)
from sre.core.labels import Labels
from sre.core.series import Grid, SeriesSet
from sre.core.times import Duration, epoch_ms, instant_from_ms

MINUTE = 60_000


def seen(*rows: tuple[Mapping[str, str], str]) -> SeriesSet:
    """Return series by the minutes at which they are there: `x` there, `.` not."""
    labels = tuple(Labels({"__name__": "build_info", **row}) for row, _ in rows)
    present = np.array([[mark == "x" for mark in marks] for _, marks in rows])
    return SeriesSet(Grid(0, MINUTE, present.shape[1]), labels, np.where(present, 1.0, np.nan), present)


def version(name: str, service: str = "a", **others: str) -> dict[str, str]:
    return {"service": service, "version": name, **others}


def started(*rows: tuple[str, Sequence[float]]) -> SeriesSet:
    """Return start times in seconds by pod, one a minute."""
    labels = tuple(Labels({"__name__": "process_start_time_seconds", "service": "a", "pod": pod}) for pod, _ in rows)
    values = np.array([list(row) for _, row in rows])
    return SeriesSet(Grid(0, MINUTE, values.shape[1]), labels, values, np.isfinite(values))


def test_a_new_version_is_a_deploy_between_two_steps() -> None:
    (change,) = version_changes(seen((version("v1"), "xxx...."), (version("v2"), "..xxxxx")))
    assert (change.kind, change.version, change.before) == ("deploy", "v2", ("v1",))
    assert (change.after_ms, change.at_ms, change.is_exact) == (MINUTE, 2 * MINUTE, False)


def test_a_version_that_had_been_there_comes_back() -> None:
    series = seen((version("v1"), "xxx" + "." * 20 + "xx"), (version("v2"), "..." + "x" * 20 + ".."))
    assert [(one.kind, one.version) for one in version_changes(series)] == [("deploy", "v2"), ("return", "v1")]


def test_what_is_there_from_the_first_step_did_not_change() -> None:
    assert version_changes(seen((version("v1"), "xxxx"), (version("v2"), "xxxx"))) == ()


def test_a_gap_of_the_whole_service_is_no_change() -> None:
    assert version_changes(seen((version("v1"), "xx" + "." * 30 + "xx"), (version("v1", "b"), "x" * 34))) == ()


def test_a_version_deployed_in_a_gap_was_there_after_the_last_step_seen() -> None:
    (change,) = version_changes(seen((version("v1"), "xx......"), (version("v2"), ".....xxx")))
    assert (change.after_ms, change.at_ms) == (MINUTE, 5 * MINUTE)


def test_a_rollout_whose_new_version_flickers_is_one_change() -> None:
    series = seen((version("v1"), "xxxxxxxx"), (version("v2"), "..x.x..x"))
    assert [one.at_ms for one in version_changes(series)] == [2 * MINUTE]


def test_services_change_on_their_own() -> None:
    series = seen((version("v1"), "xx.."), (version("v2"), "..xx"), (version("v1", "b"), "xxxx"))
    assert [one.service for one in version_changes(series)] == ["a"]


def test_a_service_that_is_new_changed_from_nothing() -> None:
    assert version_changes(seen((version("v1"), "..xx"), (version("v1", "b"), "xxxx"))) == ()


def test_the_commit_tells_where_the_version_stays() -> None:
    series = seen((version("dev", revision="aa"), "xx.."), (version("dev", revision="bb"), "..xx"))
    (change,) = version_changes(series)
    assert (change.label, change.version, change.before) == ("revision", "bb", ("aa",))


def test_a_version_and_its_image_are_one_change() -> None:
    series = seen(
        (version("v1"), "xx..."),
        (version("v2"), "..xxx"),
        ({"__name__": "kube_pod_container_info", "job": "kube", "container": "a", "image": "a:v1"}, "xxx.."),
        ({"__name__": "kube_pod_container_info", "job": "kube", "container": "a", "image": "a:v2"}, "...xx"),
    )
    assert [one.version for one in version_changes(series)] == ["v2"]


def test_processes_that_start_close_together_are_one_restart() -> None:
    series = started(("p0", [1000, 1000, 1000]), ("p1", [np.nan, 1053, 1053]), ("p2", [np.nan, np.nan, 9000]))
    found = restarts(series, since_ms=0)
    assert [(one.first_ms, one.last_ms, one.instances) for one in found] == [
        (1_000_000, 1_053_000, ("p0", "p1")),
        (9_000_000, 9_000_000, ("p2",)),
    ]


def test_a_start_time_that_trembles_is_one_start_and_old_ones_do_not_count() -> None:
    series = started(("p0", [1000.0, 1000.4, 999.8]), ("p1", [10.0, 10.0, 10.0]))
    assert [one.instances for one in restarts(series, since_ms=500_000)] == [("p0",)]


def test_a_change_is_dated_by_the_start_of_its_first_process() -> None:
    changes = version_changes(seen((version("v1"), "xxx...."), (version("v2"), "...xxxx")))
    own, other = Restart("a", 150_000, 170_000, ("p0",)), Restart("b", 140_000, 140_000, ("q",))
    (change,) = dated(changes, (own, other))
    assert (change.at_ms, change.is_exact) == (150_000, True)
    assert is_part_of(own, change)
    assert not is_part_of(other, change)
    assert not is_part_of(Restart("a", 3_600_000, 3_600_000, ("p0",)), change)


@pytest.mark.anyio
async def test_the_demo_world_changed_when_its_own_list_says() -> None:
    source = DemoSource()
    step = Duration(60.0)
    versions = await source.range_query(version_query(), window=WINDOW, step=step)
    starts = await source.range_query(starts_query(since_ms=epoch_ms(WINDOW.start)), window=WINDOW, step=step)
    found = dated(version_changes(versions.series), restarts(starts.series, since_ms=epoch_ms(WINDOW.start)))
    assert [(one.service, one.version, one.kind == "return") for one in found] == [
        (deploy.service, deploy.version, deploy.is_rollback) for deploy in DEPLOYS
    ]
    for one, deploy in zip(found, DEPLOYS, strict=True):
        assert abs(instant_from_ms(one.at_ms) - deploy.at) < timedelta(minutes=1)
        assert one.is_exact
