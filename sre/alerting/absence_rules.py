"""Alerts on silence: targets that do not answer, series that are gone. Without data every other alert is quiet."""

from typing import Final

from sre.alerting.alert_settings import AlertSettings
from sre.alerting.planned_alert import AlertWriter, NotPlanned, PlannedAlert
from sre.alerting.series_choice import chosen_series
from sre.alerting.service_facts import ServiceFacts
from sre.core.conventions import SEVERITY_LABEL
from sre.core.labels import Labels
from sre.core.promql import parse_selector, selects
from sre.core.rules.model import AlertRule
from sre.core.rules.scenarios import Expectation, InputSeries, Scenario, counter, gauge
from sre.core.times import format_duration

Planned = PlannedAlert | NotPlanned
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR


def absence_alerts(facts: ServiceFacts, settings: AlertSettings, *, writer: AlertWriter) -> tuple[Planned, ...]:
    """Return the alerts on missing targets and missing series."""
    found: list[Planned] = []
    if facts.up:
        found += [_target_down(facts, settings, writer=writer), _all_down(facts, settings, writer=writer)]
    else:
        found.append(NotPlanned("targets down", "no `up` series of its targets was found"))
    if facts.signals.request_counter:
        found.append(_metrics_missing(facts, settings, writer=writer))
    return tuple(found)


def _target_down(facts: ServiceFacts, settings: AlertSettings, *, writer: AlertWriter) -> PlannedAlert:
    rule = writer.rule(
        "TargetDown", f"{facts.up} == 0", signal="absence", severity="ticket", for_seconds=settings.target_down_for,
        summary="target {{ $labels.instance }} cannot be scraped",
        description=f"It has not answered for {format_duration(settings.target_down_for)}. While others answer, users "
        "may not notice; what it would have reported is missing.",
    )  # fmt: skip
    one, two = _targets(facts)
    scenarios = (
        Scenario(
            "one of two targets does not answer for an hour",
            (
                InputSeries(one, gauge((_HOUR, 1), (_HOUR, 0), (_HOUR, 1))),
                InputSeries(two, gauge((3 * _HOUR, 1))),
            ),
            (_silent(rule, _HOUR - 300), _fires(rule, 2 * _HOUR - 300), _silent(rule, 3 * _HOUR - 300)),
        ),
    )
    return PlannedAlert(rule, "absence", f"down for {format_duration(settings.target_down_for)}", scenarios)


def _all_down(facts: ServiceFacts, settings: AlertSettings, *, writer: AlertWriter) -> PlannedAlert:
    rule = writer.rule(
        # Targets that are gone altogether, as after a broken discovery, count like targets that are down.
        "AllTargetsDown", f"(sum({facts.up}) or vector(0)) == 0", signal="absence", severity="page",
        for_seconds=settings.all_down_for,
        summary="no target answers",
        description="Either the service is down, or nobody can see it: no other alert of it can fire now.",
    )  # fmt: skip
    one, two = _targets(facts)
    scenarios = (
        Scenario(
            "no target answers for an hour",
            tuple(InputSeries(target, gauge((_HOUR, 1), (_HOUR, 0), (_HOUR, 1))) for target in (one, two)),
            (_silent(rule, _HOUR - 300), _fires(rule, 2 * _HOUR - 300), _silent(rule, 3 * _HOUR - 300)),
        ),
        Scenario(
            "all targets are gone for an hour",
            tuple(InputSeries(target, gauge((_HOUR, 1), (_HOUR, None), (_HOUR, 1))) for target in (one, two)),
            (_silent(rule, _HOUR - 300), _fires(rule, 2 * _HOUR - 300), _silent(rule, 3 * _HOUR - 300)),
        ),
        Scenario(
            "one target answers",
            (InputSeries(one, gauge((2 * _HOUR, 0))), InputSeries(two, gauge((2 * _HOUR, 1)))),
            (_silent(rule, _HOUR), _silent(rule, 2 * _HOUR - 300)),
        ),
    )
    return PlannedAlert(rule, "absence", f"none answers for {format_duration(settings.all_down_for)}", scenarios)


def _metrics_missing(facts: ServiceFacts, settings: AlertSettings, *, writer: AlertWriter) -> PlannedAlert:
    request = facts.signals.request_counter
    # Counters with labels appear with their first request: only what was there at this time yesterday is missed.
    expr = f"count({request} offset 1d) unless on () count({request})"
    if facts.up:
        expr = f"({expr}) and on () sum({facts.up}) > 0"
    rule = writer.rule(
        "MetricsMissing", expr, signal="absence", severity="ticket", for_seconds=settings.target_down_for,
        summary="it answers, but its request counter is gone",
        description="It was there at this time yesterday. Alerts on errors, latency and traffic are blind: look for a "
        "renamed metric or label after a deploy.",
    )  # fmt: skip
    basis = f"gone for {format_duration(settings.target_down_for)}, there a day before"
    series = chosen_series(request, facts.series)
    if series is None:
        return PlannedAlert(rule, "absence", basis, untested="its series cannot be made up")
    one, _ = _targets(facts) if facts.up else (None, None)
    up = (InputSeries(one, gauge((28 * _HOUR, 1))),) if one is not None else ()
    whole = counter((25 * _HOUR, 10.0))
    scenarios = (
        Scenario(
            "the request counter is gone while its targets answer",
            (InputSeries(series, (*whole, *gauge((3 * _HOUR, None)))), *up),
            (_silent(rule, _DAY), _fires(rule, 26 * _HOUR)),
        ),
        Scenario(
            "the request counter was never there", up, (_silent(rule, _HOUR), _silent(rule, 26 * _HOUR))
        ),
    )  # fmt: skip
    return PlannedAlert(rule, "absence", basis, scenarios)


def _targets(facts: ServiceFacts) -> tuple[Labels, Labels]:
    """Return two targets of the service: known ones, or made up beside the one that is known."""
    matchers = parse_selector(facts.up)
    known = sorted((labels for labels in facts.series if selects(matchers, labels)), key=str)
    first = known[0] if known else chosen_series(facts.up, ()) or Labels({"__name__": "up"})
    if len(known) > 1:
        return first, known[1]
    return first, first.replaced(instance=f"another-{first.get('instance', 'target')}")


def _fires(rule: AlertRule, at_seconds: float) -> Expectation:
    return Expectation(rule.alert, at_seconds, fires=True, severity=rule.labels[SEVERITY_LABEL])


def _silent(rule: AlertRule, at_seconds: float) -> Expectation:
    return Expectation(rule.alert, at_seconds, fires=False)
