"""The dashboard of a service: a panel for each signal there is, broken down by the labels there are."""

from dataclasses import replace

import numpy as np
import pytest

from sre.core.golden_signals import ServiceSignals, service_signals
from sre.core.labels import Labels
from sre.core.promql import evaluate_instant, evaluate_range, parse
from sre.core.series import Grid, Samples
from sre.dashboards.service import (
    SATURATION_BAD,
    SATURATION_DEGRADED,
    ServiceDetails,
    service_dashboard,
    version_label_of,
)
from sre.metrics.health import health_rules
from tests.support.dashboards import checked_json, panel, queries
from tests.support.memory_store import MemoryStore

ROUTES = ("/a", "/b")


def _labels(metric: str, **labels: str) -> Labels:
    return Labels({"__name__": metric, "service": "api", **labels})


SERIES = [
    *(
        _labels("http_requests_total", code=code, handler=route, pod=pod)
        for code in ("200", "500")
        for route in ROUTES
        for pod in ("p0", "p1")
    ),
    *(
        _labels("http_request_duration_seconds_bucket", le=le, handler=route)
        for le in ("0.1", "+Inf")
        for route in ROUTES
    ),
    _labels("db_pool_connections_in_use", pod="p0"),
    _labels("db_pool_connections_max", pod="p0"),
]
SIGNALS = service_signals("api", SERIES)
DETAILS = ServiceDetails(
    request_labels={"code": 2, "handler": 2, "pod": 2},
    bucket_labels={"le": 2, "handler": 2},
    version_selector='build_info{service="api"}',
    version_label="version",
    start_time_selector='process_start_time_seconds{service="api"}',
)


def test_each_signal_has_its_panel_and_each_label_its_row() -> None:
    """Source: issue 3: golden signals, saturation by resource, breakdown rows where useful."""
    made = service_dashboard(SIGNALS, DETAILS)
    checked_json(made)
    assert [section.title for section in made.sections] == ["", "Golden signals", "By handler", "By pod"]
    assert [one.title for one in made.sections[1].panels] == ["Traffic", "Failed requests", "Latency", "Saturation"]
    assert [one.title for one in made.sections[2].panels] == [
        "Traffic by handler", "Failed requests by handler", "Latency p95 by handler",
    ]  # fmt: skip
    # The histogram has no pod, so there is no latency by pod.
    assert [one.title for one in made.sections[3].panels] == ["Traffic by pod", "Failed requests by pod"]
    for query in queries(made):
        parse(query)


def test_a_signal_that_is_not_there_has_no_panel_and_is_named() -> None:
    """Source: issue 3: no empty panel goes unnoticed."""
    made = service_dashboard(
        service_signals("api", [_labels("db_pool_connections_in_use"), _labels("db_pool_connections_max")]),
        ServiceDetails(),
    )
    assert [one.title for one in made.panels()] == ["Fullest resource", "Saturation"]
    assert "No panel for traffic, errors, latency" in made.notes[0]


def test_the_error_panel_breaks_down_into_shares_counted_by_hand() -> None:
    """Source: by hand: /a fails 6 of 60 a minute, /b none of 120, and has never failed at all."""
    times = 60_000 * np.arange(31, dtype=np.int64)
    steps = np.arange(31, dtype=np.float64)
    store = MemoryStore(
        [
            Samples(_labels("http_requests_total", code="500", handler="/a", pod="p0"), times, 6 * steps),
            Samples(_labels("http_requests_total", code="200", handler="/a", pod="p0"), times, 54 * steps),
            Samples(_labels("http_requests_total", code="200", handler="/b", pod="p0"), times, 120 * steps),
        ]
    )
    made = service_dashboard(SIGNALS, DETAILS)
    query = panel(made, "Failed requests by handler").targets[0].expr.replace("$__rate_interval", "5m")
    result = evaluate_instant(query, store=store, at_ms=1_800_000)
    shares = {labels["handler"]: value for labels, value in zip(result.labels, result.values, strict=True)}
    assert shares == {"/a": pytest.approx(0.1), "/b": 0}
    overall = panel(made, "Failed requests").targets[0].expr.replace("$__rate_interval", "5m")
    assert evaluate_instant(overall, store=store, at_ms=1_800_000).values == pytest.approx([6 / 180])


