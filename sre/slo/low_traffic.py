"""When there are too few events for a ratio to mean much."""

from collections.abc import Mapping

from sre.core.slo.budget import EventCounts
from sre.core.slo.burn_rate import BurnRateTier

# One event that takes this share of the budget makes the budget a matter of luck (our choice).
_LARGE_SHARE_OF_BUDGET = 0.1
# -ln(0.05), rounded as the rule has it.
_RULE_OF_THREE = 3.0


def budget_note(allowed_bad: float, *, thing: str = "event") -> str | None:
    """Return a warning when one bad event spends much or all of the budget.

    Args:
        allowed_bad: Bad events the period can bear, > 0.
        thing: What is counted, in the singular.

    Source:
        The Site Reliability Workbook (2018), ch. 5, "Low-Traffic Services and Error Budget Alerting".
    """
    few = "Low traffic" if thing == "event" else "A coarse budget"
    if allowed_bad < 1:
        return f"{few}: the period allows {allowed_bad:.2g} bad {thing}s, so a single one overspends the budget."
    if 1 / allowed_bad > _LARGE_SHARE_OF_BUDGET:
        return f"{few}: one bad {thing} spends {1 / allowed_bad:.0%} of the budget."
    return None


def least_provable_ratio(event_count: float) -> float:
    """Return the smallest share of failures that so many events can rule out, even if not one of them fails.

    Args:
        event_count: Events looked at, > 0.

    Returns:
        The upper end of the one-sided 95 % interval of a failure rate of which no failure was seen: 3 / events.

    Source:
        Hanley and Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?", JAMA 249 (1983): the rule of three.
    """
    return min(1.0, _RULE_OF_THREE / event_count)


def fires_on_one_event(tier: BurnRateTier, *, window_counts: Mapping[float, EventCounts], budget_ratio: float) -> bool:
    """Whether a single bad event at this traffic puts both windows of a tier above its factor."""
    counts = [window_counts.get(seconds) for seconds in (tier.long_seconds, tier.short_seconds)]
    return all(seen is not None and seen.total > 0 and 1 / seen.total / budget_ratio > tier.factor for seen in counts)
