"""The demo world is consistent with itself, as measurements of one real system are.

Provenance: the Prometheus data model (counters, classic histograms) and the story in docs/concepts/demo-world.md.
"""

import numpy as np
import pytest

from connectors.demo.world import World, new_world
from sre.core.labels import Labels
from sre.core.series import Samples
from tests.support.counters import by_labels, grown, grown_together, matching

HISTOGRAMS = (
    "http_request_duration_seconds",
    "grpc_server_handling_seconds",
    "http_server_request_duration_seconds",
)


def test_the_same_seed_gives_the_same_world_and_another_seed_another_one(world: World) -> None:
    again, other = new_world(world.truth.seed), new_world(7)
    assert again.truth == world.truth
    assert len(again.samples) == len(world.samples)
    for one, two in zip(world.samples, again.samples, strict=True):
        assert one.labels == two.labels
        assert np.array_equal(one.values, two.values)
    assert other.truth.incident.failed_requests != world.truth.incident.failed_requests


def test_every_series_is_well_formed(world: World) -> None:
    window = world.truth.window
    assert len({series.labels for series in world.samples}) == len(world.samples)
    for series in world.samples:
        assert series.timestamps_ms.shape == series.values.shape
        assert np.all(np.diff(series.timestamps_ms) > 0)
        assert window.start.timestamp() * 1000 < series.timestamps_ms[0]
        assert series.timestamps_ms[-1] <= window.end.timestamp() * 1000
        assert np.all(np.isfinite(series.values))


def test_the_world_fits_in_memory(world: World) -> None:
    """Our choice: well under the 500 MB that a small machine can spare."""
    arrays = {id(array): array for s in world.samples for array in (s.timestamps_ms, s.values)}
    assert sum(array.nbytes for array in arrays.values()) < 150e6


def test_every_metric_is_described(world: World) -> None:
    for name in {series.labels.metric for series in world.samples}:
        family = next(
            (
                family
                for suffix in ("", "_bucket", "_sum", "_count")
                if (family := name.removesuffix(suffix)) in world.metadata
            ),
            None,
        )
        assert family is not None, name
    assert not [name for name, described in world.metadata.items() if not described.help]


def families(world: World, metric: str) -> list[dict[str, Samples]]:
    """Return histograms as their series by bound."""
    grouped: dict[Labels, dict[str, Samples]] = {}
    for series in matching(world.samples, f"{metric}_bucket"):
        grouped.setdefault(series.labels.without("le", "__name__"), {})[series.labels["le"]] = series
    return list(grouped.values())


@pytest.mark.parametrize("metric", HISTOGRAMS)
def test_buckets_are_whole_cumulative_and_end_in_the_count(world: World, metric: str) -> None:
    counts = {s.labels.without("__name__"): s for s in matching(world.samples, f"{metric}_count")}
    sums = {s.labels.without("__name__"): s for s in matching(world.samples, f"{metric}_sum")}
    histograms = families(world, metric)
    assert histograms
    for buckets in histograms:
        ordered = sorted(buckets, key=float)
        assert ordered[-1] == "+Inf"
        values = np.array([buckets[bound].values for bound in ordered])
        assert np.array_equal(values, np.rint(values))
        assert np.all(np.diff(values, axis=0) >= 0)
        labels = buckets["+Inf"].labels.without("le", "__name__")
        assert np.array_equal(values[-1], counts[labels].values)
        bounds = np.array([float(bound) for bound in ordered])
        growth = np.array([grown(buckets[bound]) for bound in ordered])
        inside = np.diff(growth, axis=0, prepend=0.0)
        seconds = grown(sums[labels])
        lowest = np.concatenate([[0.0], bounds[:-1]]) @ inside
        highest = np.concatenate([bounds[:-1], [bounds[-2] * 3]]) @ inside
        assert np.all(seconds >= lowest * (1 - 1e-9) - 1e-6)
        assert np.all(seconds <= highest * (1 + 1e-9) + 1e-6)


def test_histograms_count_the_requests_that_the_counters_count(world: World) -> None:
    counted = matching(world.samples, "http_request_duration_seconds_count")
    assert counted
    for series in counted:
        labels = {name: series.labels[name] for name in ("instance", "handler", "method")}
        by_code = matching(world.samples, "http_requests_total", **labels)
        assert np.array_equal(series.values, np.sum([s.values for s in by_code], axis=0))
    for series in matching(world.samples, "grpc_server_handling_seconds_count"):
        labels = {name: series.labels[name] for name in ("instance", "grpc_method")}
        by_code = matching(world.samples, "grpc_server_handled_total", **labels)
        assert np.array_equal(series.values, np.sum([s.values for s in by_code], axis=0))


def test_counters_fall_only_where_a_process_starts_anew(world: World) -> None:
    starts = {s.labels["instance"]: s.values for s in matching(world.samples, "process_start_time_seconds")}
    for series in world.samples:
        if not series.labels.metric.endswith(("_total", "_bucket", "_count", "_sum")) or "service" not in series.labels:
            continue
        fell = np.flatnonzero(np.diff(series.values) < 0)
        restarted = np.flatnonzero(np.diff(starts[series.labels["instance"]]) > 0)
        assert set(fell) <= set(restarted), series.labels


