"""Everything a source has to say about an SLO of any kind, asked at once: the period, burn-rate windows, history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import anyio

from sre.core.times import Window
from tools.concurrent import all_of, attempted, seconds_left
from tools.slo.budget_groups import SLICES, GroupCounts, SliReader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from sre.core.labels import Labels
    from sre.core.slo.burn_rate import BurnRateTier
    from sre.core.slo.model import Slo
    from sre.core.slo.windows import Period
    from sre.slo.history import EventHistory
    from sre.slo.report import BudgetFacts

# Burn rates and history refine the answer, so they may not eat the deadline of the call (50 s).
REFINEMENT_SECONDS = 25.0


@dataclass(slots=True)
class GroupsRead:
    """What came back of the questions asked at once.

    Attributes:
        windows: Counts of the last so many seconds, by seconds; a window the source did not count is absent.
        histories: The elapsed period in slices, by group; None where that could not be had.
    """

    whole: GroupCounts = field(default_factory=lambda: GroupCounts({}))
    windows: dict[float, GroupCounts] = field(default_factory=dict)
    histories: Mapping[Labels, EventHistory] | None = None

    @property
    def coverage_ratio(self) -> float | None:
        """Share of the elapsed period with data: that of the group with most; None where not known."""
        if self.histories is None:
            return None
        return max((one.coverage_ratio for one in self.histories.values()), default=0.0)


@dataclass(frozen=True, slots=True)
class SloCase:
    """An SLO placed in time, and where it is read."""

    slo: Slo
    source: MetricSource
    period: Period
    tiers: tuple[BurnRateTier, ...]

    @classmethod
    def at(cls, slo: Slo, source: MetricSource, *, at: datetime) -> SloCase:
        """Return the SLO as it is judged at an instant."""
        from sre.core.slo.windows import period_at
        from sre.slo.period_tiers import period_tiers

        period = period_at(slo.window, at=at)
        queries = SliReader(source, slo).queries
        base = queries.base_seconds if queries.counted == "slices" else None
        return cls(slo, source, period, period_tiers(slo, period_seconds=period.seconds, base_seconds=base))

    @property
    def reader(self) -> SliReader:
        """Counts at the source."""
        return SliReader(self.source, self.slo)

    @property
    def lengths(self) -> list[float]:
        """All burn-rate windows in seconds."""
        return window_lengths(self.tiers)

    async def read(self, *, slices: int = SLICES) -> GroupsRead:
        """Ask for everything at once.

        Raises:
            SreError: The source did not count the period; what refines the answer is left out in silence.
        """
        into = GroupsRead()
        since = await attempted(partial(self.reader.since, self._elapsed), seconds=REFINEMENT_SECONDS)
        first: list[Callable[[], Awaitable[None]]] = [
            partial(self._whole, since, into),
            partial(self._histories, slices, into),
        ]
        first.append(partial(self._recent, None, into))
        await all_of(first)
        if into.whole.newborn_events > 0:
            # What began inside the period may have begun inside these windows too, and counts there as well.
            await self._recent(since, into)
        return into

    def facts(self, group: Labels, found: GroupsRead) -> BudgetFacts:
        """Return what the budget of one group is judged from."""
        from sre.slo.report import BudgetFacts

        return BudgetFacts(
            self.slo.objective_ratio,
            self.period,
            found.whole.by_group[group],
            self.tiers,
            {seconds: one.by_group[group] for seconds, one in found.windows.items() if group in one.by_group},
            (found.histories or {}).get(group),
            self.slo.maintenance,
        )

    @property
    def _elapsed(self) -> Window:
        return Window(self.period.start, self.period.at)

    async def _whole(self, since: datetime | None, into: GroupsRead) -> None:
        into.whole = await self.reader.counts(self._elapsed, since=since)

    async def _recent(self, since: datetime | None, into: GroupsRead) -> None:
        with anyio.move_on_after(min(REFINEMENT_SECONDS, seconds_left())):
            await all_of([partial(self._window, seconds, since, into) for seconds in self.lengths])

    async def _window(self, seconds: float, since: datetime | None, into: GroupsRead) -> None:
        window = Window(self.period.at - timedelta(seconds=seconds), self.period.at)
        counted = await attempted(partial(self.reader.counts, window, since=since))
        if counted is not None:
            into.windows[seconds] = counted

    async def _histories(self, slices: int, into: GroupsRead) -> None:
        ask = partial(self.reader.histories, start=self.period.start, end=self.period.at, slices=slices)
        into.histories = await attempted(ask, seconds=min(REFINEMENT_SECONDS, seconds_left()))


def window_lengths(tiers: Sequence[BurnRateTier]) -> list[float]:
    """Return all windows that tiers look at, in seconds, shortest first."""
    return sorted({seconds for tier in tiers for seconds in (tier.long_seconds, tier.short_seconds)})
