"""When the budget will be gone if errors keep coming at the rate of now."""

from datetime import datetime, timedelta

from sre.slo.history import EventHistory


def exhausted_at_linear(
    *, at: datetime, remaining_ratio: float, burn_rate: float, period_seconds: float
) -> datetime | None:
    """Return when a budget that nothing flows back into is spent, or None if it does not shrink.

    Args:
        remaining_ratio: Share of the budget that is left, > 0.
        burn_rate: 1.0 spends the whole budget in one period.

    Source:
        The Site Reliability Workbook (2018), ch. 5, section 4: time to exhaustion = period / burn rate.
    """
    if burn_rate <= 0:
        return None
    return at + timedelta(seconds=remaining_ratio * period_seconds / burn_rate)


def exhausted_at_rolling(
    history: EventHistory, *, at: datetime, budget_ratio: float, burn_rate: float
) -> datetime | None:
    """Return when a rolling budget is spent: new bad events come at `burn_rate`, old ones leave at the far end.

    Traffic goes on at the mean of the slices with data. With a short history the allowance grows as the window fills.

    Args:
        history: Exactly the period up to `at`.
        budget_ratio: Share of events that may be bad.
        burn_rate: Rate from now on.

    Returns:
        The instant, linear within a slice; None if the budget never runs out at this rate.
    """
    known = [total for total in history.totals if total is not None]
    if burn_rate <= 0 or not known or sum(known) <= 0:
        return None
    traffic = sum(known) / len(known)
    new_excess = traffic * budget_ratio * (burn_rate - 1.0)
    # Bad events above the allowance; the budget is spent when this reaches zero.
    excess = sum(history.bads) - budget_ratio * sum(known)
    # One period is enough: by its end all that is in the window came at this rate, and nothing changes any more.
    for index, (bad, total) in enumerate(zip(history.bads, history.totals, strict=True)):
        change = new_excess - (bad - budget_ratio * (total or 0.0))
        if excess + change >= 0 and change > 0:
            part = max(0.0, -excess / change)
            return at + timedelta(seconds=history.slice_seconds * (index + part))
        excess += change
    return None