def test_the_main_counter_of_each_pod_falls_with_every_restart(world: World) -> None:
    for series in matching(world.samples, "http_requests_total", code="200"):
        (start,) = matching(world.samples, "process_start_time_seconds", instance=series.labels["instance"])
        restarted = np.flatnonzero(np.diff(start.values) > 0)
        deploys = [deploy for deploy in world.truth.deploys if deploy.service == series.labels["service"]]
        assert restarted.size == len(deploys)
        assert np.flatnonzero(np.diff(series.values) < 0).tolist() == restarted.tolist()


def test_versions_change_when_the_deploys_say(world: World) -> None:
    for deploy in world.truth.deploys:
        (first,) = matching(
            world.samples, "build_info", service=deploy.service, version=deploy.version, pod=f"{deploy.service}-0"
        )
        since = first.timestamps_ms / 1000 - deploy.at.timestamp()
        assert np.min(since[since > 0]) <= 60
        assert not np.any((since <= 0) & (since > -60))


def test_each_pod_runs_one_version_at_a_time(world: World) -> None:
    for pod in ("checkout-0", "checkout-1"):
        times = np.concatenate([s.timestamps_ms for s in matching(world.samples, "build_info", pod=pod)])
        (up,) = matching(world.samples, "up", pod=pod)
        assert np.array_equal(np.sort(times), up.timestamps_ms)


def test_a_failed_order_is_a_failed_page(world: World) -> None:
    failed_orders = grown_together(
        [
            s
            for code in ("500", "503")
            for s in matching(world.samples, "http_requests_total", handler="/orders", code=code)
        ]
    )
    failed_pages = grown_together(
        [
            s
            for code in ("500", "503")
            for s in matching(world.samples, "http_requests_total", handler="/checkout", code=code)
        ]
    )
    assert np.all(failed_pages >= failed_orders)
    assert failed_pages.sum() < failed_orders.sum() * 1.2


def test_every_page_view_calls_what_is_behind_it(world: World) -> None:
    pages = grown_together(matching(world.samples, "http_requests_total", service="web", handler="/checkout"))
    orders = grown_together(matching(world.samples, "http_requests_total", service="checkout", handler="/orders"))
    authorized = grown_together(matching(world.samples, "grpc_server_handled_total", grpc_method="Authorize"))
    # Where nothing restarts, and nothing starves in front of payments, the counts of a minute are the same.
    quiet = slice(5_000, 10_000)
    assert np.array_equal(pages[quiet], orders[quiet])
    assert np.array_equal(orders[quiet], authorized[quiet])
    start = int((world.truth.incident.start - world.truth.window.start).total_seconds() // 60)
    assert authorized[start + 20] < 0.7 * orders[start + 20]


def test_the_modes_of_a_cpu_add_up_to_the_time_that_passed(world: World) -> None:
    cpus = {(s.labels["instance"], s.labels["cpu"]) for s in matching(world.samples, "node_cpu_seconds_total")}
    assert len(cpus) == 6
    for instance, cpu in cpus:
        modes = matching(world.samples, "node_cpu_seconds_total", instance=instance, cpu=cpu)
        assert grown_together(modes) == pytest.approx(60.0, abs=0.05)


def test_pools_are_full_in_the_incident_and_only_there(world: World) -> None:
    incident = world.truth.incident
    pools = matching(world.samples, "db_pool_connections_in_use")
    assert len(pools) == 6
    for series in pools:
        times = series.timestamps_ms / 1000
        # The first pod restarts with the rollback, the second a minute later.
        during = (times > incident.start.timestamp() + 60) & (times < incident.rolled_back_at.timestamp())
        hours_away = np.abs(times - incident.start.timestamp()) > 3 * 3600
        assert np.max(series.values[hours_away]) < incident.pool_size
        if series.labels["service"] == "checkout":
            assert np.all(series.values[during] == incident.pool_size)
        else:
            assert np.max(series.values[during]) < incident.pool_size


def test_postgres_accounts_for_every_pooled_connection(world: World) -> None:
    states = by_labels(matching(world.samples, "pg_stat_activity_count"))
    assert len(states) == 3
    assert np.all(np.sum([s.values for s in states.values()], axis=0) == 120)


def test_the_exporter_outage_is_a_gap_and_a_zero(world: World) -> None:
    (up,) = matching(world.samples, "up", job="postgres")
    (connections,) = matching(world.samples, "pg_settings_max_connections")
    assert np.sum(up.values == 0) == 6
    assert set(up.timestamps_ms[up.values == 0]) == set(up.timestamps_ms) - set(connections.timestamps_ms)


def test_the_queue_drains_every_night_and_never_goes_below_empty(world: World) -> None:
    (queue,) = matching(world.samples, "rabbitmq_queue_messages_ready")
    days = queue.values.reshape(14, 24 * 60)
    assert np.all(queue.values >= 0)
    assert np.all(days.min(axis=1) == 0)
    assert np.all(days.max(axis=1) > 500)
