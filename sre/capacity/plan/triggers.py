"""Alert rules that say when a plan's next order is due, with situations that prove them.

For the tool: `capacity_triggers(plans, risk_ratio=...)` gives the rule file, its unit tests and the levels; check them
with `tools.rule_checks.rule_checks` and deliver both files. All are tickets: capacity is ordered in office hours, what
users feel is paged for by other rules.

Each resource gets a record of its demand's highest value of the last day, as the plan counts demand, and three alerts
on it: the order is due, the headroom is used up, the demand is no longer measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sre.capacity.plan.model import ResourcePlan
from sre.capacity.plan.triggers_levels import OrderLevel, order_level
from sre.capacity.plan.triggers_rules import MISSING_SECONDS, rounded_down, shown_level, trigger_rules
from sre.capacity.plan.triggers_scenarios import trigger_scenarios
from sre.core.conventions import camel_case
from sre.core.errors import InputError, RefusedError
from sre.core.promql import parse
from sre.core.promql.nodes import CallNode, SubqueryNode
from sre.core.promql_writing import promql_of
from sre.core.rules.model import AlertRule, RuleFile, RuleGroup
from sre.core.rules.scenarios import Scenario, promtool_tests
from sre.core.rules.writing import rule_file_yaml

RULES_PATH = "rules/capacity.yml"
TESTS_PATH = "tests/capacity.test.yml"
# A day's peak moves slowly; well under the five minutes after which a sample is no longer seen.
_INTERVAL_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Trigger:
    """The alerts of one resource.

    Attributes:
        level_text, limit_text: The levels as people read them.
    """

    resource: str
    order_alert: str
    headroom_alert: str
    levels: OrderLevel
    level_text: str
    limit_text: str


@dataclass(frozen=True, slots=True)
class CapacityTriggers:
    """Rules with their tests.

    Attributes:
        left_out: Resource and why it has no rules.
    """

    triggers: tuple[Trigger, ...]
    file: RuleFile
    scenarios: tuple[Scenario, ...]
    left_out: tuple[tuple[str, str], ...]

    def files(self) -> dict[str, str]:
        """Return rules and unit tests as YAML by path; nothing where there are no rules."""
        if not self.triggers:
            return {}
        return {
            RULES_PATH: rule_file_yaml(self.file, header=_header(self.triggers)),
            TESTS_PATH: promtool_tests(self.scenarios, rule_paths=[f"../{RULES_PATH}"]),
        }


def capacity_triggers(plans: Sequence[ResourcePlan], *, risk_ratio: float, runbook_url: str = "") -> CapacityTriggers:
    """Return the rules of all resources whose demand is measured by a query.

    Args:
        risk_ratio: The probability of being late that the plan accepted.
        runbook_url: Address of a runbook with `{alert}` in it; empty for files beside the rules.
    """
    watched: list[_Watched] = []
    left_out = []
    names: set[str] = set()
    for plan in plans:
        demand, levels = _demand_query(plan), order_level(plan, risk_ratio=risk_ratio)
        if demand is None or levels is None:
            left_out.append((plan.resource.name, _why_not(has_query=demand is not None)))
            continue
        watched.append(_watched(plan, _free_stem(plan.resource.name, names), demand, levels, runbook_url))
    return CapacityTriggers(
        triggers=tuple(one.trigger for one in watched),
        file=RuleFile(tuple(one.group for one in watched), RULES_PATH),
        scenarios=tuple(scenario for one in watched for scenario in one.scenarios),
        left_out=tuple(left_out),
    )


@dataclass(frozen=True, slots=True)
class _Watched:
    """What one resource gets."""

    trigger: Trigger
    group: RuleGroup
    scenarios: tuple[Scenario, ...]


def _watched(plan: ResourcePlan, stem: str, demand: str, levels: OrderLevel, runbook_url: str) -> _Watched:
    rules = trigger_rules(plan, stem, demand, levels, runbook_url)
    order_alert, headroom_alert, missing_alert = (rule.alert for rule in rules if isinstance(rule, AlertRule))
    scenarios = trigger_scenarios(
        plan.resource.name,
        demand,
        order_alert=order_alert,
        headroom_alert=headroom_alert,
        missing_alert=missing_alert,
        order_level=rounded_down(levels.order_level),
        limit_level=rounded_down(levels.limit_level),
        missing_seconds=MISSING_SECONDS,
    )
    trigger = Trigger(
        resource=plan.resource.name,
        order_alert=order_alert,
        headroom_alert=headroom_alert,
        levels=levels,
        level_text=shown_level(levels.order_level, plan),
        limit_text=shown_level(levels.limit_level, plan),
    )
    return _Watched(trigger, RuleGroup(f"capacity-{stem}", rules, interval_seconds=_INTERVAL_SECONDS), scenarios)


def _demand_query(plan: ResourcePlan) -> str | None:
    """Return what is measured of a resource, without the daily peaks that the plan took of it."""
    demand = plan.resource.demand
    asked = demand.queries[0] if demand.queries else demand.selector
    if not demand.selector or not asked:
        return None
    try:
        tree = parse(asked).ast
    except (InputError, RefusedError):
        return demand.selector
    if isinstance(tree, CallNode) and tree.function == "max_over_time" and isinstance(tree.args[0], SubqueryNode):
        return promql_of(tree.args[0].expr)
    return asked


def _why_not(*, has_query: bool) -> str:
    if not has_query:
        return "no query measures the demand: give {query: ...} to have it watched"
    return "the units of today carry nothing by the sizing"


def _free_stem(name: str, taken: set[str]) -> str:
    """Return a name for alerts that no other resource has; letters and digits, not beginning with one of these."""
    stem = camel_case(name) or "Resource"
    stem = f"Resource{stem}" if stem[0].isdigit() else stem
    free = next(one for one in (stem, *(f"{stem}{number}" for number in range(2, 1000))) if one not in taken)
    taken.add(free)
    return free


def _header(triggers: Sequence[Trigger]) -> str:
    lines = ["When the next order of capacity is due. The levels hold for the units of today: plan again after a step."]
    lines += [f"  {one.order_alert}: {one.level_text}; {one.headroom_alert}: {one.limit_text}" for one in triggers]
    return "\n".join(lines)
