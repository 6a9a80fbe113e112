"""When a burn-rate alert fires: episodes of one rule, and what of them reaches a person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sre.core.labels import Labels
from sre.core.series import BoolArray
from sre.core.slo.burn_rate import BurnRateTier

# Alerts that come back this soon are one interruption: whoever was called is still at it (our choice).
SAME_ALARM_MS = 15 * 60_000


@dataclass(frozen=True, slots=True)
class TierEpisode:
    """One time that the alert of a tier fired, for one group.

    Attributes:
        pending_ms: First step at which both windows were above the threshold.
        start_ms: First step at which it fired; later than `pending_ms` by the rule's `for`.
        last_ms: Last step at which it fired.
        end_ms: First step at which it no longer fired, or None where it fires at the last step of all.
        peak_burn_rate: Highest burn rate over the long window while it fired.
    """

    tier: BurnRateTier
    group: Labels
    pending_ms: int
    start_ms: int
    last_ms: int
    end_ms: int | None
    peak_burn_rate: float

    @property
    def seconds(self) -> float:
        """How long it fired, as far as is known."""
        return ((self.last_ms if self.end_ms is None else self.end_ms) - self.start_ms) / 1000

    @property
    def severity(self) -> Literal["page", "ticket"]:
        """Whether it wakes somebody."""
        return self.tier.severity

    def fires_at(self, at_ms: int) -> bool:
        """Whether it fires at an instant."""
        return self.start_ms <= at_ms and (self.end_ms is None or at_ms < self.end_ms)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a person hears of once: episodes of one severity that overlap or follow each other closely.

    Attributes:
        episodes: By start; at least one.
        notified_ms: When it is sent: at the first start, or for a ticket when no page inhibits it any more.
            None for a ticket that pages inhibit all the time.
    """

    episodes: tuple[TierEpisode, ...]
    notified_ms: int | None

    @property
    def first(self) -> TierEpisode:
        """The episode that began it."""
        return self.episodes[0]

    @property
    def severity(self) -> Literal["page", "ticket"]:
        """Whether it wakes somebody."""
        return self.first.severity

    @property
    def start_ms(self) -> int:
        """When the first of its alerts fired."""
        return self.first.start_ms

    @property
    def end_ms(self) -> int | None:
        """When the last of its alerts was over; None where one fires at the end."""
        ends = [episode.end_ms for episode in self.episodes]
        return None if None in ends else max(end for end in ends if end is not None)

    @property
    def peak(self) -> TierEpisode:
        """The episode with the highest burn rate."""
        return max(self.episodes, key=lambda episode: episode.peak_burn_rate)

    @property
    def tiers(self) -> tuple[str, ...]:
        """Names of its tiers, in the order in which they fired."""
        return tuple(dict.fromkeys(episode.tier.name for episode in self.episodes))

    @property
    def groups(self) -> tuple[Labels, ...]:
        """Its groups, in the order in which they fired."""
        return tuple(dict.fromkeys(episode.group for episode in self.episodes))


def firing_runs(condition: BoolArray, *, for_steps: int) -> Iterator[tuple[int, int, int]]:
    """Yield the runs of steps over which an alert fires, as (pending, start, stop), stop excluded.

    Args:
        condition: shape (steps,), whether the rule's expression holds.
        for_steps: Steps that it must have held before.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], condition, [False]]).astype(np.int8)))
    for pending, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if pending + for_steps < stop:
            yield pending, pending + for_steps, stop


def pages_of(episodes: Sequence[TierEpisode]) -> tuple[Alarm, ...]:
    """Return the times that somebody is woken, earliest first."""
    pages = [episode for episode in episodes if episode.severity == "page"]
    return tuple(Alarm(run, run[0].start_ms) for run in _together(pages))


def tickets_of(episodes: Sequence[TierEpisode]) -> tuple[Alarm, ...]:
    """Return the tickets, earliest first; what pages of the same group inhibit is sent once they are over, if ever."""
    pages = [episode for episode in episodes if episode.severity == "page"]
    tickets = [episode for episode in episodes if episode.severity == "ticket"]
    return tuple(Alarm(run, _sent_ms(run, pages)) for run in _together(tickets))


def _sent_ms(run: Sequence[TierEpisode], pages: Sequence[TierEpisode]) -> int | None:
    sent = [at for at in (_first_uninhibited_ms(episode, pages) for episode in run) if at is not None]
    return min(sent, default=None)


def _first_uninhibited_ms(ticket: TierEpisode, pages: Sequence[TierEpisode]) -> int | None:
    at = ticket.start_ms
    for page in sorted(pages, key=lambda page: page.start_ms):
        if page.group == ticket.group and page.fires_at(at):
            if page.end_ms is None:
                return None
            at = page.end_ms
    return at if ticket.fires_at(at) else None


def _together(episodes: Sequence[TierEpisode]) -> Iterator[tuple[TierEpisode, ...]]:
    run: list[TierEpisode] = []
    until: float = 0.0
    for episode in sorted(episodes, key=lambda episode: (episode.start_ms, episode.tier.long_seconds)):
        if run and episode.start_ms > until + SAME_ALARM_MS:
            yield tuple(run)
            run, until = [], 0.0
        run.append(episode)
        until = max(until, float("inf") if episode.end_ms is None else episode.end_ms)
    if run:
        yield tuple(run)
