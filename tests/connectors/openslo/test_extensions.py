"""Groups, maintenance and alerting in annotations: read as written, every problem said by its place."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.openslo.document import slo_from_document
from sre.core.errors import InputError
from sre.core.slo.model import AlertingSettings, MaintenanceWindow, Slo, TierSetting
from tests.connectors.openslo.test_document import document, metric


def annotated(**texts: Any) -> dict[str, Any]:
    annotations = {f"sre-mcp/{name.replace('_', '-')}": text for name, text in texts.items()}
    return document(metadata__annotations=annotations)


def read(**texts: Any) -> Slo:
    return slo_from_document(annotated(**texts))


def problems(**texts: Any) -> list[str]:
    with pytest.raises(InputError) as refused:
        read(**texts)
    return list(refused.value.next_steps)


@pytest.mark.parametrize("text", ["handler, method", "handler,method", "[handler, method]", "- handler\n- method\n"])
def test_groups_are_a_list_of_labels_however_it_is_written(text: str) -> None:
    assert read(group_by=text).group_by == ("handler", "method")


def test_no_annotation_no_extension() -> None:
    slo = slo_from_document(document(metadata__annotations={"other.example/group-by": "x", "sre-mcp/group-by": ""}))
    assert (slo.group_by, slo.maintenance, slo.alerting) == ((), (), AlertingSettings())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5", "is not a list of labels"),
        ("{a: b}", "is not a list of labels"),
        ("a b", "is not the name of a label"),
        ("le", "rules set themselves"),
        ("slo", "rules set themselves"),
        ("handler, handler", "twice"),
        ("a, b, c, d, e", "too many"),
        ("[", "not YAML"),
        ("service", "spec.service sets that label"),
    ],
)
def test_groups_that_cannot_be_are_refused(text: str, said: str) -> None:
    assert any(said in problem for problem in problems(group_by=text))


def test_a_group_needs_its_label_in_the_query() -> None:
    broken = annotated(group_by="handler")
    broken["spec"]["indicator"]["spec"] = {
        "ratioMetric": {
            "bad": metric("sum(increase(a_total{code='500'}[$window]))"),
            "total": metric("sum by (handler) (increase(a_total[$window]))"),
        }
    }
    with pytest.raises(InputError) as refused:
        slo_from_document(broken)
    assert [step.split(";")[0] for step in refused.value.next_steps] == [
        "metadata.annotations.sre-mcp/group-by: the bad query aggregates handler away"
    ]


MAINTENANCE = """
- start: 2026-02-07T22:00:00+01:00
  end: 2026-02-08T00:30:00+01:00
  reason: Second
- start: 2026-01-31T22:00:00Z
  end: 2026-02-01T02:00:00Z
  reason: First
- {start: 2026-02-01T02:00:00Z, end: 2026-02-01T03:00:00Z}
"""


def test_maintenance_is_read_in_utc_and_in_order_with_its_reasons() -> None:
    assert read(maintenance=MAINTENANCE).maintenance == (
        MaintenanceWindow(datetime(2026, 1, 31, 22, tzinfo=UTC), datetime(2026, 2, 1, 2, tzinfo=UTC), "First"),
        MaintenanceWindow(datetime(2026, 2, 1, 2, tzinfo=UTC), datetime(2026, 2, 1, 3, tzinfo=UTC), ""),
        MaintenanceWindow(datetime(2026, 2, 7, 21, tzinfo=UTC), datetime(2026, 2, 7, 23, 30, tzinfo=UTC), "Second"),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {start: 2026-01-31T22:00:00, end: 2026-02-01T02:00:00Z}", "[0].start: \"2026-01-31T22:00:00\" has no time zone"),
        ("- {start: 2026-01-31, end: 2026-02-01T02:00:00Z}", "has no time zone"),
        ("- {start: soon, end: 2026-02-01T02:00:00Z}", '"soon" is not a time'),
        ("- {end: 2026-02-01T02:00:00Z}", "[0].start: is missing"),
        ("- {start: 2026-02-01T02:00:00Z, end: 2026-02-01T02:00:00Z}", "[0].end: is not after start"),
        ("- {start: 2026-02-01T02:00:00Z, end: 2026-02-01T03:00:00Z, raeson: x}", "did you mean reason?"),
        ("{start: x}", "is not a list"),
        ("- x", "[0]: is not a mapping"),
        (
            "- {start: 2026-02-01T02:00:00Z, end: 2026-02-01T04:00:00Z}\n"
            "- {start: 2026-02-01T03:00:00Z, end: 2026-02-01T05:00:00Z}",
            "overlap",
        ),
        ("- {start: 2026-02-01T02:00:00Z, end: 2026-02-01T03:00:00Z}\n" * 61, "has 61 windows"),
    ],
)  # fmt: skip
def test_maintenance_that_is_not_clear_is_refused(text: str, said: str) -> None:
    assert any(said in problem for problem in problems(maintenance=text)), problems(maintenance=text)


ALERTING = """
tiers:
  fast: {severity: ticket}
  steady: {enabled: false}
labels: {team: shop}
annotations: {chat: "#shop"}
min_bad_events: 10
runbook_url: https://runbooks.example.com/x
dashboard_url: http://grafana.example.com/d/x
"""


def test_alerting_settings_are_read() -> None:
    assert read(alerting=ALERTING).alerting == AlertingSettings(
        tiers={"fast": TierSetting(severity="ticket"), "steady": TierSetting(is_enabled=False)},
        labels={"team": "shop"},
        annotations={"chat": "#shop"},
        min_bad_events=10.0,
        runbook_url="https://runbooks.example.com/x",
        dashboard_url="http://grafana.example.com/d/x",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tiers: {fsat: {}}", "did you mean fast?"),
        ("tiers: {fast: page}", "tiers.fast: is not a mapping"),
        ("tiers: {fast: {severity: critical}}", '"critical" is not known'),
        ("tiers: {fast: {enabled: maybe}}", "is not true or false"),
        ("tier: {}", "did you mean tiers?"),
        ("labels: {severity: page}", "rules set themselves"),
        ("labels: {service: x}", "what spec.service says"),
        ("labels: {a-b: x}", "is not the name of a label"),
        ("labels: {a: 5}", "is not text"),
        ("annotations: {'a b': x}", "is not a name"),
        ("min_bad_events: -1", "is not a number of events"),
        ("min_bad_events: .inf", "is not a number of events"),
        ("min_bad_events: many", "is not a number of events"),
        ("runbook_url: javascript:alert(1)", "is not an address"),
        ("dashboard_url: 5", "is not an address"),
        ("[]", "is not a mapping"),
        ("a: 1\na: 2", "twice"),
    ],
)
def test_alerting_settings_that_are_wrong_are_refused(text: str, said: str) -> None:
    assert any(said in problem for problem in problems(alerting=text)), problems(alerting=text)


def test_an_annotation_is_text_as_openslo_wants_it() -> None:
    """Source: OpenSLO v1, "General Schema": annotations map strings to strings."""
    with pytest.raises(InputError) as refused:
        slo_from_document(document(metadata__annotations={"sre-mcp/alerting": {"labels": {}}}))
    assert "is not text" in refused.value.next_steps[0]


def test_problems_of_all_annotations_come_at_once() -> None:
    assert len(problems(group_by="le", maintenance="5", alerting="{x: 1, min_bad_events: -1}")) == 4
