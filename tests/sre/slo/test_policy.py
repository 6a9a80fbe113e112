"""The error budget policy: over 50 % ship, 20 to 50 % balance, under 20 % freeze, spent all hands (the product's own)."""

import pytest

from sre.slo.policy import checked_policy, default_policy, deploy_decision, policy_level


@pytest.mark.parametrize(
    ("remaining", "level", "may_deploy"),
    [
        (1.0, "healthy", True),
        (0.500001, "healthy", True),
        (0.5, "caution", True),
        (0.2, "caution", True),
        (0.199, "critical", False),
        (0.0001, "critical", False),
        (0.0, "exhausted", False),
        (-0.85, "exhausted", False),
    ],
)
def test_the_level_follows_from_what_is_left(remaining: float, level: str, may_deploy: bool) -> None:
    found = policy_level(remaining, policy=default_policy())
    assert found.level == level
    assert deploy_decision(found, firing_page_tiers=()).is_allowed is may_deploy


def test_nobody_deploys_into_a_fire_even_with_budget_left() -> None:
    decision = deploy_decision(policy_level(0.9, policy=default_policy()), firing_page_tiers=("fast",))
    assert not decision.is_allowed
    assert "fast" in decision.reason


ROW = {"level": "a", "action": "b", "allows_deploys": True, "above_ratio": 0.5, "at_least": False}
LAST = ROW | {"above_ratio": None}


@pytest.mark.parametrize("rows", [[], [ROW], [LAST, LAST], [ROW, ROW | {"above_ratio": 0.7}, LAST], [ROW, ROW, LAST]])
def test_a_policy_that_contradicts_itself_is_refused_on_load(rows: list[dict[str, object]]) -> None:
    with pytest.raises(ValueError, match="level"):
        checked_policy(rows)
