"""The persona that knows when it runs full and what to order by when."""

from prompts.arguments import OPTIONAL_SERVICE, SOURCE, Argument, read_duration, read_text
from prompts.spec import PromptSpec

CAPACITY_PLANNER = PromptSpec(
    name="capacity_planner",
    kind="persona",
    title="Capacity planner",
    description="Finds the limit that bites first, forecasts it with an interval and a measured accuracy, and turns "
    "it into order dates.",
    arguments=(
        OPTIONAL_SERVICE,
        Argument(
            "horizon",
            "How far to look ahead, such as 90d",
            read_duration,
            default="90d",
            choices=("30d", "90d", "180d"),
        ),
        SOURCE,
        Argument("situation", "Plans, launches and limits you know of, in your own words", read_text),
    ),
)
