"""The numbers behind a service's alerts: our table, and what a caller changes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from sre.core.fields import Fields
from sre.core.problems import Findings
from sre.core.times import parse_duration
from sre.core.yaml_text import yaml_value

ResourceKind: TypeAlias = Literal["pool", "fills", "load", "none"]
_TABLE = Path(__file__).with_name("service_alerts.yaml")
_DURATIONS = frozenset({"page_full_within", "ticket_full_within", "target_down_for", "all_down_for"})
_SIGNALS = ("errors", "latency", "traffic", "saturation", "absence")
_HIGHEST = 1e9


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Thresholds; their meaning and source is in `service_alerts.yaml`. Durations are in seconds.

    Attributes:
        without: Signals that get no alert.
        given: Names of those a caller gave, which history does not move.
    """

    error_burn_rate: float
    max_error_ratio: float
    min_failed_requests: float
    latency_margin: float
    min_requests: float
    traffic_drop_ratio: float
    min_traffic_requests: float
    pool_ratio: float
    pool_rising_ratio: float
    cpu_ratio: float
    throttling_ratio: float
    page_full_within: float
    ticket_full_within: float
    fill_left_ratio: float
    target_down_for: float
    all_down_for: float
    error_ratio: float = 0.0
    without: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """How one resource is watched.

    Attributes:
        name: Part of the alert's name.
        ratio: Name of the setting with its level.
        severity: The most urgent that its alerts may be.
        why: Why there is no alert on it.
    """

    kind: ResourceKind
    name: str = ""
    ratio: str = ""
    severity: str = "ticket"
    why: str = ""


@dataclass(frozen=True, slots=True)
class NoiseLimits:
    """How often a rule may have fired in history, and for which share of the time."""

    max_pages_a_week: float
    max_tickets_a_week: float
    max_page_ratio: float


def default_settings() -> AlertSettings:
    """Return the table's own settings."""
    values = {name: _number(name, value) for name, value in _table()["defaults"].items()}
    return AlertSettings(**values)  # type: ignore[arg-type]  # the fields with numbers, by name


def noise_limits() -> NoiseLimits:
    """Return how often a rule may have fired."""
    return NoiseLimits(**{name: _number(name, value) for name, value in _table()["noise"].items()})


def resource_rule(resource: str) -> ResourceRule:
    """Return how a resource is watched; one that the table does not name is watched by its level."""
    rows = _table()["resources"]
    row = rows.get(resource, rows["resource"])
    return ResourceRule(**row) if isinstance(row, Mapping) else ResourceRule("load", "Resource", "pool_ratio")


def read_settings(text: str, *, field: str = "thresholds") -> AlertSettings:
    """Return the settings with what a YAML text changes of them.

    Raises:
        InputError: Not YAML, an unknown name, or a value out of range; lists every problem.
    """
    settings = default_settings()
    document = yaml_value(text, what=field, field=field)
    if document is None:
        return settings
    found = Findings()
    read = Fields(document, "$", found)
    changed: dict[str, float] = {}
    for name in [one.name for one in fields(AlertSettings) if one.name not in {"without", "given"}]:
        if name in read:
            changed[name] = _read(read, name, default=getattr(settings, name))
    without = read.texts("without")
    for signal in without:
        if signal not in _SIGNALS:
            read.problem("without", "names no signal", f"give some of {', '.join(_SIGNALS)}")
    # Asked for once more, so that an unknown name is told with all that exist.
    for name in [one.name for one in fields(AlertSettings) if one.name != "given"]:
        read.knows(name)
    read.refuse_others()
    found.raise_if_any(what="The thresholds", field_name=field)
    return replace(settings, **changed, without=without, given=frozenset(changed))


def _read(read: Fields, name: str, *, default: float) -> float:
    if name in _DURATIONS:
        return read.seconds(name, default=default)
    highest = 1.0 if name.endswith("_ratio") else _HIGHEST
    value = read.number(name, default=default, low=0, high=highest)
    if value <= 0 or (name == "error_ratio" and value >= 1):
        read.problem(name, "can never be crossed", "give a number between 0 and 1, neither of them itself")
    return value


def _number(name: str, value: object) -> float:
    return parse_duration(str(value), field=name).seconds if name in _DURATIONS else float(str(value))


@cache
def _table() -> Mapping[str, Mapping[str, object]]:
    import yaml

    table: Mapping[str, Mapping[str, object]] = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    return table
