"""The JSON of dashboards, held to Grafana's own models: those of its SDK always, its JSON schemas where they are."""

import copy
import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sre.core.rules import AlertRule, RecordingRule, RuleFile, RuleGroup
from sre.dashboards.grafana_json import dashboard_json, dashboard_text
from sre.dashboards.model import Dashboard, Panel, Section, Target
from sre.dashboards.rules import rules_dashboard
from sre.dashboards.service import service_dashboard
from tests.sre.dashboards.test_service_dashboard import DETAILS, SIGNALS
from tests.sre.dashboards.test_slo_dashboard import KINDS
from tests.support.dashboards import checked_json, dashboard_of
from tests.support.grafana_schemas import FOLDER, schema_folders, schema_problems

RULES = RuleFile(
    (
        RuleGroup(
            "group",
            (
                AlertRule("A", "a > 5", annotations={"runbook_url": "https://wiki/a"}),
                AlertRule("B", "b < 5"),
                RecordingRule("c:d:e", "sum(c)"),
            ),
        ),
    )
)
DASHBOARDS: dict[str, Callable[[], Dashboard]] = {
    "service": lambda: service_dashboard(SIGNALS, DETAILS),
    "rules": lambda: rules_dashboard(RULES, unit_of=lambda _: "bytes"),
    **{f"slo, {kind}": lambda kind=kind: dashboard_of(KINDS[kind], is_recorded=False) for kind in KINDS},  # type: ignore[misc]
    "slo, recorded, grouped": lambda: dashboard_of(KINDS["grouped"], is_recorded=True),
}
# Gaps of the schemas of Grafana 10.4 to 11, not of dashboards: Grafana itself writes null below the lowest threshold, it
# reads these fields of annotations in every version, and passes over options it does not know yet.
KNOWN_GAPS = (
    r"None is not of type 'number'",
    r"annotations.list\[\d+\]: Additional properties .*'textFormat'",
    r"stat: .*\('percentChangeColorMode' was unexpected\)",
)


def _through_the_sdk(document: dict[str, Any]) -> Any:
    """Return a dashboard as the SDK understands it: what it does not know is gone."""
    with warnings.catch_warnings():
        # The SDK would rather have the format that only Grafana 12 and newer read.
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
        from grafana_foundation_sdk.cog.plugins import register_default_plugins
        from grafana_foundation_sdk.models.dashboard import Dashboard as SdkDashboard

        register_default_plugins()
        return json.loads(json.dumps(SdkDashboard.from_json(copy.deepcopy(document)), cls=JSONEncoder))


def _lost(ours: Any, theirs: Any, path: str = "$") -> list[str]:
    """Return the paths of what is in ours and not, or otherwise, in theirs."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        missing = [f"{path}.{key}" for key in ours if key not in theirs]
        shared = [key for key in ours if key in theirs]
        return missing + [found for key in shared for found in _lost(ours[key], theirs[key], f"{path}.{key}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [found for index, (one, other) in pairs for found in _lost(one, other, f"{path}[{index}]")]
    return [] if ours == theirs else [path]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_sdk_of_grafana_knows_every_field(name: str) -> None:
    """Source: grafana-foundation-sdk 0.0.21, generated from Grafana's schemas: an independent reading of each field."""
    document = checked_json(DASHBOARDS[name]())
    assert _lost(document, _through_the_sdk(document)) == []


