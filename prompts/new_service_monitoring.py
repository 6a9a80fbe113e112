"""The workflow that takes a service from no monitoring to an objective with alerts."""

from prompts.arguments import OBJECTIVE, SERVICE, SOURCE, Argument, read_duration, read_text
from prompts.spec import PromptSpec

NEW_SERVICE_MONITORING = PromptSpec(
    name="new_service_monitoring",
    kind="workflow",
    title="Monitoring for a new service",
    description="Step by step: which metrics exist, which signals matter, what history says about the objective, "
    "burn-rate alerts, runbooks.",
    arguments=(
        SERVICE,
        OBJECTIVE,
        Argument("window", "Window of the objective", read_duration, default="30d", choices=("7d", "28d", "30d")),
        SOURCE,
        Argument("notes", "Users, critical journeys, contracts, in your own words", read_text),
    ),
)
