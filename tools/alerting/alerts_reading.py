"""Asking a Prometheus and an Alertmanager at the same time what stands; one of them may be missing or fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from sre.core.errors import ConfigError, InputError, SreError
from tools.concurrent import all_of, outcome_of, seconds_left

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from connectors.base import AlertSource, MetricSource, RuleSource
    from server.deps import Deps
    from sre.core.alerts import NotifiedAlert, Silence
    from sre.core.telemetry import ActiveAlert, Rule


# One of the two that is silent must not keep back for long what the other said (our choice).
_PATIENCE_SECONDS = 20.0


@dataclass(slots=True)
class AlertReading:
    """What the two systems said; None for what was not asked or not said.

    Attributes:
        now: The end of recorded data, else the clock's.
        data_begin: The beginning of recorded data; None for a live system, which remembers since when alerts stand.
        missing: What is not known and why, for the warnings.
    """

    now: datetime
    source: str | None = None
    alertmanager: str | None = None
    is_recorded: bool = False
    data_begin: datetime | None = None
    active: tuple[ActiveAlert, ...] | None = None
    rules: tuple[Rule, ...] | None = None
    notified: tuple[NotifiedAlert, ...] | None = None
    silences: tuple[Silence, ...] | None = None
    missing: list[str] = field(default_factory=list)


def rule_source_of(source: MetricSource) -> RuleSource | None:
    """Return a metric source as the one that evaluates rules, or None where it evaluates none."""
    can = callable(getattr(source, "rules", None)) and callable(getattr(source, "alerts", None))
    return cast("RuleSource", source) if can else None


async def alert_reading(deps: Deps, *, source: str) -> AlertReading:
    """Return what both systems say.

    Raises:
        ConfigError: Neither is configured.
        InputError: No such source.
        SreError: What was configured could not be asked, with its reason.
    """
    metrics = _metric_source(deps, source)
    rule_source = rule_source_of(metrics) if metrics is not None else None
    alerts = deps.alert_source
    if rule_source is None and alerts is None:
        raise _nobody_to_ask(metrics)
    reading = AlertReading(now=deps.clock.now().replace(microsecond=0))
    if metrics is not None and rule_source is not None:
        reading.now = await deps.now_of(metrics)
        reading.is_recorded = await metrics.latest() is not None
        recorded = await metrics.coverage() if reading.is_recorded else None
        reading.data_begin = recorded.start if recorded else None
    failures = await all_of(
        [*([_ruled(rule_source, reading)] if rule_source else []), *([_notified(alerts, reading)] if alerts else [])]
    )
    failed = [failure for failure in failures if failure is not None]
    if failed and len(failed) == len(failures):
        raise failed[0]
    if metrics is not None and rule_source is None:
        reading.missing.append(f"pending alerts and values: the source {metrics.name} evaluates no rules")
    elif rule_source is None:
        reading.missing.append("pending alerts and values: no Prometheus is configured (PROMETHEUS_URL)")
    if alerts is None:
        reading.missing.append("silences, inhibition and receivers: no Alertmanager is configured (ALERTMANAGER_URL)")
    return reading


def _patience() -> float:
    return min(_PATIENCE_SECONDS, seconds_left())


def _metric_source(deps: Deps, name: str) -> MetricSource | None:
    if not deps.sources.names() and deps.alert_source is not None and not name:
        return None
    return deps.sources.metric(name or None)


def _nobody_to_ask(metrics: MetricSource | None) -> SreError:
    if metrics is None:
        return ConfigError("Neither a Prometheus nor an Alertmanager is configured.", setting="PROMETHEUS_URL")
    return InputError(
        f"The source {metrics.name} evaluates no alerting rules, and no Alertmanager is configured.",
        field="source",
        next_steps=(
            "name a source that is a Prometheus, or set ALERTMANAGER_URL in the server's environment, or",
            "query_prometheus with the alert's own expression, for whether it would fire.",
        ),
    )


def _ruled(source: RuleSource, reading: AlertReading) -> Callable[[], Awaitable[SreError | None]]:
    async def ask() -> SreError | None:
        async def active() -> None:
            found = await outcome_of(source.alerts, seconds=_patience(), system=source.name)
            if isinstance(found, SreError):
                failures.append(found)
            else:
                reading.active = found

        async def rules() -> None:
            found = await outcome_of(source.rules, seconds=_patience(), system=source.name)
            if not isinstance(found, SreError):
                reading.rules = found

        failures: list[SreError] = []
        await all_of([active, rules])
        reading.source = source.name
        if failures:
            reading.missing.append(f"pending alerts and values: {source.name} did not answer ({failures[0].code})")
        elif reading.rules is None:
            reading.missing.append(f"how long rules wait, and rules that fail: {source.name} did not list its rules")
        return failures[0] if failures else None

    return ask


def _notified(source: AlertSource, reading: AlertReading) -> Callable[[], Awaitable[SreError | None]]:
    async def ask() -> SreError | None:
        async def notified() -> None:
            found = await outcome_of(source.notified_alerts, seconds=_patience(), system=source.name)
            if isinstance(found, SreError):
                failures.append(found)
            else:
                reading.notified = found

        async def silences() -> None:
            found = await outcome_of(source.silences, seconds=_patience(), system=source.name)
            if not isinstance(found, SreError):
                reading.silences = found

        failures: list[SreError] = []
        await all_of([notified, silences])
        reading.alertmanager = source.name
        if failures:
            reading.missing.append(
                f"silences, inhibition and receivers: {source.name} did not answer ({failures[0].code}); "
                "run `sre-mcp check`, since alerts may reach nobody"
            )
        elif reading.silences is None:
            reading.missing.append(f"who silenced what until when: {source.name} did not list its silences")
        return failures[0] if failures else None

    return ask
