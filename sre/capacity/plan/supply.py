"""How many units a demand needs: headroom, spare units, a zone that may be lost."""

import numpy as np

from sre.capacity.plan.model import Resource, Sizing
from sre.core.series import FloatArray, IntArray

# Unit counts are whole; 3.0000000001 units from rounding are 3.
_SLACK = 1e-9


def units_needed(demand: FloatArray, *, unit_capacity: float, sizing: Sizing) -> IntArray:
    """Return whole units that carry each demand by the sizing; 0 where nothing is asked.

    Two rules, and the larger counts: on a usual day the peak leaves the headroom free, with the spare units not
    counted; with one of k zones lost (units spread as evenly as whole numbers allow, the fullest zone goes) the peak
    uses what remains up to `zone_loss_use_ratio`.

    Args:
        demand: any shape, >= 0, the unit of `unit_capacity`.
        unit_capacity: What one unit carries at full use, > 0.

    Source:
        Our handbook, "Headroom": survivors of a zone at or under 80 %; N+1 of Beyer et al., Site Reliability
        Engineering (2016), ch. 18, with one unit in place of two.
    """
    usual = _whole(demand / (unit_capacity * (1 - sizing.headroom_ratio)))
    needed = np.where(usual > 0, usual + sizing.spare_units, 0)
    if sizing.zones > 1:
        remaining = _whole(demand / (unit_capacity * sizing.zone_loss_use_ratio))
        needed = np.maximum(needed, with_a_zone_lost(remaining, zones=sizing.zones))
    return np.asarray(needed, dtype=np.int64)


def with_a_zone_lost(remaining: IntArray, *, zones: int) -> IntArray:
    """Return the least count of which `remaining` are left when the fullest of `zones` zones is lost.

    n units leave n - ceil(n / zones) = floor(n (zones - 1) / zones); the least n for r is ceil(r zones / (zones - 1)).

    Args:
        zones: >= 2.
    """
    return -(-remaining * zones // (zones - 1))


def carried(resource: Resource) -> float:
    """Return the highest peak that the units of today carry by the sizing, in the resource's unit, >= 0."""
    sizing, units = resource.sizing, resource.units_now
    usual = max(0, units - sizing.spare_units) * resource.unit_capacity * (1 - sizing.headroom_ratio)
    if sizing.zones < 2:
        return usual
    left = units * (sizing.zones - 1) // sizing.zones
    return min(usual, left * resource.unit_capacity * sizing.zone_loss_use_ratio)


def _whole(units: FloatArray) -> IntArray:
    # Far beyond any count of machines, but still exact as a whole number.
    return np.asarray(np.ceil(np.minimum(units, 1e15) * (1 - _SLACK)), dtype=np.int64)
