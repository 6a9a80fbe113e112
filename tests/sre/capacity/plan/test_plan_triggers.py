"""Alert rules of a plan: where their levels come from, and that they fire when an order is due."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.promtool import Promtool
from sre.capacity.plan.model import Sizing
from sre.capacity.plan.triggers import RULES_PATH, TESTS_PATH, capacity_triggers
from sre.capacity.plan.triggers_levels import order_level
from sre.capacity.plan.triggers_rules import rounded_down
from sre.core.promql import parse
from sre.core.rules.reading import read_rule_file
from sre.core.rules.scenarios import replayed_scenarios
from tests.support.capacity_plans import MONTH_DAYS, YEAR_DAYS, demand_of, plan_of
from tests.support.real_prometheus import require_program

MODERATE = settings(max_examples=60, deadline=None, derandomize=True)
QUERY = 'disk_used_bytes{device="sda"}'


def growing(ratio_per_month: float, *, start: float = 10.0):
    return start * (1 + ratio_per_month) ** (np.arange(YEAR_DAYS) / MONTH_DAYS)


def watched(paths, *, units_now: int, query: str = QUERY, asked: str | None = None, **facts):
    demand = demand_of(
        paths, selector=query, queries=(asked or f"max_over_time(({query})[1d:5m])",), present_peak=float(np.min(paths))
    )
    return plan_of(paths, units_now=units_now, demand=demand, **facts)


def test_an_order_is_due_one_lead_time_before_the_limit():
    """Source: arithmetic; at 10 % a month, a lead time of one month before 30 units there are 27.3."""
    plan = watched(growing(0.10), units_now=30, lead_time_days=MONTH_DAYS)
    found = order_level(plan, risk_ratio=0.1)
    assert found.limit_level == 30
    assert found.growth_ratio == pytest.approx(0.10, abs=0.005)
    assert found.order_level == pytest.approx(30 / 1.1, rel=0.005)
    assert found.order_use_ratio == pytest.approx(1 / 1.1, rel=0.005)
    assert not found.is_due


@pytest.mark.parametrize("lead", [7, 14, 45])
@pytest.mark.parametrize("ratio", [0.05, 0.15])
def test_demand_meets_the_level_on_the_day_the_plan_orders(lead, ratio):
    """Source: arithmetic; what the plan says by date the rule says by level, if demand goes as expected."""
    path = growing(ratio)
    plan = watched(path, units_now=15, lead_time_days=lead)
    level = order_level(plan, risk_ratio=0.1).order_level
    met = int(np.argmax(path >= level))
    assert met == pytest.approx((plan.steps[0].order_by_ms - plan.resource.demand.start_ms) / 86_400_000, abs=2)


def test_headroom_and_spare_units_lower_both_levels():
    """Source: arithmetic; 11 units with one spare and 30 % headroom carry 7."""
    plan = watched(growing(0.0, start=2.0), units_now=11, sizing=Sizing(0.3, spare_units=1))
    found = order_level(plan, risk_ratio=0.1)
    assert found.limit_level == pytest.approx(7)
    assert found.order_level == pytest.approx(7), "nothing grows, so an order is due only at the limit"


def test_a_peak_that_is_there_already_makes_the_order_due():
    """Our choice: a rule that fires at once says so in the plan."""
    plan = watched(growing(0.10, start=29.0), units_now=30, lead_time_days=MONTH_DAYS)
    assert order_level(plan, risk_ratio=0.1).is_due


def test_uncertain_growth_brings_the_order_forward():
    """Our choice: the level is that of the plan's risk, not of the middle."""
    rates = np.random.default_rng(3).normal(0.10, 0.04, 200)
    sure = order_level(watched(growing(0.10), units_now=30, lead_time_days=60), risk_ratio=0.1)
    unsure = order_level(
        watched(np.array([growing(r) for r in rates]), units_now=30, lead_time_days=60), risk_ratio=0.1
    )
    assert unsure.order_level < sure.order_level


@MODERATE
@given(ratio=st.floats(0, 0.4), units=st.integers(1, 60), lead=st.floats(0, 120), longer=st.floats(0, 60))
def test_a_longer_lead_time_never_raises_the_level(ratio, units, lead, longer):
    """Our choice: who waits longer orders at a lower level."""
    paths = growing(ratio)
    here = order_level(watched(paths, units_now=units, lead_time_days=lead), risk_ratio=0.1)
    there = order_level(watched(paths, units_now=units, lead_time_days=lead + longer), risk_ratio=0.1)
    assert 0 < there.order_level <= here.order_level * (1 + 1e-6) <= here.limit_level * (1 + 1e-6)


