"""The error budget policy: what the remaining budget asks the team to do, and whether to deploy now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parent / "budget_policy.yaml"
# As in sre.core.slo.budget: spent to the last event is spent.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class PolicyLevel:
    """One level of the policy.

    Attributes:
        above_ratio: Remaining budget above which the level holds; None for the last level.
        at_least: Whether the bound itself belongs to the level.
    """

    level: str
    action: str
    allows_deploys: bool
    above_ratio: float | None
    at_least: bool = False

    def holds_at(self, remaining_ratio: float) -> bool:
        """Whether the level applies to this much remaining budget."""
        if self.above_ratio is None:
            return True
        if self.at_least:
            return remaining_ratio >= self.above_ratio - _SLACK
        return remaining_ratio > self.above_ratio + _SLACK


@dataclass(frozen=True, slots=True)
class DeployDecision:
    """Whether to deploy, and why."""

    is_allowed: bool
    reason: str


@cache
def default_policy() -> tuple[PolicyLevel, ...]:
    """Return the product's policy, most budget first."""
    import yaml

    return checked_policy(yaml.safe_load(_TABLE.read_text(encoding="utf-8"))["levels"])


def checked_policy(rows: Sequence[Mapping[str, object]]) -> tuple[PolicyLevel, ...]:
    """Return the rows of a table as levels.

    Raises:
        ValueError: Bounds do not fall, or the last level has one.
    """
    levels = tuple(_level(row) for row in rows)
    bounds = [level.above_ratio for level in levels]
    falling = [bound for bound in bounds[:-1] if bound is not None]
    if not levels or bounds[-1] is not None or len(falling) != len(levels) - 1:
        raise ValueError("every level but the last has a bound")
    if falling != sorted(set(falling), reverse=True):
        raise ValueError("levels go from most to least budget")
    return levels


def policy_level(remaining_ratio: float, *, policy: tuple[PolicyLevel, ...]) -> PolicyLevel:
    """Return the level that holds when `remaining_ratio` (1 = untouched, below 0 = overspent) is left."""
    return next(level for level in policy if level.holds_at(remaining_ratio))


def deploy_decision(
    level: PolicyLevel, *, firing_page_tiers: Sequence[str], is_burn_known: bool = True
) -> DeployDecision:
    """Return whether a deploy is allowed: not in a freeze, and not while a page tier burns.

    Args:
        firing_page_tiers: Names of the page tiers that fire now.
        is_burn_known: Whether burn rates of now are known at all; the reason says when they are not.
    """
    if not level.allows_deploys:
        return DeployDecision(False, f"Budget level is {level.level}: {level.action}")
    if firing_page_tiers:
        return DeployDecision(False, f"The budget burns at page speed now (tier {', '.join(firing_page_tiers)}).")
    now = "no page tier fires" if is_burn_known else "how fast it burns now is not known"
    return DeployDecision(True, f"Budget level is {level.level} and {now}.")


def _level(row: Mapping[str, object]) -> PolicyLevel:
    bound = row["above_ratio"]
    return PolicyLevel(
        level=str(row["level"]),
        action=str(row["action"]),
        allows_deploys=bool(row["allows_deploys"]),
        above_ratio=None if bound is None else float(str(bound)),
        at_least=bool(row["at_least"]),
    )
