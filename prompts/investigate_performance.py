"""The workflow that goes from a complaint to a proven cause."""

from prompts.arguments import SERVICE, SOURCE, Argument, read_duration, read_text
from prompts.spec import PromptSpec

INVESTIGATE_PERFORMANCE = PromptSpec(
    name="investigate_performance",
    kind="workflow",
    title="Investigate performance",
    description="Step by step: is it slow, since when, for whom, what is saturated, own time or waiting, proof.",
    arguments=(
        SERVICE,
        Argument(
            "window", "Stretch of time that is slow", read_duration, default="1h", choices=("15m", "1h", "6h", "1d")
        ),
        Argument(
            "baseline",
            "How far back the time lies that was good",
            read_duration,
            default="1w",
            choices=("1d", "1w", "2w"),
        ),
        SOURCE,
        Argument("notes", "What users complain about, in your own words", read_text),
    ),
)
