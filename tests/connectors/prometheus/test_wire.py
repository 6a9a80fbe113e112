"""What systems tell about themselves, as Prometheus and its relatives write it."""

from datetime import UTC, datetime

import pytest

from connectors.http import Json, NotTheApiError
from connectors.prometheus.wire import (
    read_alerts,
    read_build_info,
    read_label_sets,
    read_metadata,
    read_rules,
    read_targets,
    read_texts,
)
from sre.core.labels import Labels
from sre.core.telemetry import BuildInfo, MetricMetadata

ALERT: Json = {
    "labels": {"alertname": "HighErrors", "severity": "page"},
    "annotations": {"summary": "errors"},
    "state": "firing",
    "activeAt": "2024-05-01T10:00:00.123456789+02:00",
    "value": "2.5e-01",
}


def test_an_alert_has_name_state_time_and_value() -> None:
    """Source: Prometheus HTTP API, "Alerts"; Go writes nanoseconds."""
    (alert,) = read_alerts({"alerts": [ALERT]})
    assert (alert.name, alert.state, alert.value) == ("HighErrors", "firing", 0.25)
    assert alert.active_at == datetime(2024, 5, 1, 8, 0, 0, 123456, tzinfo=UTC)
    assert alert.labels == Labels({"alertname": "HighErrors", "severity": "page"})
    assert alert.annotations == {"summary": "errors"}


def test_rules_of_both_kinds_keep_their_group_and_file() -> None:
    """Source: Prometheus HTTP API, "Rules"."""
    alerting: Json = {
        "type": "alerting", "name": "HighErrors", "query": "x > 1", "duration": 600, "labels": {"severity": "page"},
        "annotations": {"summary": "s"}, "alerts": [ALERT], "health": "err", "lastError": "boom",
        "evaluationTime": 0.001, "state": "firing", "keepFiringFor": 90,
    }  # fmt: skip
    recording: Json = {"type": "recording", "name": "job:x:sum", "query": "sum(x)", "health": "ok"}
    first, second = read_rules(
        {"groups": [{"name": "g", "file": "/f.yml", "interval": 30, "rules": [alerting, recording]}]}
    )
    assert (first.kind, first.group, first.file, first.for_seconds, first.state) == (
        "alerting", "g", "/f.yml", 600.0, "firing",
    )  # fmt: skip
    assert (first.health, first.last_error, first.evaluation_seconds) == ("err", "boom", 0.001)
    assert (first.keep_firing_for_seconds, first.group_interval_seconds) == (90.0, 30.0)
    assert first.alerts[0].name == "HighErrors"
    assert (second.kind, second.name, second.query, second.labels, second.alerts) == (
        "recording", "job:x:sum", "sum(x)", Labels(), (),
    )  # fmt: skip


def test_a_target_keeps_what_its_last_scrape_was_like() -> None:
    """Source: Prometheus HTTP API, "Targets"."""
    (target,) = read_targets(
        {"activeTargets": [{
            "labels": {"instance": "h:1", "job": "api"}, "scrapePool": "pool", "scrapeUrl": "http://h:1/metrics",
            "lastError": "connection refused", "lastScrape": "2024-05-01T08:00:00Z", "health": "down",
            "scrapeInterval": "1m30s", "scrapeTimeout": "10s",
        }]}
    )  # fmt: skip
    assert (target.job, target.health, target.last_error) == ("api", "down", "connection refused")
    assert (target.scrape_url, target.scrape_interval_seconds) == ("http://h:1/metrics", 90.0)
    assert target.last_scrape == datetime(2024, 5, 1, 8, tzinfo=UTC)


