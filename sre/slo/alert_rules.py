"""Alerting rules of an SLO: one a burn-rate tier, one for an SLI that cannot be measured."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sre.core.conventions import (
    DASHBOARD_ANNOTATION,
    DESCRIPTION_ANNOTATION,
    RUNBOOK_ANNOTATION,
    SERVICE_LABEL,
    SEVERITY_LABEL,
    SLO_LABEL,
    SUMMARY_ANNOTATION,
    TIER_LABEL,
    bad_record,
    budget_burn_alert,
    calendar_end_alert,
    error_ratio_record,
    sli_missing_alert,
)
from sre.core.exact import exact_number
from sre.core.promql_text import selector
from sre.core.rules import AlertRule
from sre.core.slo.budget import budget_ratio
from sre.core.slo.burn_rate import BurnRateTier
from sre.core.slo.model import Slo
from sre.core.times import format_duration, format_instant
from sre.slo.alert_tiers import threshold_ratio
from sre.slo.window_expressions import WindowExpressions

# An SLI whose series are gone is noticed when the base window has run empty and this has passed: with 5 minutes of
# base a restart or a missed scrape is no alert, and a quarter of an hour blind is (our choice).
SLI_MISSING_FOR_SECONDS = 600.0
# How long before the written-out periods end somebody is told (our choice).
CALENDAR_WARNING_SECONDS = 14 * 86400.0
_RESERVED = frozenset({SLO_LABEL, SERVICE_LABEL, TIER_LABEL, SEVERITY_LABEL, "alertname", "alertstate"})
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class AlertLinks:
    """Where the alerts of an SLO lead to.

    Attributes:
        runbook_url: Address with `{alert}` for the name of the alert.
        dashboard_url: Empty if there is none.
    """

    runbook_url: str = "runbooks/{alert}.md"
    dashboard_url: str = ""

    def annotations(self, alert: str) -> dict[str, str]:
        """Return the annotations of one alert."""
        found = {RUNBOOK_ANNOTATION: self.runbook_url.replace("{alert}", alert)}
        return {**found, DASHBOARD_ANNOTATION: self.dashboard_url} if self.dashboard_url else found


def links_of(slo: Slo, *, runbook_url: str = "") -> AlertLinks:
    """Return the links of an SLO's alerts: its own, else the one for all alerts, else a path beside the rules."""
    url = slo.alerting.runbook_url or runbook_url or AlertLinks().runbook_url
    return AlertLinks(_literal(url), _literal(slo.alerting.dashboard_url))


def burn_alert(slo: Slo, tier: BurnRateTier, *, min_bad_events: float, period: str, links: AlertLinks) -> AlertRule:
    """Return the alert of one tier.

    It has no `for`: the windows are the waiting time, and one on top would only delay the page and forget what went
    before a short dip (the Site Reliability Workbook, ch. 5, section 3).

    Args:
        min_bad_events: Bad events in the long window below which it stays silent; 0 asks for none.
        period: The SLO's window in words, such as `30d`.
    """
    name = budget_burn_alert(slo.name)
    return AlertRule(
        alert=name,
        expr=_burn_expression(slo, tier, min_bad_events),
        labels={**_definition_labels(slo), **slo_labels(slo, is_template=True), **_tier_labels(tier)},
        annotations={**_burn_words(slo, tier, period), **links.annotations(name), **slo.alerting.annotations},
    )


def missing_alert(slo: Slo, expressions: WindowExpressions, *, links: AlertLinks) -> AlertRule:
    """Return the alert that there is nothing to measure: no series of the SLI at all; no traffic is no reason.

    A single group that is gone makes no alert: after a restart, groups without traffic have no series either.
    """
    name = sli_missing_alert(slo.name)
    words = {
        SUMMARY_ANNOTATION: f"{slo.name}: the SLI has no data",
        DESCRIPTION_ANNOTATION: (
            f"For at least {format_duration(SLI_MISSING_FOR_SECONDS)} the series that this SLO counts have not been "
            "there, so neither its budget nor its burn-rate alerts know anything: an outage now would page nobody. "
            "Look at the scrape targets first, then at the metric's name and labels."
        ),
    }
    return _ticket(slo, name, expressions.missing(), words, links, for_seconds=SLI_MISSING_FOR_SECONDS)


