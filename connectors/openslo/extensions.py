"""What an SLO says beyond OpenSLO: groups, maintenance and alerting, as YAML in three annotations of ours.

The specification gives annotations to implementations, as texts; other tools read such a document unchanged.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from connectors.openslo.fields import check_fields, texts
from sre.core.conventions import (
    DASHBOARD_ANNOTATION,
    RUNBOOK_ANNOTATION,
    SERVICE_LABEL,
    SEVERITY_LABEL,
    SLO_LABEL,
    TIER_LABEL,
    WINDOW_LABEL,
)
from sre.core.errors import InputError
from sre.core.problems import Findings
from sre.core.rules.writing import YamlValue, yaml_document
from sre.core.slo.model import AlertingSettings, MaintenanceWindow, Severity, TierSetting
from sre.core.slo.tiers import default_tiers
from sre.core.text import cleaned, quoted
from sre.core.times import format_instant
from sre.core.yaml_text import yaml_value

PREFIX: Final = "sre-mcp/"
GROUP_BY: Final = f"{PREFIX}group-by"
MAINTENANCE: Final = f"{PREFIX}maintenance"
ALERTING: Final = f"{PREFIX}alerting"
_KNOWN = (GROUP_BY, MAINTENANCE, ALERTING)

_ALERTING_FIELDS = ("tiers", "labels", "annotations", "min_bad_events", RUNBOOK_ANNOTATION, DASHBOARD_ANNOTATION)
_SEVERITIES: dict[object, Severity] = {"page": "page", "ticket": "ticket"}
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_URL = re.compile(r"https?://[^\s/][^\s]*")
# Labels our rules set themselves.
_RESERVED = frozenset({SLO_LABEL, TIER_LABEL, SEVERITY_LABEL, WINDOW_LABEL, "alertname", "__name__", "le"})
_MAX_GROUP_LABELS = 4
# Each adds a term to every query; a year of weekly maintenance fits (our choice).
_MAX_MAINTENANCE = 60
_MAX_REASON = 300
_TIME_MENDING = "write RFC 3339 with its zone, such as 2026-01-31T22:00:00+01:00"


@dataclass(frozen=True, slots=True)
class Extensions:
    """What the annotations say."""

    group_by: tuple[str, ...] = ()
    maintenance: tuple[MaintenanceWindow, ...] = ()
    alerting: AlertingSettings = field(default_factory=AlertingSettings)


def read_extensions(metadata: Mapping[str, object], found: Findings) -> Extensions:
    """Return what the annotations of a document's metadata say; those of other programs are left alone."""
    annotations = texts(metadata, "annotations", path="metadata", found=found)
    ours = {name: text for name, text in annotations.items() if name.startswith(PREFIX)}
    check_fields(ours, _KNOWN, path="metadata.annotations", found=found)
    return Extensions(
        _group_by(_parsed(ours, GROUP_BY, found), found),
        _maintenance(_parsed(ours, MAINTENANCE, found), found),
        _alerting(_parsed(ours, ALERTING, found), found),
    )


def written_extensions(extensions: Extensions) -> dict[str, YamlValue]:
    """Return the annotations that read back as the extensions; none for what is not set."""
    written: dict[str, YamlValue] = {}
    if extensions.group_by:
        written[GROUP_BY] = ", ".join(extensions.group_by)
    if extensions.maintenance:
        written[MAINTENANCE] = yaml_document([_written_window(window) for window in extensions.maintenance])
    settings = _written_alerting(extensions.alerting)
    if settings:
        written[ALERTING] = yaml_document(settings)
    return written


def _path(name: str) -> str:
    return f"metadata.annotations.{name}"


def _parsed(annotations: Mapping[str, str], name: str, found: Findings) -> object:
    if name not in annotations:
        return None
    try:
        return yaml_value(annotations[name], what="The text", field="slo")
    except InputError as error:
        found.add(_path(name), error.message.removeprefix("The text ").rstrip("."), "mend the YAML of its text")
        return None


def _group_by(value: object, found: Findings) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if value is None:
        return ()
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        found.add(_path(GROUP_BY), "is not a list of labels", 'write labels with commas, such as "handler, method"')
        return ()
    labels = tuple(item.strip() for item in items if item.strip())
    for label in labels:
        _check_label(label, _path(GROUP_BY), found)
    if len(set(labels)) != len(labels) or len(labels) > _MAX_GROUP_LABELS:
        found.add(_path(GROUP_BY), "has a label twice or too many", f"give up to {_MAX_GROUP_LABELS} labels, each once")
    return labels


def _check_label(label: str, path: str, found: Findings) -> None:
    if not _LABEL.fullmatch(label):
        found.add(path, f"{quoted(label, limit=60)} is not the name of a label", "use letters, digits and _")
    elif label in _RESERVED:
        found.add(path, f"{label} is a label that the rules set themselves", "leave it out")


def _maintenance(value: object, found: Findings) -> tuple[MaintenanceWindow, ...]:
    if value is None:
        return ()
    path = _path(MAINTENANCE)
    if not isinstance(value, list):
        found.add(path, "is not a list", "write one item a window: - {start: ..., end: ..., reason: ...}")
        return ()
    if len(value) > _MAX_MAINTENANCE:
        found.add(path, f"has {len(value)} windows", f"keep at most {_MAX_MAINTENANCE}: those of the last SLO period")
    read = [_maintenance_window(item, f"{path}[{index}]", found) for index, item in enumerate(value)]
    windows = sorted((window for window in read if window is not None), key=lambda window: window.start)
    for earlier, later in pairwise(windows):
        if later.start < earlier.end:
            what = f"the windows from {format_instant(earlier.start)} and from {format_instant(later.start)} overlap"
            found.add(path, what, "make one window of them, with one reason")
    return tuple(windows)