@MODERATE
@given(
    ratio=st.floats(-0.05, 0.25),
    noise=st.floats(0, 0.4),
    units=st.integers(1, 60),
    lead=st.floats(0, 60),
    zones=st.sampled_from([1, 3]),
    seed=st.integers(0, 3),
)
def test_the_rule_fires_at_once_only_where_the_plan_orders_at_once(ratio, noise, units, lead, zones, seed):
    """Our choice: a ticket that says order and a plan that says wait would both be mistrusted."""
    rng = np.random.default_rng(seed)
    paths = growing(ratio) * np.exp(rng.normal(0, noise, (40, YEAR_DAYS)))
    demand = demand_of(paths, selector=QUERY, queries=(QUERY,), present_peak=10.0)
    plan = plan_of(paths, units_now=units, lead_time_days=lead, sizing=Sizing(0.2, 1, zones), demand=demand)
    found = order_level(plan, risk_ratio=0.1)
    is_ordered_now = bool(plan.steps) and plan.steps[0].order_by_ms <= demand.start_ms + 86_400_000
    if found is not None and found.is_due:
        assert is_ordered_now or demand.present_peak >= found.limit_level


@MODERATE
@given(st.floats(1e-6, 1e18))
def test_levels_are_rounded_down_in_four_digits(level):
    """Our choice: rounding never makes an alert late."""
    rounded = rounded_down(level)
    assert level * 0.999 - 1e-12 <= rounded <= level * (1 + 1e-12)


def triggers_of(*plans):
    return capacity_triggers(plans, risk_ratio=0.1)


def failures_of(found):
    return [failure for result in replayed_scenarios(found.file, found.scenarios) for failure in result.failures]


def test_rules_do_what_their_situations_say():
    """Source: how the situations were made: below, between, above the levels, and nothing measured."""
    found = triggers_of(watched(growing(0.05), units_now=15))
    assert [one.resource for one in found.triggers] == ["api"]
    assert len(found.scenarios) == 3
    assert failures_of(found) == []


def test_a_level_that_is_wrong_fails_the_situations():
    """Our choice: situations that cannot fail prove nothing."""
    found = triggers_of(watched(growing(0.05), units_now=15))
    (group,) = found.file.groups
    wrong = tuple(
        replace(rule, expr=rule.expr.replace(">=", "<")) if getattr(rule, "alert", "") == "ApiOrderDue" else rule
        for rule in group.rules
    )
    broken = replace(found, file=replace(found.file, groups=(replace(group, rules=wrong),)))
    assert failures_of(broken)


def test_the_record_asks_for_what_was_measured():
    """Our choice: the rule watches the demand that the plan rests on, a counter's rate included."""
    asked = "max_over_time((sum(rate(http_requests_total[5m])))[6h:5m])"
    found = triggers_of(watched(growing(0.05), units_now=15, query="http_requests_total", asked=asked))
    record = found.file.groups[0].rules[0]
    assert record.expr == "max(max_over_time((sum(rate(http_requests_total[5m])))[1d:5m]))"
    assert len(found.scenarios) == 2, "its series are not made up; the record is"
    assert failures_of(found) == []
    for rule in found.file.rules():
        parse(rule.expr)


def test_files_hold_rules_and_tests_that_read_back():
    """Our choice."""
    found = triggers_of(watched(growing(0.05), units_now=15, name='odd "name" {{ x }}'))
    files = found.files()
    assert set(files) == {RULES_PATH, TESTS_PATH}
    assert read_rule_file(files[RULES_PATH]).groups[0].name == "capacity-OddNameX"
    assert "severity: page" not in files[RULES_PATH]
    assert failures_of(found) == []


@pytest.mark.anyio
@pytest.mark.real_prometheus
async def test_promtool_loads_the_rules_and_they_pass_their_tests():
    """Source: Prometheus' own checks of rules and unit tests."""
    require_program("promtool")
    disk = watched(growing(0.04, start=3.3e11), units_now=4, unit_capacity=1.1e11, unit="bytes", name="disk of db")
    asked = 'max_over_time((sum(rate(http_requests_total{code!="5\\"00"}[5m])))[6h:5m])'
    api = watched(growing(0.05), units_now=15, query="http_requests_total", asked=asked, name="a{{ \"b\" }} 'c'")
    files = triggers_of(disk, api).files()
    loaded = await Promtool().check_rules({RULES_PATH: files[RULES_PATH]})
    assert loaded.is_ok, loaded.output
    tested = await Promtool().test_rules(files, tests=[TESTS_PATH])
    assert tested.is_ok, tested.output


def test_names_that_come_out_alike_are_told_apart():
    """Our choice: two resources never share an alert."""
    found = triggers_of(
        watched(growing(0.05), units_now=15, name="db-1"),
        watched(growing(0.05), units_now=15, name="db 1"),
        watched(growing(0.05), units_now=15, name="1st"),
    )
    assert [one.order_alert for one in found.triggers] == ["Db1OrderDue", "Db12OrderDue", "Resource1stOrderDue"]
    assert failures_of(found) == []


def test_what_is_not_measured_or_carries_nothing_has_no_rule():
    """Our choice: a demand that was only stated cannot be watched."""
    found = triggers_of(plan_of(growing(0.05), units_now=15), watched(growing(0.05), units_now=0, name="none"))
    assert found.triggers == ()
    assert found.files() == {}
    assert [name for name, _ in found.left_out] == ["api", "none"]
    assert "query" in found.left_out[0][1]
