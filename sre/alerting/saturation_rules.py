"""Alerts on what runs full: pools by level and trend, things that fill up by the time that is left, load by level.

A cause waits for the morning; only what will be full within hours, while somebody can still act, pages.
"""

from sre.alerting.alert_settings import AlertSettings, ResourceRule, resource_rule
from sre.alerting.planned_alert import AlertSeverity, AlertWriter, NotPlanned, PlannedAlert, percent
from sre.alerting.saturation_scenarios import filesystem_scenarios, filling_scenarios, level_scenarios
from sre.alerting.service_facts import FilesystemFacts, ServiceFacts
from sre.core.exact import exact_number
from sre.core.golden_conventions import MetricKind
from sre.core.golden_saturation import ResourceParts, ResourceQuery
from sre.core.promql_text import WINDOW
from sre.core.times import format_duration, parse_duration

Planned = PlannedAlert | NotPlanned
# Nothing may be called full only at 100 %: by then it has been in the way for a while.
_HIGHEST_LEVEL = 0.98
_LEVEL_STEP = 0.02
# Of a trend that is read by a subquery.
_POINTS = 24


def saturation_alerts(facts: ServiceFacts, settings: AlertSettings, *, writer: AlertWriter) -> tuple[Planned, ...]:
    """Return the alerts on every resource of a service, and what is left out."""
    found: list[Planned] = []
    for resource in facts.signals.saturation:
        found += _resource_alerts(resource, facts, settings, writer=writer)
    for number, filesystem in enumerate(facts.filesystems):
        found += _filesystem_alerts(
            filesystem, facts, settings, writer=writer, suffix=str(number + 1) if number else ""
        )
    return tuple(found)


def share_query(resource: ResourceQuery, window: str) -> str:
    """Return the share in use, one value a place, over a window; of a query from the settings that query."""
    if resource.parts is None:
        return resource.query.replace(WINDOW, window)
    parts = resource.parts
    by = f" by ({', '.join(parts.places)})" if parts.places else ""
    part = f"sum{by} ({_over(parts.used, parts.used_kind, window)})"
    whole = f"sum{by} ({_over(parts.limit, parts.limit_kind, window)})"
    share = f"{part} / ({whole} > 0)"
    return f"1 - {share}" if parts.is_free else share


def _over(selector: str, kind: MetricKind, window: str) -> str:
    return f"rate({selector}[{window}])" if kind == "counter" else f"avg_over_time({selector}[{window}])"


def _resource_alerts(
    resource: ResourceQuery, facts: ServiceFacts, settings: AlertSettings, *, writer: AlertWriter
) -> tuple[Planned, ...]:
    watched = resource_rule(resource.resource)
    if watched.kind == "none":
        return (NotPlanned(resource.resource, watched.why),)
    if watched.kind == "fills" and resource.parts is not None:
        return _filling(resource, watched, facts, settings, writer=writer)
    return (_level(resource, watched, facts, settings, writer=writer),)


def _level(
    resource: ResourceQuery, watched: ResourceRule, facts: ServiceFacts, settings: AlertSettings, *, writer: AlertWriter
) -> PlannedAlert:
    name = "pool_ratio" if watched.kind == "pool" else watched.ratio or "pool_ratio"
    level, basis = _level_limit(resource, facts, settings, name=name)
    share = share_query(resource, "5m")
    expr, trend = f"{share} > {exact_number(level)}", ""
    rising = settings.pool_rising_ratio
    if watched.kind == "pool" and resource.parts is not None and rising < level:
        expr = f"({expr}) or (({share} > {exact_number(rising)}) and predict_linear(({share})[30m:1m], 3600) >= 1)"
        trend = f", or over {percent(rising)} and full within the hour at the trend of 30m"
    rule = writer.rule(
        f"{watched.name}NearlyFull", expr, signal="saturation", severity="ticket",
        for_seconds=600 if watched.kind == "pool" else 1800,
        summary=f"{resource.resource} is nearly used up{_where(resource.parts)}",
        description=f"{{{{ $value | humanizePercentage }}}} of it is in use; {percent(level)} is the limit{trend}.",
    )  # fmt: skip
    scenarios = level_scenarios(resource, facts, rule.alert, level=level)
    untested = "" if scenarios else "its series cannot be made up (a query from the settings)"
    return PlannedAlert(rule, "saturation", basis + trend, scenarios, untested)


