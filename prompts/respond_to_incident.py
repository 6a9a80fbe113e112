"""The workflow for the first hour of an incident, and its end."""

from prompts.arguments import SERVICE, SEVERITIES, SOURCE, Argument, read_instant, read_severity, read_text
from prompts.spec import PromptSpec

RESPOND_TO_INCIDENT = PromptSpec(
    name="respond_to_incident",
    kind="workflow",
    title="Respond to an incident",
    description="Step by step: is it real, how bad, what changed, mitigate, prove it, tell people, write it up.",
    arguments=(
        SERVICE,
        Argument("start", "When it began: now-30m or 2026-01-31T12:00:00Z", read_instant, default="now-1h"),
        Argument("severity", "P0 to P3 if somebody has decided it already", read_severity, choices=SEVERITIES),
        SOURCE,
        Argument("notes", "What was reported, in your own words", read_text),
    ),
)
