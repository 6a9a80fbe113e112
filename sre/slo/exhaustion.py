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
    history: EventHistory, *, at: datetime, remaining_ratio: float, burn_rate: float
) -> datetime | None:
    """Return when a rolling budget is spent: new bad events come at `burn_rate`, old ones leave at the far end.

    Traffic is taken as even at the period's mean, so a slice of steady burn spends burn_rate / slices.

    Args:
        history: Exactly the period up to `at`.
        remaining_ratio: Share of the budget left now, > 0.
        burn_rate: Rate from now on.

    Returns:
        The instant, linear within a slice; None if the budget never runs out at this rate.
    """
    slices = len(history.bads)
    bad_total = sum(history.bads)
    if burn_rate <= 0 or slices == 0:
        return None
    spent, share_in = 1.0 - remaining_ratio, burn_rate / slices
    share_of_bad = spent / bad_total if bad_total > 0 else 0.0
    # One period is enough: by its end all that is in the window came at this rate, and nothing changes any more.
    for index in range(slices):
        change = share_in - history.bads[index] * share_of_bad
        if spent + change >= 1.0:
            part = (1.0 - spent) / change
            return at + timedelta(seconds=history.slice_seconds * (index + part))
        spent += change
    return None
