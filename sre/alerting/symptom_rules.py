"""Alerts on what users feel: failed requests, slow requests, requests that no longer come.

Source: Beyer et al., The Site Reliability Workbook (2018), ch. 5, "Alerting on SLOs": the fast burn over an hour and
five minutes; Site Reliability Engineering (2016), ch. 6: page on symptoms.
"""

import math
from dataclasses import dataclass

from sre.alerting.alert_settings import AlertSettings
from sre.alerting.planned_alert import AlertWriter, NotPlanned, PlannedAlert, percent
from sre.alerting.service_facts import ServiceFacts
from sre.alerting.symptom_scenarios import error_scenarios, latency_scenarios, traffic_scenarios
from sre.core.exact import exact_number
from sre.core.golden_signals import LatencyQuery
from sre.core.promql_text import WINDOW
from sre.core.slo.budget import budget_ratio

Planned = PlannedAlert | NotPlanned
# A limit is a number people remember: two digits say all that one from history is worth.
_DIGITS = 2


@dataclass(frozen=True, slots=True)
class SymptomTargets:
    """What a caller asks of a service.

    Attributes:
        objective_ratio: Share of requests that must succeed, 0 < x < 1.
        latency_seconds: What the high percentile must stay below; 0 to take it from history.
    """

    objective_ratio: float
    latency_seconds: float = 0.0
    is_objective_given: bool = False


def error_alert(
    facts: ServiceFacts, targets: SymptomTargets, settings: AlertSettings, *, writer: AlertWriter
) -> Planned:
    """Return the page on failed requests: a fast burn of the error budget over an hour that still goes on."""
    slo = facts.slo_covering("errors")
    if slo:
        return NotPlanned("failed requests", f"SLO {slo} pages for them: generate_slo_rules(slo={slo})")
    if facts.signals.errors is None:
        why = "; ".join(facts.signals.notes) or "no query for failed requests is known"
        return NotPlanned("failed requests", f"{why}; map `errors` in the settings")
    limit = error_limit(targets, settings)
    query = facts.signals.errors.query
    over = " and on () ".join(f"({query.replace(WINDOW, w)}) > {exact_number(limit)}" for w in ("5m", "1h"))
    guard = ""
    if facts.signals.error_counter:
        failed = f"sum(increase({facts.signals.error_counter}[1h]))"
        guard = f" and on () {failed} >= {exact_number(settings.min_failed_requests)}"
    rule = writer.rule(
        "ErrorRatioHigh", over + guard, signal="errors", severity="page", for_seconds=120,
        summary="too many requests fail",
        description=f"{{{{ $value | humanizePercentage }}}} of requests failed over the last 5 minutes; "
        f"{percent(limit)} is the limit, over 5 minutes and over an hour.",
    )  # fmt: skip
    scenarios = error_scenarios(facts, rule.alert, limit=limit, min_failed=settings.min_failed_requests)
    untested = "" if scenarios else "its series cannot be made up (a query from the settings)"
    return PlannedAlert(rule, "errors", _error_basis(targets, settings, limit), scenarios, untested)


def error_limit(targets: SymptomTargets, settings: AlertSettings) -> float:
    """Return the share of failed requests that pages, 0..1."""
    if settings.error_ratio:
        return settings.error_ratio
    return min(settings.error_burn_rate * budget_ratio(targets.objective_ratio), settings.max_error_ratio)


def latency_alert(
    facts: ServiceFacts, targets: SymptomTargets, settings: AlertSettings, *, writer: AlertWriter
) -> Planned:
    """Return the page on slow requests."""
    slo = facts.slo_covering("latency")
    main = facts.signals.main_latency
    if slo:
        return NotPlanned("slow requests", f"SLO {slo} pages for them: generate_slo_rules(slo={slo})")
    if main is None:
        return NotPlanned(
            "slow requests", "no histogram or summary of durations is known; map `latency` in the settings"
        )
    limit, basis = _latency_limit(facts, targets, settings)
    if limit is None:
        return NotPlanned("slow requests", f"{basis}; give latency_seconds")
    unseen = _unseen(main, facts, limit)
    if unseen:
        return NotPlanned("slow requests", unseen)
    guard = _requests_guard(facts, settings)
    which = f"p{main.quantile * 100:g}" if main.quantile else "latency"
    rule = writer.rule(
        "LatencyHigh", f"{main.query.replace(WINDOW, '5m')} > {exact_number(limit)}{guard}",
        signal="latency", severity="page", for_seconds=600,
        summary="requests are too slow",
        description=f"{which} of request durations is {{{{ $value | humanizeDuration }}}} over the last 5 minutes; "
        f"{exact_number(limit)}s is the limit.",
    )  # fmt: skip
    scenarios = latency_scenarios(facts, rule.alert, limit=limit, min_requests=settings.min_requests)
    untested = "" if scenarios else "its series cannot be made up (a mean, or a query from the settings)"
    return PlannedAlert(rule, "latency", f"{which}: {basis}", scenarios, untested)


