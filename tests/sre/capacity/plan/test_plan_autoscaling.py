"""A target for an autoscaler from the headroom of a plan."""

import pytest

from sre.capacity.plan.model import Sizing
from sre.capacity.plan.triggers_autoscaling import autoscaling
from tests.support.capacity_plans import a_year, plan_of


def test_the_target_leaves_the_headroom_free():
    """Source: arithmetic; 30 % headroom of 250 a second is 175, and use may stand at 77 % before anything happens."""
    plan = plan_of(a_year(*[1000] * 12), units_now=6, unit_capacity=250.0, sizing=Sizing(0.3, spare_units=1, zones=3))
    found = autoscaling(plan)
    assert found.target_use_ratio == pytest.approx(0.7)
    assert found.target_value == pytest.approx(175)
    assert found.least_units == 3
    assert found.most_units == plan.in_place[-1] == 8
    assert found.burst_ratio == pytest.approx(1 / 0.77)


def test_disks_and_full_units_are_not_autoscaled():
    """Our choice: what takes weeks to come is ordered; without headroom any growth comes too late."""
    assert autoscaling(plan_of(a_year(*[10] * 12), units_now=10, kind="disk")) is None
    assert autoscaling(plan_of(a_year(*[10] * 12), units_now=10)) is None