@pytest.mark.parametrize(
    ("spoil", "path"),
    [
        (lambda one: one.update(tymezone="utc"), "$.tymezone"),
        (lambda one: one["panels"][0].update(gridpos={}), "$.panels[0].gridpos"),
        (lambda one: one["panels"][0]["options"].update(colourMode="x"), "$.panels[0].options.colourMode"),
        (lambda one: one["panels"][0]["targets"][0].update(legend="x"), "$.panels[0].targets[0].legend"),
        (
            lambda one: one["panels"][0]["fieldConfig"]["defaults"].update(units="s"),
            "$.panels[0].fieldConfig.defaults.units",
        ),
        (
            lambda one: one["panels"][5]["fieldConfig"]["defaults"]["custom"].update(width=1),
            "$.panels[5].fieldConfig.defaults.custom.width",
        ),
        (lambda one: one["links"][0].update(newTab=True), "$.links[0].newTab"),
        (lambda one: one["annotations"]["list"][0].update(query="x"), "$.annotations.list[0].query"),
        (lambda one: one["templating"]["list"][0].update(kind="x"), "$.templating.list[0].kind"),
    ],
)
def test_a_field_that_grafana_does_not_know_would_be_noticed(
    spoil: Callable[[dict[str, Any]], None], path: str
) -> None:
    """Our choice: a check that cannot fail checks nothing."""
    document = checked_json(DASHBOARDS["service"]())
    assert document["panels"][5]["type"] == "timeseries"
    spoil(document)
    assert _lost(document, _through_the_sdk(document)) == [path]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_grafanas_json_schemas_accept_it(name: str) -> None:
    """Source: Grafana's JSON schemas of dashboards, of the options of each panel and of Prometheus queries."""
    folders = schema_folders()
    if not folders:
        pytest.skip(f"no schemas in {FOLDER}")
    document = checked_json(DASHBOARDS[name]())
    for folder in folders:
        problems = schema_problems(document, folder)
        assert [one for one in problems if not any(re.search(gap, one) for gap in KNOWN_GAPS)] == [], folder


def test_the_schemas_are_read_from_where_they_are(tmp_path: Path) -> None:
    """Our choice: a small schema of our own, so that the check itself is tried where Grafana's are not at hand."""
    draft = "http://json-schema.org/draft-07/schema#"
    closed = {"type": "object", "additionalProperties": False}
    schemas = {
        "dashboard": {
            "Dashboard": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}
        },
        "timeseries": {
            "Options": {**closed, "properties": {"legend": {}, "tooltip": {}}},
            "FieldConfig": {**closed, "properties": {"lineWidth": {}, "fillOpacity": {}}},
        },
        "prometheus": {"dataquery": {"type": "object", "required": ["expr"]}},
    }
    (tmp_path / "v1").mkdir()
    for kind, definitions in schemas.items():
        file = tmp_path / "v1" / f"{kind}.jsonschema.json"
        file.write_text(json.dumps({"$schema": draft, "definitions": definitions}))
    document = dashboard_json(Dashboard("u", "T", "d", (Section("", (Panel("P", "d", targets=(Target("up"),)),)),)))
    (folder,) = schema_folders(tmp_path)
    assert schema_problems(document, folder) == [
        "timeseries: $: Additional properties are not allowed ('showPoints' was unexpected)"
    ]


def test_the_text_has_a_panel_a_line_and_is_compact() -> None:
    """Our choice: it must fit an answer and still diff well."""
    made = DASHBOARDS["service"]()
    text = dashboard_text(made)
    document = checked_json(made)
    assert len(text.splitlines()) == len(document["panels"]) + 2
    assert len(text) < 1.02 * len(json.dumps(document, separators=(",", ":")))
    assert len(text) < 20_000


def test_ranges_that_fit_the_scrapes_carry_the_distance_of_scrapes() -> None:
    """Source: Grafana documentation: $__rate_interval takes the scrape interval from the query's min step, if set.

    The data source's own setting is 15 s where nobody changed it; with scrapes a minute apart, four of those hold one
    sample and no rate.
    """
    panel = Panel("P", "d", targets=(Target("rate(a[$__rate_interval])"), Target("up")))
    targets = dashboard_json(Dashboard("u", "T", "d", (Section("", (panel,)),), scrape_seconds=60.0))["panels"][0][
        "targets"
    ]  # type: ignore[call-overload, index]
    assert [target.get("interval") for target in targets] == ["1m", None]
    assert [target["refId"] for target in targets] == ["A", "B"]


def test_many_queries_have_names_of_their_own() -> None:
    """Source: Grafana: two queries of one panel with the same refId are one."""
    panel = Panel("P", "d", targets=tuple(Target(f"a{index}") for index in range(60)))
    document = json.loads(dashboard_text(Dashboard("u", "T", "d", (Section("", (panel,)),))))
    names = [target["refId"] for target in document["panels"][0]["targets"]]
    assert len(set(names)) == 60


def test_numbers_that_are_none_do_not_leave() -> None:
    """Source: RFC 8259: JSON has no NaN."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        dashboard_text(Dashboard("u", "T", "d", (Section("", (Panel("P", "d", minimum=float("nan")),)),)))
