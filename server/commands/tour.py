"""The questions the demo asks, in an engineer's order: what is there, what broke, what did it cost, what is next."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One question, the tool that answers it, and what to show of the answer beside its summary.

    Attributes:
        shown: Fields of the answer to print, in this order; lists are cut to their first rows.
    """

    question: str
    tool: str
    arguments: dict[str, Any]
    shown: tuple[str, ...] = ()


INCIDENT_START = "2026-10-29T14:05:00Z"
INCIDENT_END = "2026-10-29T15:00:00Z"

STEPS: tuple[Step, ...] = (
    Step(
        "Which metrics tell me about request latency?",
        "find_metrics",
        {"search": "request duration", "limit": 4},
        ("metrics",),
    ),
    Step(
        "How did checkout fail on the afternoon of 29 October?",
        "query_prometheus",
        {
            "query": 'sum by (code) (rate(http_requests_total{service="checkout"}[5m]))',
            "start": "2026-10-29T13:30:00Z",
            "end": "2026-10-29T15:30:00Z",
        },
        ("series",),
    ),
    Step(
        "What moved first, and what was changed before it?",
        "investigate_incident",
        {"start": "2026-10-29T14:14:00Z", "end": "2026-10-29T14:54:00Z", "service": "checkout"},
        ("services", "changes"),
    ),
    Step(
        "Is the catalog as healthy as it was last week?",
        "check_service_health",
        {"service": "catalog", "window": "6h"},
        ("signals",),
    ),
    Step(
        "Since when is it slower, and after which deploy?",
        "detect_changes",
        {
            "query": "histogram_quantile(0.95, sum by (le)"
            ' (rate(http_request_duration_seconds_bucket{service="catalog"}[5m])))',
            "start": "now-13d",
        },
        (),
    ),
    Step(
        "Did that deploy do it, and how sure is that?",
        "compare_performance",
        {"service": "catalog", "change_at": "2026-10-27T10:20:00Z"},
        ("verdict",),
    ),
    Step(
        "How much error budget has checkout left, and may we deploy?",
        "compute_error_budget",
        {
            "objective": 0.999,
            "window": "14d",
            "total": 'http_requests_total{service="checkout"}',
            "bad": 'http_requests_total{service="checkout", code=~"5.."}',
        },
        ("total_events", "bad_events", "sli_ratio", "consumed_ratio", "policy", "deploy_allowed"),
    ),
    Step(
        "Would the alerts of its SLO have paged in time, and how often?",
        "backtest_slo",
        {"slo": "checkout-availability", "start": "now-7d"},
        ("pages_a_week",),
    ),
    Step(
        "Which alert rules cost the most sleep?",
        "review_alerts",
        {"start": "now-7d"},
        ("clean", "dead"),
    ),
    Step(
        "When is the database disk full?",
        "forecast_capacity",
        {
            "query": 'node_filesystem_avail_bytes{instance=~"db.*", mountpoint="/var/lib/postgresql"}',
            "horizon": "30d",
            "threshold": 0,
            "max_points": 4,
        },
        ("exhaustion", "accuracy", "trust"),
    ),
    Step(
        "Draft the postmortem of that afternoon.",
        "draft_postmortem",
        {
            "title": "Checkout fails after v2.4.0",
            "start": INCIDENT_START,
            "end": INCIDENT_END,
            "services": ["checkout"],
            "facts": {
                "severity": "P1",
                "detected_at": "2026-10-29T14:16:00Z",
                "mitigated_at": "2026-10-29T14:53:00Z",
                "events": [
                    {"time": "2026-10-29T14:05:00Z", "text": "checkout v2.4.0 goes live"},
                    {"time": "2026-10-29T14:53:00Z", "text": "checkout rolled back to v2.3.2"},
                ],
                "causes": ["v2.4.0 does not give database connections back to the pool"],
            },
        },
        ("markdown",),
    ),
)