def calendar_end_rule(slo: Slo, *, valid_until: datetime, links: AlertLinks) -> AlertRule:
    """Return the alert that the periods written into the rules are about to end."""
    name = calendar_end_alert(slo.name)
    told_at = valid_until.timestamp() - CALENDAR_WARNING_SECONDS
    words = {
        SUMMARY_ANNOTATION: f"{slo.name}: the rules of this SLO have to be generated again",
        DESCRIPTION_ANNOTATION: (
            f"Its calendar periods are written into the rules up to {format_instant(valid_until)}. After that the "
            "budget of the period is wrong; burn-rate alerts go on as before."
        ),
    }
    return _ticket(slo, name, f"vector(time()) >= {exact_number(told_at)}", words, links)


def slo_labels(slo: Slo, *, is_template: bool = False) -> dict[str, str]:
    """Return the labels of every record and alert of an SLO.

    Args:
        is_template: For alerts, whose labels are Go templates.
    """
    service = _literal(slo.service) if is_template else slo.service
    return {SLO_LABEL: slo.name, **({SERVICE_LABEL: service} if service else {})}


def _ticket(
    slo: Slo, name: str, expr: str, words: Mapping[str, str], links: AlertLinks, *, for_seconds: float = 0.0
) -> AlertRule:
    labels = {**_definition_labels(slo), **slo_labels(slo, is_template=True), SEVERITY_LABEL: "ticket"}
    annotations = {**words, **links.annotations(name), **_other_annotations(slo)}
    return AlertRule(name, expr, for_seconds=for_seconds, labels=labels, annotations=annotations)


def _burn_expression(slo: Slo, tier: BurnRateTier, min_bad_events: float) -> str:
    threshold = exact_number(threshold_ratio(tier, objective_ratio=slo.objective_ratio))
    long, short, bad = (
        selector(record, [(SLO_LABEL, "=", slo.name)])
        for record in (
            error_ratio_record(tier.long_seconds),
            error_ratio_record(tier.short_seconds),
            bad_record(tier.long_seconds),
        )
    )
    conditions = [f"{long} > {threshold}", f"{short} > {threshold}"]
    if min_bad_events > 0:
        conditions.append(f"{bad} >= {exact_number(min_bad_events)}")
    return "\nand\n".join(conditions)


def _burn_words(slo: Slo, tier: BurnRateTier, period: str) -> dict[str, str]:
    groups = ", ".join(f"{label} {{{{ $labels.{label} }}}}" for label in slo.group_by)
    whose = f"{slo.name} ({groups})" if groups else slo.name
    factor = exact_number(float(f"{tier.factor:.3g}"))
    long, short = format_duration(tier.long_seconds), format_duration(tier.short_seconds)
    threshold = _percent(threshold_ratio(tier, objective_ratio=slo.objective_ratio))
    return {
        SUMMARY_ANNOTATION: f"{whose}: the error budget burns over {factor} times as fast as it may",
        DESCRIPTION_ANNOTATION: (
            f"{{{{ $value | humanizePercentage }}}} of what counts was bad in the last {long}, and over {threshold} "
            f"still is in the last {short}. The objective of {_percent(slo.objective_ratio)} over {period} allows "
            f"{_percent(budget_ratio(slo.objective_ratio))}; at {factor} times that, {_percent(tier.budget_share)} of "
            f"the whole budget goes every {long}."
        ),
    }


def _tier_labels(tier: BurnRateTier) -> dict[str, str]:
    return {TIER_LABEL: tier.name, SEVERITY_LABEL: tier.severity}


def _definition_labels(slo: Slo) -> dict[str, str]:
    """Return the labels that a definition adds: those of the SLO as they are, those of its alerting as templates."""
    taken = _RESERVED | set(slo.group_by)
    own = {name: _literal(value) for name, value in slo.labels.items()}
    return {
        name: value
        for name, value in {**own, **slo.alerting.labels}.items()
        if name not in taken and _LABEL_NAME.fullmatch(name) and value
    }


def _other_annotations(slo: Slo) -> dict[str, str]:
    words = {SUMMARY_ANNOTATION, DESCRIPTION_ANNOTATION, RUNBOOK_ANNOTATION, DASHBOARD_ANNOTATION}
    return {name: text for name, text in slo.alerting.annotations.items() if name not in words}


def _literal(text: str) -> str:
    """Return text as it stands in a Go template, its own braces taken as text."""
    return text.replace("{{", '{{ "{{" }}')


def _percent(ratio: float) -> str:
    return f"{exact_number(ratio * 100)} %"
