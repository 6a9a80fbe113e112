"""The workflow of the monthly capacity review."""

from prompts.arguments import SERVICE, SOURCE, Argument, read_duration, read_ratio, read_text
from prompts.spec import PromptSpec

PLAN_CAPACITY_CYCLE = PromptSpec(
    name="plan_capacity_cycle",
    kind="workflow",
    title="Capacity planning cycle",
    description="Step by step: limits, peaks, a forecast for each resource, order dates, risks.",
    arguments=(
        SERVICE,
        Argument("horizon", "How far to look ahead", read_duration, default="90d", choices=("30d", "90d", "180d")),
        Argument("limit_ratio", "Share of a resource that counts as full: 0.8 or 80%", read_ratio, default="0.8"),
        Argument(
            "lead_time", "From order to serving traffic", read_duration, default="30d", choices=("1d", "14d", "30d")
        ),
        SOURCE,
        Argument("notes", "Launches, campaigns, prices, quotas, in your own words", read_text),
    ),
)
