"""The rule file of an SLO: its records and its alerts, in groups by how often they have to be looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sre.core.conventions import bad_record, error_ratio_record, total_record
from sre.core.exact import exact_number
from sre.core.rules import AlertRule, RecordingRule, RuleFile, RuleGroup, rule_file_yaml
from sre.core.slo.burn_rate import BurnRateTier
from sre.core.slo.model import MaintenanceWindow, Slo
from sre.core.slo.windows import CalendarWindow
from sre.core.times import format_duration
from sre.slo.alert_rules import burn_alert, calendar_end_rule, links_of, missing_alert, slo_labels
from sre.slo.alert_tiers import AlertTiers, alert_tiers, nominal_period_seconds
from sre.slo.calendar_rules import calendar_queries
from sre.slo.period_rules import period_rules, window_label
from sre.slo.window_expressions import WindowExpressions

# A page must not wait for its rules: at 99.9 % a full outage is over the fast tier's threshold after 52 s.
PAGE_INTERVAL_SECONDS = 30.0
# Tickets and budgets may wait. Not much longer than this, or a record is out of Prometheus' sight (5 minutes) before
# the next one is made, and what reads it sees a gap.
SLOW_INTERVAL_SECONDS = 120.0


@dataclass(frozen=True)
class SloRules:
    """The rules of one SLO.

    Attributes:
        min_bad_events: By tier, where one asks for a least number of bad events.
        valid_until: When the calendar periods written into the rules end; None where there is no such end.
    """

    slo: Slo
    file: RuleFile
    tiers: AlertTiers
    expressions: WindowExpressions
    min_bad_events: Mapping[str, float] = field(default_factory=dict)
    valid_until: datetime | None = None

    def yaml(self) -> str:
        """Return the file as YAML, with what an operator has to know at its top."""
        return rule_file_yaml(self.file, header=_header(self))


def slo_rules(
    slo: Slo, *, at: datetime, runbook_url: str = "", low_traffic_min: Mapping[str, float] | None = None
) -> SloRules:
    """Return the recording and alerting rules of an SLO.

    Args:
        at: When they are made, aware: maintenance that no window reaches any more is left out, and calendar periods of
            zones other than UTC are written out from here.
        runbook_url: Address of an alert's runbook with `{alert}` for its name; empty puts a relative path.
        low_traffic_min: Least bad events by tier, for tiers about which the definition says nothing.

    Raises:
        InputError: A counter expression is not one, or no tier can alert.
    """
    tiers = alert_tiers(slo)
    expressions = WindowExpressions(slo, _still_within_reach(slo, tiers, at=at))
    least = {tier.name: _least(slo, tier, low_traffic_min or {}) for tier in tiers.used}
    links = links_of(slo, runbook_url=runbook_url)
    calendar = calendar_queries(slo.window, at=at) if isinstance(slo.window, CalendarWindow) else None
    valid_until = calendar.valid_until if calendar is not None else None
    period = window_label(slo)
    alerts = {
        tier.name: burn_alert(slo, tier, min_bad_events=least[tier.name], period=period, links=links)
        for tier in tiers.used
    }
    last = [missing_alert(slo, expressions, links=links)]
    if valid_until is not None:
        last.append(calendar_end_rule(slo, valid_until=valid_until, links=links))
    burn = [_burn_group(slo, expressions, tiers, alerts, least, is_page=is_page) for is_page in (True, False)]
    recorded = frozenset(rule.record for rule in RuleFile(tuple(burn)).records())
    records = period_rules(slo, expressions, labels=slo_labels(slo), at=at, recorded=recorded)
    period_group = RuleGroup(f"slo-{slo.name}-period", (*records, *last), SLOW_INTERVAL_SECONDS)
    kept = tuple(group for group in (*burn, period_group) if group.rules)
    asked = {name: count for name, count in least.items() if count > 0}
    return SloRules(slo, RuleFile(kept, f"rules/slo-{slo.name}.yml"), tiers, expressions, asked, valid_until)


def _burn_group(
    slo: Slo,
    expressions: WindowExpressions,
    tiers: AlertTiers,
    alerts: Mapping[str, AlertRule],
    least: Mapping[str, float],
    *,
    is_page: bool,
) -> RuleGroup:
    pages = [tier for tier in tiers.used if tier.severity == "page"]
    chosen = pages if is_page else [tier for tier in tiers.used if tier.severity != "page"]
    windows = _windows(chosen)
    if not is_page:
        windows = [seconds for seconds in windows if seconds not in _windows(pages)]
    labels = slo_labels(slo)
    records = _base_records(expressions, labels) if is_page else []
    records += [
        RecordingRule(error_ratio_record(seconds), expressions.error_ratio(seconds), labels) for seconds in windows
    ]
    records += [
        RecordingRule(bad_record(tier.long_seconds), expressions.bad(tier.long_seconds), labels)
        for tier in chosen
        if least[tier.name] > 0 and tier.long_seconds != expressions.base_seconds
    ]
    rules: tuple[RecordingRule | AlertRule, ...] = (*records, *(alerts[tier.name] for tier in chosen))
    interval = PAGE_INTERVAL_SECONDS if is_page else SLOW_INTERVAL_SECONDS
    return RuleGroup(f"slo-{slo.name}-{'page' if is_page else 'ticket'}", rules, interval)


def _base_records(expressions: WindowExpressions, labels: dict[str, str]) -> list[RecordingRule]:
    base = expressions.base_seconds
    return [
        RecordingRule(bad_record(base), expressions.base_bad(), labels),
        RecordingRule(total_record(base), expressions.base_total(), labels),
    ]


def _windows(tiers: list[BurnRateTier]) -> list[float]:
    return sorted({seconds for tier in tiers for seconds in (tier.short_seconds, tier.long_seconds)})


def _least(slo: Slo, tier: BurnRateTier, low_traffic_min: Mapping[str, float]) -> float:
    if tier.severity != "page":
        return 0.0
    return slo.alerting.min_bad_events or low_traffic_min.get(tier.name, 0.0)


def _still_within_reach(slo: Slo, tiers: AlertTiers, *, at: datetime) -> tuple[MaintenanceWindow, ...]:
    longest = max(tier.long_seconds for tier in tiers.used)
    return tuple(one for one in slo.maintenance if one.end > at - timedelta(seconds=longest))


def _header(rules: SloRules) -> str:
    slo = rules.slo
    keep = format_duration(nominal_period_seconds(slo.window))
    lines = [
        f"SLO {slo.name}: {exact_number(slo.objective_ratio * 100)} % over {window_label(slo)}."
        " Generated: change the SLO, then generate again.",
        f"The budget adds up records of {keep}: Prometheus has to keep that much (--storage.tsdb.retention.time;"
        " by itself it keeps 15d).",
    ]
    if rules.valid_until is not None:
        lines.append(f"Calendar periods are written out up to {rules.valid_until:%Y-%m-%d}.")
    return "\n".join(lines)
