"""An SLO in a few fields: what it promises, and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from sre.core.figures import figure_text
from tools.answer import Figure, Part, RatioNearOne

if TYPE_CHECKING:
    from sre.core.slo.model import Slo
    from tools.slo.slo_status import GroupStatus, SloStatus


# Coverage is known in steps of a thirtieth.
_WHOLE_COVERAGE = 0.95


class SloFacts(Part):
    """What an SLO promises."""

    name: str
    service: str
    objective_ratio: RatioNearOne
    window: str
    kind: str = Field(description="What is measured, and what the budget counts")
    group_by: list[str] = Field(default_factory=list)


class SloStanding(Part):
    """How an SLO stands; of several groups, how the worst one does."""

    remaining_ratio: Figure = None
    sli_ratio: RatioNearOne = None
    total_events: Figure = None
    bad_events: Figure = None
    fast_burn_rate: Figure = Field(None, description="Over the long window of the fastest tier")
    slow_burn_rate: Figure = Field(None, description="The same of the slowest")
    firing_tiers: list[str] = Field(default_factory=list)
    policy: str | None = None
    coverage_ratio: Figure = None
    group_count: int = 0
    worst_group: dict[str, str] = Field(default_factory=dict)


def facts_of(slo: Slo) -> SloFacts:
    """Return what an SLO promises."""
    return SloFacts(
        name=slo.name,
        service=slo.service,
        objective_ratio=slo.objective_ratio,
        window=str(slo.window),
        kind=kind_of(slo),
        group_by=list(slo.group_by),
    )


def kind_of(slo: Slo) -> str:
    """Return what is measured and what the budget counts, in words."""
    from sre.core.slo.model import RatioIndicator, RawRatioIndicator, TimeSlices

    if isinstance(slo.indicator, RatioIndicator):
        measured = "ratio of events"
    elif isinstance(slo.indicator, RawRatioIndicator):
        measured = "ratio as recorded"
    else:
        measured = "metric against a limit"
    if isinstance(slo.budgeting, TimeSlices):
        return f"{measured}, in slices of {slo.budgeting.slice_window}"
    return measured


def standing_of(slo: Slo, status: SloStatus) -> SloStanding:
    """Return how an SLO stands."""
    worst = status.worst_group
    return SloStanding(
        remaining_ratio=status.remaining_ratio,
        sli_ratio=status.sli_ratio,
        total_events=status.total,
        bad_events=status.bad,
        fast_burn_rate=status.fast_burn_rate,
        slow_burn_rate=status.slow_burn_rate,
        firing_tiers=list(dict.fromkeys(tier for group in status.groups for tier in group.firing_tiers)),
        policy=status.policy_level,
        coverage_ratio=status.coverage_ratio,
        group_count=len(status.groups) if slo.group_by else 0,
        worst_group=dict(worst.labels) if worst else {},
    )


def share_text(ratio: float) -> str:
    """Return an SLI for a sentence; near 1 it needs more digits than other ratios."""
    return f"{ratio:.4%}".replace("%", " %")


def coverage_warning(status: SloStatus, slo: Slo) -> list[str]:
    """Return the warning that the source does not hold the whole window, if so."""
    if status.coverage_ratio is None or status.coverage_ratio >= _WHOLE_COVERAGE:
        return []
    share = figure_text(status.coverage_ratio, "ratio")
    return [f"The source has data for {share} of {slo.window} only; the figures are those of that time."]


def left_words(remaining_ratio: float) -> str:
    """Return how much of a budget is left, for a sentence."""
    if remaining_ratio < 0:
        return f"overspent by {figure_text(-remaining_ratio, 'ratio')}"
    return f"{figure_text(remaining_ratio, 'ratio')} left"


def spent_groups(status: SloStatus) -> tuple[GroupStatus, ...]:
    """Return the groups whose budget is spent."""
    return tuple(group for group in status.groups if group.remaining_ratio is not None and group.remaining_ratio <= 0)
