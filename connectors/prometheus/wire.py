"""What Prometheus tells about itself, as it is on the wire, and as we hold it.

Unknown fields are ignored and missing ones have the value that means "not said": relatives of Prometheus leave out
what they do not have.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from connectors.http import Json, NotTheApiError
from sre.core.errors import InputError
from sre.core.labels import Labels
from sre.core.telemetry import ActiveAlert, BuildInfo, MetricMetadata, MetricType, Rule, Target
from sre.core.times import parse_duration

Wire = TypeVar("Wire")

_METRIC_TYPES: dict[str, MetricType] = {name: name for name in get_args(MetricType)}
_FRACTION = re.compile(r"(\.\d{6})\d+")
_SECRET_PARAMETER = re.compile(r"token|key|secret|pass|auth|sig|credential", re.IGNORECASE)


def _none_as_empty(value: object) -> object:
    return {} if value is None else value


TextMap = Annotated[dict[str, str], BeforeValidator(_none_as_empty)]


class WireAlert(BaseModel):
    """An element of `/alerts` and of the alerts of a rule."""

    labels: TextMap = Field(default_factory=dict)
    annotations: TextMap = Field(default_factory=dict)
    state: Literal["firing", "pending", "inactive"]
    activeAt: str | None = None  # noqa: N815
    value: str | float | None = None

    def as_alert(self) -> ActiveAlert:
        """Return it in our own words."""
        return ActiveAlert(
            name=self.labels.get("alertname", ""),
            state=self.state,
            labels=Labels(self.labels),
            annotations=self.annotations,
            active_at=_instant(self.activeAt),
            value=_number(self.value),
        )


class WireRule(BaseModel):
    """A rule of a group of `/rules`."""

    type: Literal["recording", "alerting"]
    name: str
    query: str
    labels: TextMap = Field(default_factory=dict)
    annotations: TextMap = Field(default_factory=dict)
    health: str = "unknown"
    lastError: str | None = None  # noqa: N815
    duration: float = 0.0
    keepFiringFor: float = 0.0  # noqa: N815
    state: str = ""
    evaluationTime: float | None = None  # noqa: N815
    alerts: list[WireAlert] | None = None

    def as_rule(self, *, group: str, file: str, interval_seconds: float | None = None) -> Rule:
        """Return it in our own words."""
        return Rule(
            kind=self.type,
            name=self.name,
            query=self.query,
            labels=Labels(self.labels),
            annotations=self.annotations,
            group=group,
            file=file,
            health=self.health,
            last_error=self.lastError or "",
            for_seconds=self.duration,
            state=self.state,
            evaluation_seconds=self.evaluationTime,
            alerts=tuple(alert.as_alert() for alert in self.alerts or ()),
            keep_firing_for_seconds=self.keepFiringFor,
            group_interval_seconds=interval_seconds,
        )


class WireGroup(BaseModel):
    """A rule group."""

    name: str
    file: str = ""
    interval: float | None = None
    rules: list[WireRule] | None = None


class WireRules(BaseModel):
    """The data of `/rules`."""

    groups: list[WireGroup] | None = None


class WireAlerts(BaseModel):
    """The data of `/alerts`."""

    alerts: list[WireAlert] | None = None


class WireTarget(BaseModel):
    """An active target of `/targets`."""

    labels: TextMap = Field(default_factory=dict)
    scrapePool: str = ""  # noqa: N815
    scrapeUrl: str = ""  # noqa: N815
    health: str = "unknown"
    lastError: str | None = None  # noqa: N815
    lastScrape: str | None = None  # noqa: N815
    scrapeInterval: str | None = None  # noqa: N815

    def as_target(self) -> Target:
        """Return it in our own words, without credentials that its address may hold."""
        return Target(
            labels=Labels(self.labels),
            job=self.labels.get("job", self.scrapePool),
            scrape_url=_without_secrets(self.scrapeUrl),
            health=self.health,
            last_error=self.lastError or "",
            last_scrape=_instant(self.lastScrape),
            scrape_interval_seconds=_seconds(self.scrapeInterval),
        )


class WireTargets(BaseModel):
    """The data of `/targets`."""

    activeTargets: list[WireTarget] | None = None  # noqa: N815


class WireMetadata(BaseModel):
    """One of the descriptions of a metric family; targets may disagree."""

    type: str = "unknown"
    help: str = ""
    unit: str = ""


def read_rules(data: Json) -> tuple[Rule, ...]:
    """Return all rules of all groups, in the order of the source; raises NotTheApiError."""
    groups = _read(WireRules, data).groups or ()
    return tuple(
        rule.as_rule(group=group.name, file=group.file, interval_seconds=group.interval)
        for group in groups
        for rule in group.rules or ()
    )


def read_alerts(data: Json) -> tuple[ActiveAlert, ...]:
    """Return pending and firing alerts; raises NotTheApiError."""
    return tuple(alert.as_alert() for alert in _read(WireAlerts, data).alerts or ())


def read_targets(data: Json) -> tuple[Target, ...]:
    """Return active targets; raises NotTheApiError."""
    return tuple(target.as_target() for target in _read(WireTargets, data).activeTargets or ())


def read_metadata(data: Json) -> Mapping[str, MetricMetadata]:
    """Return one description a metric family, the first that names a type; raises NotTheApiError."""
    families = _read(dict[str, list[WireMetadata]], data)
    return {name: _described(descriptions) for name, descriptions in families.items() if descriptions}


def read_label_sets(data: Json) -> tuple[Labels, ...]:
    """Return the label sets of `/series`; raises NotTheApiError."""
    return tuple(Labels(pairs) for pairs in _read(list[dict[str, str]], data if data is not None else []))


def read_texts(data: Json) -> tuple[str, ...]:
    """Return a sorted list of names or values; raises NotTheApiError."""
    return tuple(sorted(_read(list[str], data if data is not None else [])))


def read_build_info(data: Json) -> BuildInfo:
    """Return product, version and the rest; raises NotTheApiError."""
    told = _read(dict[str, object], data)
    details = {name: value for name, value in told.items() if isinstance(value, str) and value}
    version = details.pop("version", "")
    return BuildInfo(_product(details), version or "unknown", details)


def _product(details: dict[str, str]) -> str:
    # Mimir and Loki name themselves; Prometheus says where it was built; VictoriaMetrics has a version alone.
    if named := details.pop("application", ""):
        return named
    return "prometheus" if "revision" in details or "goVersion" in details else "prometheus-compatible"


def _read(model: type[Wire], data: Json) -> Wire:
    try:
        return TypeAdapter(model).validate_python(data)
    except ValidationError:
        raise NotTheApiError("answered with data of another shape than the Prometheus API has") from None


def _described(descriptions: list[WireMetadata]) -> MetricMetadata:
    best = next((one for one in descriptions if one.type in _METRIC_TYPES and one.type != "unknown"), descriptions[0])
    return MetricMetadata(_METRIC_TYPES.get(best.type, "unknown"), best.help, best.unit)


def _instant(text: str | None) -> datetime | None:
    """Return an RFC 3339 time cut to microseconds; Go's zero time means never."""
    if not text or text.startswith("0001-"):
        return None
    try:
        at = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    except ValueError:
        raise NotTheApiError("answered with a time that is not RFC 3339") from None
    return at.astimezone(UTC)


def _number(value: str | float | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        raise NotTheApiError("answered with an alert whose value is not a number") from None


def _seconds(text: str | None) -> float | None:
    try:
        return parse_duration(text).seconds if text else None
    except InputError:
        return None


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
        parameters = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return ""
    shown = [(name, "***" if _SECRET_PARAMETER.search(name) else value) for name, value in parameters]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(shown, safe="*:/"), ""))