def test_a_label_of_many_values_is_cut_to_the_highest() -> None:
    """Our choice: a hundred lines tell nothing."""
    made = service_dashboard(SIGNALS, replace(DETAILS, request_labels={"handler": 400}))
    found = panel(made, "Traffic by handler")
    assert found.targets[0].expr.startswith("topk(10, ")
    assert "The 10 highest" in found.description


def test_the_line_of_the_error_panel_is_what_the_slo_allows() -> None:
    """Source: issue 3: thresholds from the SLO; without one none is made up."""
    with_slo = service_dashboard(SIGNALS, replace(DETAILS, allowed_error_ratio=0.001, slo_name="api-availability"))
    found = panel(with_slo, "Failed requests")
    assert [step.value for step in found.steps] == [None, 0.001]
    assert "api-availability" in found.description
    assert panel(service_dashboard(SIGNALS, DETAILS), "Failed requests").steps == ()


def test_saturation_is_judged_as_the_health_check_judges_it() -> None:
    """Source: sre/metrics/health_rules.yaml; rooms do not know each other, so a test holds them together."""
    rules = health_rules().saturation
    assert (rules.degraded_ratio, rules.bad_ratio) == (SATURATION_DEGRADED, SATURATION_BAD)


def test_a_deploy_is_drawn_where_a_version_appears_and_nowhere_else() -> None:
    """Source: by hand: v1 runs until minute 60, v2 until 90, then v1 again."""

    def running(version: str, *spans: tuple[int, int]) -> Samples:
        minutes = np.concatenate([np.arange(start, end, dtype=np.int64) for start, end in spans])
        labels = Labels({"__name__": "build_info", "service": "api", "version": version, "pod": "p0"})
        return Samples(labels, minutes * 60_000, np.ones(len(minutes)))

    # A series that ends is in sight for five minutes more, as on any Prometheus without staleness marks.
    store = MemoryStore([running("v1", (0, 60), (90, 151)), running("v2", (60, 90))])
    deploys = service_dashboard(SIGNALS, DETAILS).annotations[0]
    series = evaluate_range(deploys.expr, store=store, grid=Grid(20 * 60_000, 60_000, 131)).series
    begins = {
        labels["version"]: [20 + int(column) for column in np.flatnonzero(present) if not present[column - 1]]
        for labels, present in zip(series.labels, series.present, strict=True)
    }
    assert begins == {"v2": [60], "v1": [90]}


def test_restarts_are_drawn() -> None:
    """Source: by hand: the start time changes at minute 40."""
    times = 60_000 * np.arange(81, dtype=np.int64)
    values = np.where(np.arange(81) < 40, 1000.0, 2000.0)
    store = MemoryStore([Samples(Labels({"__name__": "process_start_time_seconds", "service": "api"}), times, values)])
    restarts = service_dashboard(SIGNALS, DETAILS).annotations[1]
    series = evaluate_range(restarts.expr, store=store, grid=Grid(20 * 60_000, 60_000, 41)).series
    assert [20 + int(column) for column in np.flatnonzero(series.present[0])] == [40, 41, 42, 43]


def test_without_versions_or_start_times_nothing_is_drawn() -> None:
    """Our choice."""
    assert service_dashboard(SIGNALS, ServiceDetails()).annotations == ()


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        ({"version": "v1", "revision": "abc"}, "version"),
        ({"version": "", "revision": "abc"}, "revision"),
        ({"pod": "x"}, ""),
    ],
)
def test_the_label_of_a_version_is_found(labels: dict[str, str], label: str) -> None:
    """Our choice of names and order."""
    assert version_label_of(labels) == label


def test_queries_from_the_settings_are_taken_as_they_are() -> None:
    """Source: docs/configuration.md, services: queries may hold $window."""
    mapped = replace(ServiceSignals("api"), traffic=replace(SIGNALS.traffic, query="sum(rate(calls[$window]))"))  # type: ignore[type-var]
    made = service_dashboard(mapped, ServiceDetails())
    assert panel(made, "Traffic").targets[0].expr == "sum(rate(calls[$__rate_interval]))"
