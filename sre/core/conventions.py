"""Prometheus names that we create: recording rules, alerts, labels. Written down once, so that what reads them agrees.

Names follow Prometheus' own convention, level:metric:operations (prometheus.io/docs, "Recording rules").
"""

import re
from typing import Final

from sre.core.times import format_duration

# Labels of every record and alert of an SLO.
SLO_LABEL: Final = "slo"
SERVICE_LABEL: Final = "service"
# Which burn-rate tier an alert belongs to; stable, so that routes, silences and inhibitions may rely on it.
TIER_LABEL: Final = "tier"
# `page` wakes somebody, `ticket` waits for office hours.
SEVERITY_LABEL: Final = "severity"
# What an alert without an SLO watches: errors, latency, traffic, saturation, absence or delivery.
SIGNAL_LABEL: Final = "signal"
# Length of the window a record covers, such as 30d.
WINDOW_LABEL: Final = "window"
# Which resource of a capacity plan a record or alert is about.
RESOURCE_LABEL: Final = "resource"

RUNBOOK_ANNOTATION: Final = "runbook_url"
DASHBOARD_ANNOTATION: Final = "dashboard_url"
SUMMARY_ANNOTATION: Final = "summary"
DESCRIPTION_ANNOTATION: Final = "description"

# The short window from which all longer ones of an SLO are counted.
BASE_SECONDS: Final = 300.0

# Always fires, so that a receiver notices when alerts no longer arrive.
WATCHDOG_ALERT: Final = "Watchdog"

OBJECTIVE_RECORD: Final = "slo:objective:ratio"
# Events in the period and their shares; the budget rests on these counts, never on a mean of ratios.
PERIOD_TOTAL_RECORD: Final = "slo:period_total:sum"
PERIOD_BAD_RECORD: Final = "slo:period_bad:sum"
BUDGET_REMAINING_RECORD: Final = "slo:error_budget_remaining:ratio"
# Of calendar periods: when the one under way began, in epoch seconds, and which share of it has passed.
PERIOD_START_RECORD: Final = "slo:period_start:timestamp_seconds"
PERIOD_ELAPSED_RECORD: Final = "slo:period_elapsed:ratio"

# Highest demand of the last day on a resource of a capacity plan, in the plan's unit.
DEMAND_PEAK_RECORD: Final = "capacity:demand:max1d"


def bad_record(window_seconds: float = BASE_SECONDS) -> str:
    """Return the record of bad events in a window."""
    return f"slo:sli_bad:increase{format_duration(window_seconds)}"


def total_record(window_seconds: float = BASE_SECONDS) -> str:
    """Return the record of all events in a window."""
    return f"slo:sli_total:increase{format_duration(window_seconds)}"


def error_ratio_record(window_seconds: float) -> str:
    """Return the record of the share of bad events in a window, 0..1."""
    return f"slo:sli_error:ratio_rate{format_duration(window_seconds)}"


def camel_case(name: str) -> str:
    """Return a name such as `user-dashboard-availability` as `UserDashboardAvailability`, for the name of an alert."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name) if part)


def budget_burn_alert(slo_name: str) -> str:
    """Return the name that all burn-rate alerts of an SLO share; the tier is a label."""
    return f"{camel_case(slo_name)}BudgetBurn"


def sli_missing_alert(slo_name: str) -> str:
    """Return the name of the alert that an SLO cannot be measured."""
    return f"{camel_case(slo_name)}SliMissing"


def calendar_end_alert(slo_name: str) -> str:
    """Return the name of the alert that the rules of an SLO know no calendar period after the one under way."""
    return f"{camel_case(slo_name)}CalendarEnds"


def runbook_address(template: str, alert: str) -> str:
    """Return where the runbook of an alert is: `{alert}` of the template replaced, else the file in this folder."""
    return template.replace("{alert}", alert) if template else f"runbooks/{alert}.md"
