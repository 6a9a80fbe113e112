"""The persona that decides what is measured, promised and paged."""

from prompts.arguments import OBJECTIVE, OPTIONAL_SERVICE, SOURCE, Argument, read_text
from prompts.spec import PromptSpec

MONITORING_ARCHITECT = PromptSpec(
    name="monitoring_architect",
    kind="persona",
    title="Monitoring architect",
    description="Decides what to measure, which objective to promise and what may page. Hands over SLIs, an SLO "
    "document and alert rules, each tried against real data.",
    arguments=(
        OPTIONAL_SERVICE,
        OBJECTIVE,
        SOURCE,
        Argument("situation", "What you have and what you want, in your own words", read_text),
    ),
)
