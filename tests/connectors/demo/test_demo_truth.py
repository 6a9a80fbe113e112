"""The truth is what the counters say, counted again in plain arithmetic. Provenance: docs/concepts/demo-world.md."""

import json

import numpy as np
import pytest

from connectors.demo.world import World
from sre.core.series import FloatArray, IntArray
from tests.support.counters import grown, grown_together, matching

ERRORS = {
    "http_requests_total": ("code", {"500", "503"}),
    "grpc_server_handled_total": ("grpc_code", {"Internal"}),
    "http_server_request_duration_seconds_count": ("http_response_status_code", {"500"}),
}


def counted(world: World, service: str) -> tuple[FloatArray, FloatArray]:
    """Return requests and failures of a service between each two scrapes."""
    total, bad = np.zeros(1), np.zeros(1)
    for metric, (label, codes) in ERRORS.items():
        for series in matching(world.samples, metric, service=service):
            total = total + grown(series)
            bad = bad + grown(series) * (series.labels[label] in codes)
    return total, bad


@pytest.mark.parametrize("service", ["web", "catalog", "checkout", "payments", "inventory"])
def test_budgets_are_the_sums_of_the_counters(world: World, service: str) -> None:
    total, bad = counted(world, service)
    budget = world.truth.budget_of(service)
    assert (total.sum(), bad.sum()) == (budget.total_events, budget.bad_events)
    assert budget.consumed_ratio == pytest.approx(bad.sum() / (0.001 * total.sum()))


def test_the_budgets_tell_different_stories(world: World) -> None:
    """Our choice: one overspent, some half spent, some hardly touched, so that a policy has something to decide."""
    consumed = {budget.service: budget.consumed_ratio for budget in world.truth.budgets}
    assert consumed["checkout"] > 1
    assert all(0.5 < consumed[service] < 0.8 for service in ("web", "payments"))
    assert all(consumed[service] < 0.2 for service in ("catalog", "inventory"))


def test_the_incident_is_where_checkout_fails(world: World) -> None:
    incident = world.truth.incident
    total, bad = counted(world, "checkout")
    ratio = bad / np.maximum(total, 1)
    # Difference k is the minute k + 1 of the window. At night two failures by chance can be 1 % of a minute.
    over = longest_run(np.flatnonzero(ratio > 0.01) + 1)
    start = int((incident.start - world.truth.window.start).total_seconds() / 60)
    assert over.tolist() == list(range(start, start + incident.minutes))
    assert (incident.end - incident.start).total_seconds() == 60 * incident.minutes
    assert bad[over - 1].sum() == incident.failed_requests
    assert total[over - 1].sum() == incident.requests
    assert ratio[over - 1].max() == incident.peak_error_ratio
    assert counted(world, "web")[1][over - 1].sum() == incident.web_failed_requests


def longest_run(minutes: IntArray) -> IntArray:
    return max(np.split(minutes, np.flatnonzero(np.diff(minutes) > 1) + 1), key=len)


def test_the_incident_follows_the_deploy_and_ends_with_the_rollback(world: World) -> None:
    incident = world.truth.incident
    assert incident.deployed_at < incident.pool_full_at <= incident.start < incident.peak_at < incident.rolled_back_at
    assert 0 <= (incident.end - incident.rolled_back_at).total_seconds() <= 120
    assert 0.5 < incident.peak_error_ratio < 0.8


def test_outside_the_incident_every_service_is_within_three_nines(world: World) -> None:
    incident = world.truth.incident
    start = int((incident.start - world.truth.window.start).total_seconds() / 60)
    for service in world.truth.services:
        total, bad = (
            np.delete(counts, slice(start - 1, start - 1 + incident.minutes)) for counts in counted(world, service)
        )
        assert bad.sum() / total.sum() < 0.001


