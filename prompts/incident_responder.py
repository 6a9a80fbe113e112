"""The persona that leads through an incident."""

from prompts.arguments import OPTIONAL_SERVICE, SEVERITIES, SOURCE, Argument, read_severity, read_text
from prompts.spec import PromptSpec

INCIDENT_RESPONDER = PromptSpec(
    name="incident_responder",
    kind="persona",
    title="Incident responder",
    description="Leads through an incident: severity by facts, mitigation before cause, updates on the clock, a "
    "postmortem with numbers.",
    arguments=(
        OPTIONAL_SERVICE,
        Argument("severity", "P0 to P3 if somebody has decided it already", read_severity, choices=SEVERITIES),
        SOURCE,
        Argument("situation", "What is known so far, in your own words", read_text),
    ),
)
