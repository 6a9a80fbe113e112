"""Every tool there is, by room. A tool that is not in this list does not exist."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tools.capacity.forecast_capacity import forecast_capacity
from tools.incidents.draft_postmortem import draft_postmortem
from tools.metrics.check_service_health import check_service_health
from tools.metrics.find_metrics import find_metrics
from tools.metrics.query_prometheus import query_prometheus
from tools.slo.compute_error_budget import compute_error_budget

Room = Literal[
    "metrics", "slo", "alerting", "dashboards", "incidents", "performance", "capacity", "toil", "chaos", "telemetry"
]

# Under the 60 s after which the strictest client gives up (Claude Desktop's code tab).
DEFAULT_DEADLINE_SECONDS = 50.0


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool and the truth about what it does.

    Attributes:
        function: The tool; its name is the tool's name, its docstring the description.
        is_read_only: Changes nothing anywhere.
        is_destructive: May overwrite or remove something.
        is_idempotent: A second identical call changes nothing more.
        is_open_world: Talks to systems outside this process.
        needs_writes: Registered only where writes are enabled.
    """

    function: Callable[..., Any]
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
        return self.function.__name__


TOOLS: tuple[ToolSpec, ...] = (
    ToolSpec(check_service_health, "Check a service's golden signals", "metrics"),
    ToolSpec(query_prometheus, "Query metrics with PromQL", "metrics"),
    ToolSpec(find_metrics, "Find metrics", "metrics"),
    ToolSpec(compute_error_budget, "Compute an error budget", "slo"),
    ToolSpec(forecast_capacity, "Forecast capacity", "capacity"),
    ToolSpec(draft_postmortem, "Draft a postmortem", "incidents"),
)
