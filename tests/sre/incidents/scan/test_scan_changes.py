"""What was changed, read from rows made by hand."""

import numpy as np

from sre.core.labels import Labels
from sre.core.promql import parse
from sre.core.series import Grid, SeriesSet
from sre.incidents.scan.changes import ChangeQuery, change_queries, changes_in, is_change_metric, versions_and_starts

GRID = Grid(0, 60_000, 6)
MINUTE = 60_000


def rows(*found: tuple[dict[str, str], list[float]]) -> SeriesSet:
    values = np.array([one for _, one in found], dtype=np.float64)
    return SeriesSet(GRID, tuple(Labels(labels) for labels, _ in found), values, np.isfinite(values))


nan = np.nan


def test_a_new_version_is_a_deploy_and_its_restarts_are_part_of_it() -> None:
    versions = rows(
        ({"__name__": "build_info", "service": "cart", "version": "v1"}, [2, 2, 2, nan, nan, nan]),
        ({"__name__": "build_info", "service": "cart", "version": "v2"}, [nan, nan, nan, 2, 2, 2]),
    )
    starts = rows(({"service": "cart", "pod": "cart-0"}, [nan, nan, nan, 170.0, 170.0, 170.0]))
    (change,) = versions_and_starts(versions, starts, since_ms=0)
    assert (change.kind, change.entity, change.before, change.after) == ("deploy", "cart", "v1", "v2")
    assert (change.at_ms, change.restarted_count) == (170_000, 1)
    assert change.query == 'count by (version) (build_info{service="cart"})'


def test_a_restart_without_a_new_version_stands_alone() -> None:
    starts = rows(({"service": "cart", "pod": "cart-0"}, [nan, nan, 115.0, 115.0, 115.0, 115.0]))
    (change,) = versions_and_starts(None, starts, since_ms=0)
    assert (change.kind, change.entity, change.at_ms) == ("restart", "cart", 115_000)


def test_other_changes_are_found_by_what_moved() -> None:
    series = [
        Labels({"__name__": "kube_deployment_spec_replicas", "deployment": "cart", "job": "ksm"}),
        Labels({"__name__": "kube_pod_container_status_restarts_total", "container": "cart", "pod": "cart-0"}),
        Labels({"__name__": "kube_configmap_metadata_resource_version", "configmap": "flags", "namespace": "shop"}),
        Labels({"__name__": "ALERTS", "alertname": "Slow", "alertstate": "firing", "service": "cart"}),
    ]
    queries = {query.metric: query for query in change_queries(series)}
    for query in queries.values():
        parse(query.text)
    scaled = changes_in(
        queries["kube_deployment_spec_replicas"],
        rows(({"deployment": "cart"}, [3, 3, 5, 5, 5, 5])),
    )
    assert [(one.kind, one.entity, one.at_ms, one.before, one.after) for one in scaled] == [
        ("scaling", "cart", 2 * MINUTE, "3", "5")
    ]
    crashed = changes_in(
        queries["kube_pod_container_status_restarts_total"], rows(({"container": "cart"}, [7, 7, 9, 9, 2, 2]))
    )
    assert [(one.kind, one.at_ms, one.restarted_count) for one in crashed] == [("restart", 2 * MINUTE, 2)]
    flags = changes_in(
        queries["kube_configmap_metadata_resource_version"], rows(({"configmap": "flags"}, [1, 1, 1, 1, 8, 8]))
    )
    assert [(one.kind, one.after, one.at_ms) for one in flags] == [("setting", "configmap flags", 4 * MINUTE)]
    alerts = changes_in(
        queries["ALERTS"],
        rows(
            ({"alertname": "Slow", "service": "cart"}, [nan, nan, 1, 1, nan, 1]),
            ({"alertname": "Old", "service": "mail"}, [1, 1, 1, 1, 1, 1]),
        ),
    )
    # What fires from the first step on may have begun long before; it is dated to that step.
    assert [(one.after, one.at_ms) for one in alerts] == [("Slow", 2 * MINUTE), ("Slow", 5 * MINUTE), ("Old", 0)]


def test_a_gap_is_no_change() -> None:
    query = ChangeQuery("scaling", "kube_deployment_spec_replicas", "")
    assert changes_in(query, rows(({"deployment": "cart"}, [3, nan, nan, 3, 3, 3]))) == ()


def test_only_metrics_that_show_changes_are_asked() -> None:
    assert is_change_metric("ALERTS")
    assert is_change_metric("prometheus_config_last_reload_success_timestamp_seconds")
    assert not is_change_metric("kube_pod_info")


def test_steps_further_apart_than_a_roll_out_make_no_change() -> None:
    """With a quarter of an hour between steps, a version that is simply still there is not back."""
    coarse = Grid(0, 15 * MINUTE, 6)
    labels = (Labels({"__name__": "build_info", "service": "cart", "version": "v1"}),)
    series = SeriesSet(coarse, labels, np.ones((1, 6)), np.ones((1, 6), dtype=np.bool_))
    assert versions_and_starts(series, None, since_ms=0) == ()
