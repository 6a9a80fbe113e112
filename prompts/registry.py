"""Every prompt there is. A prompt that is not in this list does not exist."""

from prompts.capacity_planner import CAPACITY_PLANNER
from prompts.incident_responder import INCIDENT_RESPONDER
from prompts.investigate_performance import INVESTIGATE_PERFORMANCE
from prompts.monitoring_architect import MONITORING_ARCHITECT
from prompts.new_service_monitoring import NEW_SERVICE_MONITORING
from prompts.performance_optimizer import PERFORMANCE_OPTIMIZER
from prompts.plan_capacity_cycle import PLAN_CAPACITY_CYCLE
from prompts.respond_to_incident import RESPOND_TO_INCIDENT
from prompts.spec import PromptSpec

PERSONAS: tuple[PromptSpec, ...] = (
    MONITORING_ARCHITECT,
    INCIDENT_RESPONDER,
    PERFORMANCE_OPTIMIZER,
    CAPACITY_PLANNER,
)
WORKFLOWS: tuple[PromptSpec, ...] = (
    NEW_SERVICE_MONITORING,
    RESPOND_TO_INCIDENT,
    INVESTIGATE_PERFORMANCE,
    PLAN_CAPACITY_CYCLE,
)
PROMPTS: tuple[PromptSpec, ...] = (*PERSONAS, *WORKFLOWS)


def completion_choices() -> dict[str, tuple[str, ...]]:
    """Return fixed values worth offering, by argument: those the arguments name, and the personas."""
    offered = {argument.name: argument.choices for spec in PROMPTS for argument in spec.arguments if argument.choices}
    return {**offered, "persona": tuple(spec.name for spec in PERSONAS)}