def test_a_target_never_scraped_has_no_last_scrape() -> None:
    """Source: Go writes its zero time as the year 1."""
    (target,) = read_targets({"activeTargets": [{"scrapePool": "p", "lastScrape": "0001-01-01T00:00:00Z"}]})
    assert (target.last_scrape, target.job, target.scrape_interval_seconds) == (None, "p", None)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://ann:hunter2@h:1/metrics", "http://h:1/metrics"),
        (
            "http://h:1/probe?target=https://x.example/&module=http",
            "http://h:1/probe?target=https://x.example/&module=http",
        ),
        ("http://h:1/m?api_key=hunter2&a=1&access_token=hunter2", "http://h:1/m?api_key=***&a=1&access_token=***"),
        ("http://[broken", ""),
    ],
)
def test_credentials_in_the_address_of_a_target_are_not_shown(url: str, shown: str) -> None:
    """Source: design.md, promise 4."""
    (target,) = read_targets({"activeTargets": [{"scrapeUrl": url}]})
    assert target.scrape_url == shown


def test_metadata_prefers_a_description_with_a_type() -> None:
    """Our choice: targets may disagree; one that knows the type says more. `untyped` is no type of ours."""
    data: Json = {
        "a_total": [{"type": "unknown", "help": "", "unit": ""}, {"type": "counter", "help": "how many", "unit": "s"}],
        "b": [{"type": "untyped", "help": "h"}],
        "c": [],
    }
    assert read_metadata(data) == {
        "a_total": MetricMetadata("counter", "how many", "s"),
        "b": MetricMetadata("unknown", "h", ""),
    }


@pytest.mark.parametrize(
    ("data", "info"),
    [
        ({"version": "2.42.0", "revision": "r", "goVersion": "go1"}, BuildInfo("prometheus", "2.42.0", {"revision": "r", "goVersion": "go1"})),
        ({"application": "Grafana Mimir", "version": "2.10", "revision": "r"}, BuildInfo("Grafana Mimir", "2.10", {"revision": "r"})),
        ({"version": "2.24.0"}, BuildInfo("prometheus-compatible", "2.24.0", {})),
        ({"features": {"ruler": "true"}}, BuildInfo("prometheus-compatible", "unknown", {})),
    ],
    ids=["prometheus", "mimir", "victoriametrics", "nothing said"],
)  # fmt: skip
def test_each_product_is_called_what_it_calls_itself(data: Json, info: BuildInfo) -> None:
    """Source: Prometheus HTTP API and the build information of Mimir and VictoriaMetrics."""
    assert read_build_info(data) == info


def test_lists_that_were_never_filled_are_empty() -> None:
    """Source: encoding/json of Go writes a nil slice or map as null."""
    assert read_rules({"groups": None}) == ()
    assert read_rules({"groups": [{"name": "g", "rules": None}]}) == ()
    assert read_alerts({"alerts": None}) == ()
    assert read_alerts({"alerts": [{**ALERT, "annotations": None}]})[0].annotations == {}  # type: ignore[dict-item]
    assert read_targets({"activeTargets": None}) == ()
    assert read_label_sets(None) == ()
    assert read_texts(None) == ()


@pytest.mark.parametrize("read", [read_rules, read_alerts, read_targets, read_metadata, read_label_sets, read_texts])  # fmt: skip
@pytest.mark.parametrize(
    "data",
    ["text", 7, [7], [[]], {"groups": 7, "alerts": 7, "activeTargets": 7, "a": 7},
     {"groups": [{}], "alerts": [{"state": "odd"}], "activeTargets": ["x"], "a": [[]]}],
    ids=["text", "number", "list of number", "list of list", "members", "elements"],
)  # fmt: skip
def test_data_of_another_shape_is_told(read: object, data: Json) -> None:
    """Our choice: only the one error."""
    assert callable(read)
    with pytest.raises(NotTheApiError):
        read(data)


@pytest.mark.parametrize("data", ["text", 7, None, [7]])
def test_build_information_is_an_object(data: Json) -> None:
    """Our choice: anything may be in it."""
    with pytest.raises(NotTheApiError):
        read_build_info(data)


@pytest.mark.parametrize("changed", [{"activeAt": "yesterday"}, {"value": "much"}])
def test_an_alert_with_nonsense_inside_is_told(changed: dict[str, Json]) -> None:
    """Our choice."""
    assert isinstance(ALERT, dict)
    with pytest.raises(NotTheApiError):
        read_alerts({"alerts": [{**ALERT, **changed}]})
