"""A dashboard as the JSON that Grafana 9 to 12 read.

Plain data of our own instead of Grafana's Foundation SDK: docs/decisions/0005-dashboards-as-data.md says why, and the
tests hold what is made here against that SDK.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sre.core.times import format_duration
from sre.dashboards.layout import Placed, placed
from sre.dashboards.model import (
    DATASOURCE_VARIABLE,
    RATE_INTERVAL,
    Annotation,
    Dashboard,
    DashboardLink,
    LabelVariable,
    Link,
    Panel,
    Step,
    Target,
)

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

# Of Grafana 12. What is used here has read the same since version 37 (Grafana 9); no version in between changes it.
SCHEMA_VERSION = 42
_SHARED_CROSSHAIR = 1
# Grafana asks for the values of a variable again whenever the time range changes.
_ON_TIME_RANGE = 2
_SORTED_BY_NAME = 1
_ANYTHING = ".*"


def dashboard_json(dashboard: Dashboard) -> dict[str, Json]:
    """Return a dashboard as Grafana's JSON."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": [*dashboard.tags],
        "timezone": dashboard.time_zone,
        "editable": True,
        "graphTooltip": _SHARED_CROSSHAIR,
        "schemaVersion": SCHEMA_VERSION,
        "weekStart": "monday",
        "refresh": dashboard.refresh,
        "time": {"from": dashboard.time_from, "to": "now"},
        "links": [_link(link) for link in dashboard.links],
        "annotations": {"list": [_annotation(one) for one in dashboard.annotations]},
        "templating": {"list": [_datasource_variable(), *(_variable(one) for one in dashboard.variables)]},
        "panels": [_placed(one, dashboard.scrape_seconds) for one in placed(dashboard.sections)],
    }


def dashboard_text(dashboard: Dashboard) -> str:
    """Return a dashboard as JSON text, one panel a line: short enough to send, and it still diffs well."""
    document = dashboard_json(dashboard)
    panels = document.pop("panels")
    assert isinstance(panels, list)
    head = _compact(document)
    lines = ",\n".join(_compact(panel) for panel in panels)
    return f'{head[:-1]},"panels":[\n{lines}\n]}}\n'


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _datasource() -> dict[str, Json]:
    return {"type": "prometheus", "uid": f"${{{DATASOURCE_VARIABLE}}}"}


def _datasource_variable() -> Json:
    return {"name": DATASOURCE_VARIABLE, "label": "Data source", "type": "datasource", "query": "prometheus"}


def _variable(variable: LabelVariable) -> Json:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": _datasource(),
        "query": variable.query,
        "regex": variable.regex,
        "refresh": _ON_TIME_RANGE,
        "sort": _SORTED_BY_NAME,
        "multi": True,
        "includeAll": True,
        "allValue": _ANYTHING,
        "current": {"text": "All", "value": "$__all"},
    }


def _annotation(annotation: Annotation) -> Json:
    return {
        "name": annotation.name,
        "datasource": _datasource(),
        "enable": True,
        "iconColor": annotation.color,
        "expr": annotation.expr,
        "step": annotation.step,
        "titleFormat": annotation.title,
        "textFormat": annotation.text,
        "tagKeys": ",".join(annotation.tags),
    }


def _link(link: Link | DashboardLink) -> Json:
    shared: dict[str, Json] = {"title": link.title, "tooltip": "", "includeVars": False, "keepTime": True}
    if isinstance(link, Link):
        return {**shared, "type": "link", "icon": "doc", "url": link.url, "tags": [], **_opening(in_new_tab=True)}
    return {**shared, "type": "dashboards", "icon": "dashboard", "tags": [*link.tags], **_opening(in_new_tab=False)}


def _opening(*, in_new_tab: bool) -> dict[str, Json]:
    # A menu of dashboards stays in the tab, a page elsewhere does not.
    return {"asDropdown": not in_new_tab, "targetBlank": in_new_tab}


def _placed(one: Placed, scrape_seconds: float | None) -> Json:
    at = one.position
    base: dict[str, Json] = {"id": one.id, "title": one.title, "gridPos": {"x": at.x, "y": at.y, "w": at.w, "h": at.h}}
    if one.panel is None:
        return {**base, "type": "row", "collapsed": False, "panels": []}
    return {**base, **_panel(one.panel, scrape_seconds)}


def _panel(panel: Panel, scrape_seconds: float | None) -> dict[str, Json]:
    shared: dict[str, Json] = {"type": panel.kind, "description": panel.description}
    if panel.links:
        shared["links"] = [_link(link) for link in panel.links]
    if panel.kind == "text":
        return {**shared, "options": {"mode": "markdown", "content": panel.text}}
    if panel.time_from:
        shared["timeFrom"] = panel.time_from
    if panel.min_interval:
        shared["interval"] = panel.min_interval
    is_instant = panel.kind == "stat"
    return {
        **shared,
        "datasource": _datasource(),
        "targets": [
            _target(target, index, is_instant=is_instant, scrape_seconds=scrape_seconds)
            for index, target in enumerate(panel.targets)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _stat_options() if is_instant else _graph_options(),
    }


def _target(target: Target, index: int, *, is_instant: bool, scrape_seconds: float | None) -> Json:
    wants_interval = scrape_seconds is not None and RATE_INTERVAL in target.expr
    return {
        "refId": _reference(index),
        "datasource": _datasource(),
        "expr": target.expr,
        "legendFormat": target.legend or "__auto",
        "editorMode": "code",
        **({"interval": format_duration(scrape_seconds or 0.0)} if wants_interval else {}),
        **({"instant": True, "range": False} if is_instant else {"range": True}),
    }


def _reference(index: int) -> str:
    """Return A, B, ... Z, A1, B1 ..."""
    return chr(ord("A") + index % 26) + (str(index // 26) if index >= 26 else "")


def _defaults(panel: Panel) -> dict[str, Json]:
    defaults: dict[str, Json] = {"unit": panel.unit}
    ends: Mapping[str, float | None] = {"min": panel.minimum, "max": panel.maximum, "decimals": panel.decimals}
    defaults.update({name: value for name, value in ends.items() if value is not None})
    if panel.steps:
        defaults["thresholds"] = {"mode": "absolute", "steps": [_step(step) for step in panel.steps]}
    if panel.kind == "stat":
        return {**defaults, "color": {"mode": "thresholds"}} if panel.steps else defaults
    return {**defaults, "custom": _lines(panel.steps, is_stacked=panel.is_stacked)}


def _step(step: Step) -> Json:
    return {"color": step.color, "value": step.value}


def _lines(steps: Sequence[Step], *, is_stacked: bool) -> dict[str, Json]:
    custom: dict[str, Json] = {"lineWidth": 1, "fillOpacity": 30 if is_stacked else 5, "showPoints": "never"}
    if is_stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    if steps:
        custom["thresholdsStyle"] = {"mode": "dashed"}
    return custom


def _graph_options() -> Json:
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _stat_options() -> Json:
    return {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    }