def traffic_alert(facts: ServiceFacts, settings: AlertSettings, *, writer: AlertWriter) -> Planned:
    """Return the ticket on missing requests: those who cannot reach us are in no error counter."""
    counter = facts.signals.request_counter
    if not counter:
        return NotPlanned("missing requests", "no counter of requests is known")
    limit, basis = _traffic_limit(facts, settings)
    now, before = f"sum(rate({counter}[30m]))", f"sum(rate({counter}[30m] offset 1w))"
    guard = f"sum(increase({counter}[30m] offset 1w)) >= {exact_number(settings.min_traffic_requests)}"
    rule = writer.rule(
        "TrafficDropped", f"{now} / ({before} > 0) < {exact_number(limit)} and on () {guard}",
        signal="traffic", severity="ticket", for_seconds=1800,
        summary="far fewer requests arrive than a week ago",
        description="Traffic is {{ $value | humanizePercentage }} of what it was at this hour a week ago; "
        f"{percent(limit)} is the limit. Those who cannot reach the service are in no error counter.",
    )  # fmt: skip
    scenarios = traffic_scenarios(facts, rule.alert, limit=limit, min_requests=settings.min_traffic_requests)
    untested = "" if scenarios else "its series cannot be made up"
    return PlannedAlert(rule, "traffic", basis, scenarios, untested)


def _error_basis(targets: SymptomTargets, settings: AlertSettings, limit: float) -> str:
    if settings.error_ratio:
        return f"{percent(limit)} failed, as given"
    said = "given" if targets.is_objective_given else "assumed: give objective"
    pace = limit / budget_ratio(targets.objective_ratio)
    objective = exact_number(targets.objective_ratio * 100)
    return f"{percent(limit)} failed: {pace:.3g} times the budget of {objective}% ({said}), over 5m and 1h"


def _latency_limit(facts: ServiceFacts, targets: SymptomTargets, settings: AlertSettings) -> tuple[float | None, str]:
    if targets.latency_seconds:
        return targets.latency_seconds, f"{exact_number(targets.latency_seconds)}s, as given"
    history = facts.latency_history
    if history is None or not history.high:
        return None, "no target was given and there is no history to take one from"
    limit = _rounded_up(history.high * settings.latency_margin)
    return limit, (
        f"{exact_number(limit)}s: {settings.latency_margin:g} times {history.high:.3g}s, which 99% of "
        f"{history.windows:,} five-minute windows in {history.days:.3g}d stayed below"
    )


def _traffic_limit(facts: ServiceFacts, settings: AlertSettings) -> tuple[float, str]:
    history, limit = facts.traffic_history, settings.traffic_drop_ratio
    usual = "no history of two weeks to compare"
    if history is not None and history.low is not None:
        usual = f"99% of {history.windows:,} windows in {history.days:.3g}d were above {percent(history.low)}"
        if "traffic_drop_ratio" not in settings.given and history.low < limit:
            limit = max(0.05, math.floor(history.low * 0.8 * 100) / 100)
            return limit, f"{percent(limit)} of a week ago, lower than usual here: {usual}"
    return limit, f"{percent(limit)} of a week ago; {usual}"


def _requests_guard(facts: ServiceFacts, settings: AlertSettings) -> str:
    counter = facts.signals.request_counter
    if not counter:
        return ""
    return f" and on () sum(increase({counter}[5m])) >= {exact_number(settings.min_requests)}"


def _unseen(main: LatencyQuery, facts: ServiceFacts, limit: float) -> str:
    """Return why a histogram cannot tell whether a limit is crossed, or an empty string."""
    from sre.alerting.symptom_scenarios import bucket_bounds

    bounds = bucket_bounds(main, facts.series)
    if not main.buckets or not bounds:
        return ""
    if limit >= bounds[-1]:
        return (
            f"{exact_number(limit)}s is not below the largest bucket, {exact_number(bounds[-1])}s: it would never fire"
        )
    if limit < bounds[0]:
        return f"{exact_number(limit)}s is below the smallest bucket, {exact_number(bounds[0])}s: it cannot be told"
    return ""


def _rounded_up(value: float) -> float:
    scale = 10.0 ** (_DIGITS - 1 - math.floor(math.log10(value)))
    return math.ceil(value * scale) / scale
