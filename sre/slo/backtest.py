"""What burn-rate alerts would have done: settings replayed on a history of counts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sre.core.labels import Labels
from sre.core.series import BoolArray
from sre.core.slo.budget import budget_ratio
from sre.core.slo.burn_rate import BurnRateTier
from sre.slo.alert_tiers import threshold_ratio
from sre.slo.burn_history import BaseHistory, GroupHistory
from sre.slo.episodes import TierEpisode, firing_runs


@dataclass(frozen=True, slots=True)
class AlertSetting:
    """How an SLO alerts.

    Attributes:
        name: For people.
        objective_ratio: Share of events that must be good, 0 < x < 1.
        tiers: Fastest first.
        min_bad_events: Bad events in the long window below which nothing pages, 0 for none; None where nothing is said
            of it, so that the traffic decides.
        low_traffic_min: The same by tier, for pages of which nothing is said and that one event would send.
        for_seconds: How long both windows must be above the threshold first, by tier name; 0 where not named.
    """

    name: str
    objective_ratio: float
    tiers: tuple[BurnRateTier, ...]
    min_bad_events: float | None = None
    low_traffic_min: Mapping[str, float] = field(default_factory=dict)
    for_seconds: Mapping[str, float] = field(default_factory=dict)

    def threshold_ratio(self, tier: BurnRateTier) -> float:
        """Return the share of bad events that both windows of a tier must exceed."""
        return threshold_ratio(tier, objective_ratio=self.objective_ratio)

    def least_bad_events(self, tier: BurnRateTier) -> float:
        """Return the bad events in the long window below which a tier stays silent; 0 where it asks for none."""
        if tier.severity != "page":
            return 0.0
        return self.low_traffic_min.get(tier.name, 0.0) if self.min_bad_events is None else self.min_bad_events

    def longest_seconds(self) -> float:
        """Return the longest window of its tiers."""
        return max((tier.long_seconds for tier in self.tiers), default=0.0)


def tier_episodes(
    history: BaseHistory,
    *,
    tiers: Sequence[BurnRateTier],
    objective_ratio: float,
    min_bad_events: float = 0.0,
    for_seconds: float = 0.0,
    since_ms: int | None = None,
) -> tuple[TierEpisode, ...]:
    """Return when each tier would have fired, by start.

    Args:
        min_bad_events: Bad events in the long window below which nothing pages.
        for_seconds: How long the condition must hold first, for every tier.
        since_ms: What fires before this instant only fills the windows; an episode under way then begins then.
    """
    waits = {tier.name: for_seconds for tier in tiers}
    setting = AlertSetting("", objective_ratio, tuple(tiers), min_bad_events, for_seconds=waits)
    return replayed(history, [setting], since_ms=since_ms)[0]


def replayed(
    history: BaseHistory,
    settings: Sequence[AlertSetting],
    *,
    since_ms: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[tuple[TierEpisode, ...], ...]:
    """Return for each setting when its tiers would have fired; the windows are counted once for all settings.

    Args:
        since_ms: What fires before this instant only fills the windows; an episode under way then begins then.
        should_stop: Asked between groups, those with most bad events first; what was found by then is returned.
    """
    found: list[list[TierEpisode]] = [[] for _ in settings]
    for index in _failing_groups(history):
        if should_stop():
            break
        labels = history.groups[index]
        group = history.group(index)
        for setting, episodes in zip(settings, found, strict=True):
            for tier in setting.tiers:
                episodes.extend(_of_tier(group, labels, tier, setting, since_ms=since_ms))
    return tuple(tuple(sorted(episodes, key=_by_start)) for episodes in found)


def _failing_groups(history: BaseHistory) -> list[int]:
    """Return the groups with bad events, those with most first; the others cannot alert."""
    bad = np.nansum(history.bad, axis=1)
    return [index for index in np.argsort(-bad, kind="stable").tolist() if bad[index] > 0]


def firing_condition(group: GroupHistory, tier: BurnRateTier, setting: AlertSetting) -> BoolArray:
    """Return at which steps the expression of a tier's alert holds, shape (steps,)."""
    threshold = setting.threshold_ratio(tier)
    long, short = group.over(tier.long_seconds), group.over(tier.short_seconds)
    # NaN is not above anything: a window without events or knowledge does not alert.
    holds: BoolArray = (long.error_ratio > threshold) & (short.error_ratio > threshold)
    if (least := setting.least_bad_events(tier)) > 0:
        holds &= long.bad >= least
    return holds


def _of_tier(
    group: GroupHistory, labels: Labels, tier: BurnRateTier, setting: AlertSetting, *, since_ms: int | None
) -> Iterator[TierEpisode]:
    grid = group.grid
    holds = firing_condition(group, tier, setting)
    if not holds.any():
        return
    burn = group.over(tier.long_seconds).error_ratio / budget_ratio(setting.objective_ratio)
    wait_steps = -(-round(setting.for_seconds.get(tier.name, 0.0) * 1000) // grid.step_ms)
    first = 0 if since_ms is None else max(0, -(-(since_ms - grid.start_ms) // grid.step_ms))
    for pending, start, stop in firing_runs(holds, for_steps=wait_steps):
        if stop <= first:
            continue
        begin = max(start, first)
        yield TierEpisode(
            tier=tier,
            group=labels,
            pending_ms=grid.start_ms + grid.step_ms * pending,
            start_ms=grid.start_ms + grid.step_ms * begin,
            last_ms=grid.start_ms + grid.step_ms * (stop - 1),
            end_ms=None if stop == grid.count else grid.start_ms + grid.step_ms * stop,
            peak_burn_rate=float(np.nanmax(burn[begin:stop])),
        )


def _by_start(episode: TierEpisode) -> tuple[int, float, str]:
    return episode.start_ms, episode.tier.long_seconds, str(episode.group)
