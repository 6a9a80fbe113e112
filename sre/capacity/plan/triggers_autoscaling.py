"""Bounds and target for a horizontal autoscaler, from the sizing of a plan: a suggestion with its numbers.

For the tool: `autoscaling(plan)` gives one for replicas, None for anything else. It answers swings within a day; what
the plan orders is the ceiling it may scale to.
"""

from dataclasses import dataclass

from sre.capacity.plan.model import ResourcePlan

# The autoscaler of Kubernetes does nothing while use is within a tenth of its target.
# Source: Kubernetes documentation, "Horizontal Pod Autoscaling", algorithm details.
TOLERANCE_RATIO = 0.1


@dataclass(frozen=True, slots=True)
class Autoscaling:
    """A suggestion for one resource.

    Attributes:
        target_use_ratio: Of a unit's capacity, at which the autoscaler should hold it.
        target_value: The same in the unit of the resource, for each unit.
        least_units: What must be there at any time: spare units and zones; nights are not in daily peaks.
        most_units: What the plan has in place at its end.
        burst_ratio: How many times over demand may grow until new units are there, before those running are full;
            use may already be a tenth above the target without a reaction.
    """

    resource: str
    target_use_ratio: float
    target_value: float
    least_units: int
    most_units: int
    burst_ratio: float


def autoscaling(plan: ResourcePlan) -> Autoscaling | None:
    """Return the suggestion for replicas, or None for what is not scaled within minutes, or has no headroom."""
    resource, sizing = plan.resource, plan.resource.sizing
    if resource.kind != "replicas" or plan.in_place.size == 0 or plan.in_place[-1] == 0:
        return None
    target = 1 - sizing.headroom_ratio
    burst = 1 / (target * (1 + TOLERANCE_RATIO))
    most = int(plan.in_place[-1])
    if burst <= 1:
        return None
    return Autoscaling(
        resource=resource.name,
        target_use_ratio=target,
        target_value=target * resource.unit_capacity,
        least_units=min(most, max(1 + sizing.spare_units, sizing.zones)),
        most_units=most,
        burst_ratio=burst,
    )