def _maintenance_window(item: object, path: str, found: Findings) -> MaintenanceWindow | None:
    if not isinstance(item, Mapping):
        found.add(path, "is not a mapping", "write {start: ..., end: ..., reason: ...}")
        return None
    check_fields(item, ("start", "end", "reason"), path=path, found=found)
    start, end = (_instant(item.get(key), f"{path}.{key}", found) for key in ("start", "end"))
    if start is None or end is None:
        return None
    if end <= start:
        found.add(f"{path}.end", "is not after start", "swap them, or give the day too")
        return None
    return MaintenanceWindow(start, end, cleaned(str(item.get("reason") or ""), limit=_MAX_REASON))


def _instant(value: object, path: str, found: Findings) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        what = "is missing" if value is None else f"{quoted(str(value), limit=60)} is not a time"
        found.add(path, what, _TIME_MENDING)
        return None
    if at.tzinfo is None:
        found.add(path, f"{quoted(str(value), limit=60)} has no time zone", _TIME_MENDING)
        return None
    return at.astimezone(UTC)


def _alerting(value: object, found: Findings) -> AlertingSettings:
    path = _path(ALERTING)
    if value is None:
        return AlertingSettings()
    if not isinstance(value, Mapping):
        found.add(path, "is not a mapping", f"fields are {', '.join(_ALERTING_FIELDS)}")
        return AlertingSettings()
    check_fields(value, _ALERTING_FIELDS, path=path, found=found)
    labels = texts(value, "labels", path=path, found=found)
    for label in labels:
        _check_label(label, f"{path}.labels", found)
        if label == SERVICE_LABEL:
            found.add(f"{path}.labels", f"{label} is what spec.service says", "leave it out")
    annotations = texts(value, "annotations", path=path, found=found)
    for name in annotations:
        if not _LABEL.fullmatch(name):
            found.add(f"{path}.annotations", f"{quoted(name, limit=60)} is not a name", "use letters, digits and _")
    return AlertingSettings(
        tiers=_tiers(value.get("tiers"), f"{path}.tiers", found),
        labels=labels,
        annotations=annotations,
        min_bad_events=_min_bad_events(value.get("min_bad_events"), f"{path}.min_bad_events", found),
        runbook_url=_url(value, RUNBOOK_ANNOTATION, path, found),
        dashboard_url=_url(value, DASHBOARD_ANNOTATION, path, found),
    )


def _tiers(value: object, path: str, found: Findings) -> dict[str, TierSetting]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        found.add(path, "is not a mapping", "write fast: {enabled: true, severity: page}")
        return {}
    known = tuple(tier.name for tier in default_tiers())
    check_fields(value, known, path=path, found=found)
    return {name: _tier(value[name], f"{path}.{name}", found) for name in known if name in value}


def _tier(value: object, path: str, found: Findings) -> TierSetting:
    if not isinstance(value, Mapping):
        found.add(path, "is not a mapping", "write {enabled: true, severity: page}")
        return TierSetting()
    check_fields(value, ("enabled", "severity"), path=path, found=found)
    is_enabled = value.get("enabled", True)
    if not isinstance(is_enabled, bool):
        found.add(f"{path}.enabled", "is not true or false", "write true or false")
    severity = value.get("severity")
    if severity is not None and severity not in ("page", "ticket"):
        found.add(f"{path}.severity", f"{quoted(str(severity), limit=60)} is not known", "write page or ticket")
    return TierSetting(is_enabled is True, _SEVERITIES.get(str(severity)))


def _min_bad_events(value: object, path: str, found: Findings) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        found.add(path, "is not a number of events, 0 or more", "for example 10")
        return 0.0
    return float(value)


def _url(parent: Mapping[str, object], key: str, path: str, found: Findings) -> str:
    value = parent.get(key)
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not _URL.fullmatch(value):
        found.add(f"{path}.{key}", "is not an address", "write https://...")
        return ""
    return value


def _written_window(window: MaintenanceWindow) -> dict[str, YamlValue]:
    reason: dict[str, YamlValue] = {"reason": window.reason} if window.reason else {}
    return {"start": format_instant(window.start), "end": format_instant(window.end), **reason}


def _written_alerting(alerting: AlertingSettings) -> dict[str, YamlValue]:
    written: dict[str, YamlValue] = {
        "tiers": {name: _written_tier(tier) for name, tier in alerting.tiers.items()},
        "labels": dict(alerting.labels),
        "annotations": dict(alerting.annotations),
        "min_bad_events": _whole(alerting.min_bad_events),
        RUNBOOK_ANNOTATION: alerting.runbook_url,
        DASHBOARD_ANNOTATION: alerting.dashboard_url,
    }
    return {name: value for name, value in written.items() if value}


def _written_tier(tier: TierSetting) -> dict[str, YamlValue]:
    severity: dict[str, YamlValue] = {"severity": tier.severity} if tier.severity else {}
    return {"enabled": tier.is_enabled, **severity}


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) else value