def test_catalog_slows_down_by_two_fifths_and_fails_no_more(world: World) -> None:
    regression = world.truth.regression
    deployed = int((regression.deployed_at - world.truth.window.start).total_seconds() / 60)
    settled = int((regression.settled_at - world.truth.window.start).total_seconds() / 60)
    before, after = slice(deployed - 1440, deployed - 1), slice(settled, settled + 1439)
    assert p95(world, before) == pytest.approx(regression.p95_before_seconds, rel=0.002)
    assert p95(world, after) == pytest.approx(regression.p95_after_seconds, rel=0.002)
    # Buckets blur what the law says exactly.
    assert regression.p95_after_seconds / regression.p95_before_seconds == pytest.approx(1.4, abs=0.08)
    total, bad = counted(world, "catalog")
    assert bad[after].sum() / total[after].sum() < 0.0001


def p95(world: World, minutes: slice) -> float:
    """Return the 95th percentile by walking through the buckets, as one would on paper."""
    by_bound: dict[float, float] = {}
    for series in matching(world.samples, "http_request_duration_seconds_bucket", service="catalog"):
        bound = float(series.labels["le"])
        by_bound[bound] = by_bound.get(bound, 0.0) + grown(series)[minutes].sum()
    wanted = 0.95 * by_bound[float("inf")]
    lower, below = 0.0, 0.0
    for bound in sorted(by_bound):
        if by_bound[bound] >= wanted:
            return lower + (bound - lower) * (wanted - below) / (by_bound[bound] - below)
        lower, below = bound, by_bound[bound]
    raise AssertionError("the last bucket holds all")


def test_the_disk_runs_full_when_a_straight_line_says(world: World) -> None:
    """Daily means cancel the ripple; what is left is a line, continued to 0."""
    disk, end = world.truth.disk, world.truth.window.end
    (free,) = matching(world.samples, "node_filesystem_avail_bytes", instance=disk.instance, mountpoint=disk.mountpoint)
    (size,) = matching(world.samples, "node_filesystem_size_bytes", instance=disk.instance, mountpoint=disk.mountpoint)
    days = free.timestamps_ms.reshape(14, 1440).mean(axis=1) / 86_400_000
    slope, level = np.polyfit(days, free.values.reshape(14, 1440).mean(axis=1), 1)
    crossing_seconds = -level / slope * 86_400
    assert -slope == pytest.approx(disk.lost_bytes_per_day, rel=0.01)
    assert abs(crossing_seconds - disk.full_at.timestamp()) < 0.5 * 86_400
    assert 18 < (disk.full_at - end).total_seconds() / 86_400 < 20
    assert free.values.max() < size.values.max() == disk.size_bytes


def test_traffic_grows_from_week_to_week_as_said(world: World) -> None:
    total, _ = counted(world, "web")
    week = 7 * 24 * 60
    first, second = total[: week - 1].sum(), total[week : 2 * week - 1].sum()
    assert second / first == pytest.approx(1 + world.truth.growth_ratio_per_week, abs=0.01)


def test_traffic_has_a_day_and_a_week(world: World) -> None:
    pages = grown_together(matching(world.samples, "http_requests_total", service="web"))
    hours = pages[:20_100].reshape(-1, 60).sum(axis=1)
    clock = (np.arange(hours.size) + world.truth.window.start.hour) % 24
    assert hours[clock == 18].mean() > 2.5 * hours[clock == 4].mean()
    days = np.arange(hours.size) // 24
    weekend = np.isin((days + world.truth.window.start.weekday()) % 7, (5, 6))
    assert hours[weekend].mean() > 1.05 * hours[~weekend].mean()


def test_the_truth_goes_through_json(world: World) -> None:
    told = json.loads(json.dumps(world.truth.as_json()))
    assert told == world.truth.as_json()
    assert told["incident"]["failed_requests"] == world.truth.incident.failed_requests
    assert told["disk"]["full_at"].endswith("Z")
    assert [deploy["version"] for deploy in told["deploys"]] == [deploy.version for deploy in world.truth.deploys]
