"""Every tool there is, by room. A tool that is not in this list does not exist."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, cast

Room = Literal[
    "metrics", "slo", "alerting", "dashboards", "incidents", "performance", "capacity", "toil", "chaos", "telemetry"
]

# Under the 60 s after which the strictest client gives up (Claude Desktop's code tab).
DEFAULT_DEADLINE_SECONDS = 50.0


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool and the truth about what it does.

    Attributes:
        tool: Name of the tool, of its file and of its function, whose docstring is the description; or the function.
        is_read_only: Changes nothing anywhere.
        is_destructive: May overwrite or remove something.
        is_idempotent: A second identical call changes nothing more.
        is_open_world: Talks to systems outside this process.
        needs_writes: Registered only where writes are enabled.
    """

    tool: str | Callable[..., Any]
    title: str
    room: Room
    is_read_only: bool = True
    is_destructive: bool = False
    is_idempotent: bool = True
    is_open_world: bool = True
    needs_writes: bool = False
    deadline_seconds: float = DEFAULT_DEADLINE_SECONDS

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.tool if isinstance(self.tool, str) else self.tool.__name__

    @property
    def function(self) -> Callable[..., Any]:
        """The tool itself; its module is loaded when first asked for, since a session needs but a few tools."""
        if not isinstance(self.tool, str):
            return self.tool
        return cast("Callable[..., Any]", getattr(import_module(f"tools.{self.room}.{self.tool}"), self.tool))


TOOLS: tuple[ToolSpec, ...] = (
    ToolSpec("check_service_health", "Check a service's golden signals", "metrics"),
    ToolSpec("query_prometheus", "Query metrics with PromQL", "metrics"),
    ToolSpec("find_metrics", "Find metrics", "metrics"),
    ToolSpec("detect_changes", "Find when series changed", "metrics"),
    ToolSpec("compute_error_budget", "Compute an error budget", "slo"),
    ToolSpec("list_slos", "List SLOs and how they stand", "slo"),
    ToolSpec("define_slo", "Define an SLO", "slo", is_read_only=False, is_destructive=True),
    ToolSpec("recommend_slo", "Recommend objectives from history", "slo"),
    ToolSpec(
        "generate_slo_rules", "Generate the Prometheus rules of an SLO", "slo", is_read_only=False, is_destructive=True
    ),
    ToolSpec("backtest_slo", "Backtest the alerts of an SLO", "slo"),
    ToolSpec("list_alerts", "List standing alerts", "alerting"),
    ToolSpec("review_alerts", "Review alert rules", "alerting"),
    ToolSpec(
        "generate_alert_rules",
        "Generate alert rules for a service",
        "alerting",
        is_read_only=False,
        is_destructive=True,
    ),
    ToolSpec(
        "generate_monitoring_config",
        "Configure Prometheus and Alertmanager",
        "alerting",
        is_read_only=False,
        is_destructive=True,
        is_open_world=False,
    ),
    ToolSpec("generate_runbook", "Write runbooks for alerts", "alerting", is_read_only=False, is_destructive=True),
    ToolSpec(
        "silence_alert",
        "Silence alerts",
        "alerting",
        is_read_only=False,
        is_destructive=True,
        is_idempotent=False,
        needs_writes=True,
    ),
    ToolSpec(
        "generate_dashboard", "Generate a Grafana dashboard", "dashboards", is_read_only=False, is_destructive=True
    ),
    ToolSpec(
        "publish_dashboard",
        "Publish a dashboard in Grafana",
        "dashboards",
        is_read_only=False,
        is_destructive=True,
        needs_writes=True,
    ),
    ToolSpec("compare_performance", "Compare performance before and after", "performance"),
    ToolSpec("forecast_capacity", "Forecast capacity", "capacity"),
    ToolSpec("plan_capacity", "Plan capacity", "capacity", is_read_only=False, is_destructive=True),
    ToolSpec("assess_severity", "Assess the severity of an incident", "incidents"),
    ToolSpec(
        "declare_incident",
        "Declare an incident",
        "incidents",
        is_read_only=False,
        is_idempotent=False,
        is_open_world=False,
    ),
    ToolSpec(
        "update_incident",
        "Update an incident's record",
        "incidents",
        is_read_only=False,
        is_idempotent=False,
        is_open_world=False,
    ),
    ToolSpec("get_incidents", "List incidents, or read one", "incidents"),
    ToolSpec("investigate_incident", "Find what started an incident", "incidents"),
    ToolSpec("build_timeline", "Build the timeline of an incident", "incidents"),
    ToolSpec("draft_status_update", "Draft a status update", "incidents"),
    ToolSpec(
        "page_oncall",
        "Page people, or answer pages",
        "incidents",
        is_read_only=False,
        is_destructive=True,
        is_idempotent=False,
        needs_writes=True,
    ),
    ToolSpec("draft_postmortem", "Draft a postmortem", "incidents"),
    ToolSpec(
        "track_action_items",
        "Track actions after incidents",
        "incidents",
        is_read_only=False,
        is_idempotent=False,
        is_open_world=False,
    ),
    ToolSpec("report_reliability", "Report reliability", "incidents"),
    ToolSpec("record_toil", "Record toil", "toil", is_read_only=False, is_idempotent=False, is_open_world=False),
    ToolSpec("report_toil", "Report toil against its budget", "toil", is_open_world=False),
)
