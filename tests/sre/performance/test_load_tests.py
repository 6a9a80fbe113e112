"""The three shapes of k6 summaries. Source: Grafana k6 documentation and source, as named in the module."""

from typing import Any

import pytest

from sre.core.errors import InputError
from sre.performance.load_tests import is_summary, load_test_metrics

EXPORTED: dict[str, Any] = {
    "root_group": {"name": ""},
    "metrics": {
        "http_req_duration": {"avg": 144.5, "min": 104, "med": 110, "max": 1140, "p(90)": 203, "p(95)": 216},
        "http_reqs": {"count": 180, "rate": 4.5},
        "http_req_failed": {"passes": 9, "fails": 171, "value": 0.05},
        "checks": {"passes": 45, "fails": 45, "value": 0.5},
        "iterations": {"count": 45, "rate": 1.1},
        "vus": {"value": 1, "min": 1, "max": 19},
        "data_sent": {"count": 1000, "rate": 30},
    },
}
HANDLED: dict[str, Any] = {
    "state": {"testRunDurationMs": 40_000},
    "metrics": {
        "http_req_duration": {
            "type": "trend", "contains": "time", "values": {"avg": 144.5, "med": 110, "p(90)": 203, "p(95)": 216},
        },
        "http_reqs": {"type": "counter", "contains": "default", "values": {"count": 180, "rate": 4.5}},
        "http_req_failed": {"type": "rate", "contains": "default", "values": {"passes": 9, "fails": 171, "rate": 0.05}},
        "checks": {"type": "rate", "contains": "default", "values": {"passes": 45, "fails": 45, "rate": 0.5}},
        "iterations": {"type": "counter", "contains": "default", "values": {"count": 45, "rate": 1.1}},
        "vus": {"type": "gauge", "contains": "default", "values": {"value": 1, "min": 1, "max": 19}},
    },
}  # fmt: skip
STRUCTURED: dict[str, Any] = {
    "version": "1.0.0",
    "config": {"duration": 40.0, "execution": "local", "script": "x.js"},
    "results": {
        "checks": {"metrics": [
            {"name": "checks_total", "type": "counter", "contains": "default", "values": {"count": 90}},
            {"name": "checks_succeeded", "type": "rate", "contains": "default",
             "values": {"matches": 45, "total": 90, "rate": 0.5}},
            {"name": "checks_failed", "type": "rate", "contains": "default",
             "values": {"matches": 45, "total": 90, "rate": 0.5}},
        ]},
        "metrics": [
            {"name": "http_req_duration", "type": "trend", "contains": "time",
             "values": {"avg": 144.5, "med": 110, "p(90)": 203, "p(95)": 216}},
            {"name": "http_reqs", "type": "counter", "contains": "default", "values": {"count": 180}},
            {"name": "http_req_failed", "type": "rate", "contains": "default",
             "values": {"matches": 9, "total": 180, "rate": 0.05}},
            {"name": "vus", "type": "gauge", "contains": "default", "values": {"value": 1, "min": 1, "max": 19}},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("summary", [EXPORTED, HANDLED, STRUCTURED])
def test_each_shape_is_read_with_units_and_directions(summary: dict[str, Any]) -> None:
    read = {old.name: old for old, _ in load_test_metrics([summary], [summary])}
    assert is_summary(summary)
    latency, rate, failed = read["http_req_duration p(95)"], read["http_reqs"], read["http_req_failed"]
    assert (latency.values, latency.unit, latency.bad) == ((pytest.approx(0.216),), "seconds", "up")
    assert (rate.values, rate.unit, rate.bad) == ((pytest.approx(4.5),), "per_second", "down")
    assert (failed.values, failed.unit, failed.bad) == ((0.05,), "ratio", "up")
    checks = read.get("checks") or read["checks_succeeded"]
    assert (checks.values, checks.bad) == ((0.5,), "down")
    assert not {"vus", "data_sent", "checks_total"} & set(read)


def test_shapes_can_be_mixed_and_runs_may_lack_a_metric() -> None:
    pairs = {old.name: (old, new) for old, new in load_test_metrics([EXPORTED, STRUCTURED], [HANDLED])}
    old, new = pairs["http_req_duration med"]
    assert old.values == (pytest.approx(0.11), pytest.approx(0.11))
    assert new.values == (pytest.approx(0.11),)
    assert pairs["iterations"][0].values == (1.1, None)


def test_a_custom_trend_has_no_unit_and_says_nothing_of_good_or_bad() -> None:
    one = {"metrics": {"cart_size": {"type": "trend", "contains": "default", "values": {"med": 3, "p(95)": 9}}}}
    (old, _), _ = load_test_metrics([one], [one])
    assert (old.unit, old.bad, old.values) == ("", None, (3,))


def test_thresholds_and_tags_do_not_disturb() -> None:
    tagged = {
        "metrics": {"http_req_duration{expected_response:true}": {"p(95)": 200, "thresholds": {"p(95)<500": False}}}
    }
    (old, _), *_ = load_test_metrics([tagged], [tagged])
    assert old.values == (0.2,)


def test_runs_without_a_common_metric_are_refused() -> None:
    other = {"metrics": {"cart_size": {"med": 3}}}
    with pytest.raises(InputError, match="no metric in common"):
        load_test_metrics([EXPORTED], [other])


@pytest.mark.parametrize(
    "document", [None, [], {}, {"metrics": []}, {"results": {}}, {"results": {"metrics": {}}}, "x"]
)
def test_what_is_no_summary_is_known(document: object) -> None:
    assert not is_summary(document)


@pytest.mark.parametrize(
    "metrics",
    [
        {"x": None},
        {"x": {"values": 3}},
        {"x": {"p(95)": "fast"}},
        {"x": {"passes": "a", "fails": 1}},
        {"x": {"rate": True}},
    ],
)
def test_broken_entries_are_left_out(metrics: dict[str, Any]) -> None:
    sound = {**EXPORTED["metrics"], **metrics}
    read = {old.name for old, _ in load_test_metrics([{"metrics": sound}], [{"metrics": sound}])}
    assert "http_reqs" in read
    assert not any(name.startswith("x") for name in read)
