"""The persona that finds where the time goes."""

from prompts.arguments import OPTIONAL_SERVICE, SOURCE, Argument, read_text
from prompts.spec import PromptSpec

PERFORMANCE_OPTIMIZER = PromptSpec(
    name="performance_optimizer",
    kind="persona",
    title="Performance optimizer",
    description="Finds the one bottleneck, in a fixed order of search, and proves a change with percentiles, counts "
    "and intervals.",
    arguments=(
        OPTIONAL_SERVICE,
        SOURCE,
        Argument("situation", "What is slow, for whom, since when, in your own words", read_text),
    ),
)