def _level_limit(
    resource: ResourceQuery, facts: ServiceFacts, settings: AlertSettings, *, name: str
) -> tuple[float, str]:
    level: float = getattr(settings, name)
    history = facts.history_of(resource.resource)
    if history is None or history.high is None:
        return level, f"{percent(level)} in use"
    seen = f"99% of {history.windows:,} windows in {history.days:.3g}d were below {percent(history.high)}"
    if name in settings.given or history.high < level:
        return level, f"{percent(level)} in use; {seen}"
    raised = min(_HIGHEST_LEVEL, round(history.high + _LEVEL_STEP, 2))
    return raised, f"{percent(raised)} in use, higher than usual limits since it is usual here: {seen}"


def _filling(
    resource: ResourceQuery, watched: ResourceRule, facts: ServiceFacts, settings: AlertSettings, *, writer: AlertWriter
) -> tuple[Planned, ...]:
    share = share_query(resource, "5m")
    used = f"({share}) > {exact_number(1 - settings.fill_left_ratio)}"
    found: list[Planned] = []
    for severity, trend, within, step in _urgencies(settings, highest=watched.severity):
        # A trend of a few points, as after a restart, is none.
        known = f"count_over_time(({share})[{trend}:{step}]) >= {_POINTS // 2}"
        ahead = f"predict_linear(({share})[{trend}:{step}], {exact_number(within)}) >= 1 and {known}"
        rule = writer.rule(
            f"{watched.name}Fills{_soon(severity)}", f"{used} and {ahead}", signal="saturation", severity=severity,
            for_seconds=_holding(severity),
            summary=f"{resource.resource} will be full within {format_duration(within)}{_where(resource.parts)}",
            description="{{ $value | humanizePercentage }} of it is in use, and at the trend of the last "
            f"{trend} it is full within {format_duration(within)}.",
        )  # fmt: skip
        scenarios = filling_scenarios(
            resource, facts, within_seconds=within, rule=rule, left_ratio=settings.fill_left_ratio
        )
        found.append(PlannedAlert(rule, "saturation", _fill_basis(within, trend, settings), scenarios))
    return tuple(found)


def _filesystem_alerts(
    filesystem: FilesystemFacts, facts: ServiceFacts, settings: AlertSettings, *, writer: AlertWriter, suffix: str
) -> tuple[Planned, ...]:
    left = f"{filesystem.free} / {filesystem.size} < {exact_number(settings.fill_left_ratio)}"
    found: list[Planned] = []
    for severity, trend, within, _ in _urgencies(settings, highest="page"):
        known = f"{filesystem.free} offset {format_duration(parse_duration(trend).seconds / 2)}"
        ahead = f"predict_linear({filesystem.free}[{trend}], {exact_number(within)}) <= 0 and {known}"
        where = " on {{ $labels.instance }} {{ $labels.mountpoint }}{{ $labels.persistentvolumeclaim }}"
        rule = writer.rule(
            f"Disk{suffix}Fills{_soon(severity)}", f"{left} and {ahead}", signal="saturation", severity=severity,
            for_seconds=_holding(severity),
            summary=f"{filesystem.what}{where} will be full within {format_duration(within)}",
            description="{{ $value | humanizePercentage }} of it is left, and at the trend of the last "
            f"{trend} it is full within {format_duration(within)}.",
        )  # fmt: skip
        scenarios = filesystem_scenarios(
            filesystem, facts, within_seconds=within, rule=rule, left_ratio=settings.fill_left_ratio
        )
        found.append(PlannedAlert(rule, "saturation", _fill_basis(within, trend, settings), scenarios))
    return tuple(found)


def _urgencies(settings: AlertSettings, *, highest: str) -> tuple[tuple[AlertSeverity, str, float, str], ...]:
    """Return severity, window of the trend, horizon in seconds, and step of the trend, the most urgent first."""
    # The trend is as long as tells a burst from a direction: an hour for hours, a day for days.
    ticket: tuple[AlertSeverity, str, float, str] = ("ticket", "1d", settings.ticket_full_within, "1h")
    page: tuple[AlertSeverity, str, float, str] = ("page", "1h", settings.page_full_within, "150s")
    return (page, ticket) if highest == "page" else (ticket,)


def _soon(severity: AlertSeverity) -> str:
    return "WithinHours" if severity == "page" else "WithinDays"


def _holding(severity: AlertSeverity) -> float:
    return 900.0 if severity == "page" else 3600.0


def _fill_basis(within: float, trend: str, settings: AlertSettings) -> str:
    return (
        f"full within {format_duration(within)} at the trend of {trend}, "
        f"once less than {percent(settings.fill_left_ratio)} is left"
    )


def _where(parts: ResourceParts | None) -> str:
    places = parts.places if parts else ()
    told = [name for name in ("pod", "instance", "pool", "container") if name in places][:2]
    return f" ({', '.join(f'{name} {{{{ $labels.{name} }}}}' for name in told)})" if told else ""
