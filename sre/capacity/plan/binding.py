"""Which resource binds: the one whose demand fits least often into what it may carry, now and later."""

from collections.abc import Sequence

import numpy as np

from sre.capacity.plan.model import DAY_MS, Binding, ResourcePlan

# The order of resources is looked at once a month; what changes and changes back within one is noise.
_LOOK_EVERY_DAYS = 30


def binding_constraints(plans: Sequence[ResourcePlan], *, start_ms: int, days: int) -> tuple[Binding, ...]:
    """Return the tightest resource from each day on which it changes, all with the units of today.

    A resource is compared as long as its demand is known. Room never grows with time, since it is measured against
    the highest peak so far.
    """
    found: list[Binding] = []
    looks = sorted({*range(0, days, _LOOK_EVERY_DAYS), days - 1})
    for day in looks:
        binding = _at(plans, day, start_ms)
        if binding is not None and (not found or found[-1].resource != binding.resource):
            found.append(binding)
    return tuple(found)


def _at(plans: Sequence[ResourcePlan], day: int, start_ms: int) -> Binding | None:
    rooms = [(plan.resource.name, float(plan.room_ratio[day])) for plan in plans if day < plan.room_ratio.size]
    known = sorted((room for room in rooms if np.isfinite(room[1])), key=lambda room: (room[1], room[0]))
    if not known:
        return None
    (name, room), *others = known
    return Binding(start_ms + day * DAY_MS, name, room, tuple(others))
