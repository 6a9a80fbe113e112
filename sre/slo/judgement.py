"""What alarms were worth: held against incidents that are known, with delay, budget spent, precision and recall."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from sre.core.labels import Labels
from sre.core.series import FloatArray
from sre.core.slo.budget import budget_ratio
from sre.core.slo.burn_rate import BurnRateTier
from sre.slo.backtest import AlertSetting
from sre.slo.burn_history import BaseHistory, GroupHistory
from sre.slo.episodes import Alarm, TierEpisode, pages_of, tickets_of
from sre.slo.onset import onset_ms

WEEK_SECONDS = 7 * 86_400.0
# Site Reliability Engineering (2016), ch. 11, "Being On-Call": shifts of 12 hours, at most two incidents in each.
SHIFT_SECONDS = 12 * 3_600.0
# Of an incident nobody was paged for, the groups that failed most tell why.
_GROUPS_LOOKED_AT = 5
_GROUPS_KEPT = 10


@dataclass(frozen=True, slots=True)
class KnownIncident:
    """A time in which users suffered, as people wrote it down.

    Attributes:
        name: For people; text from outside, may be empty.
    """

    name: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class JudgedAlarm:
    """An alarm, and what had happened by the time it was sent.

    Attributes:
        incident: Index of the incident it tells of, or None.
        began_ms: When what it tells of began: the start of the incident, or an estimate.
        is_began_estimated: No incident says when it began.
        delay_seconds: From then until it was sent, >= 0; None for a ticket that was never sent.
        bad_events: From then until it was sent, to whole base windows; None likewise.
        budget_ratio: The same as a share of the budget of the whole period.
    """

    alarm: Alarm
    incident: int | None
    began_ms: int
    is_began_estimated: bool
    delay_seconds: float | None
    bad_events: float | None
    budget_ratio: float | None


@dataclass(frozen=True, slots=True)
class NearMiss:
    """How near an incident without a page came to one.

    Attributes:
        threshold_share: Best the two windows of the tier reached together, as a share of its threshold; 1 and more
            where only the least number of bad events or the duration was missing.
    """

    tier: str
    threshold_share: float


@dataclass(frozen=True, slots=True)
class JudgedIncident:
    """An incident, and who was told.

    Attributes:
        page: The first page that tells of it, or None.
        ticket: The first ticket that was sent and tells of it, or None.
        delay_seconds: From its start until that page was sent, >= 0; None without a page.
        paged_budget_ratio: Share of the period's budget that was gone by then, in the group that paged.
        budget_ratio: Share of the period's budget that went from its start to its end, in the worst group.
        near_miss: Where there was no page and any tier pages.
    """

    incident: KnownIncident
    page: Alarm | None
    ticket: Alarm | None
    delay_seconds: float | None
    paged_budget_ratio: float | None
    budget_ratio: float | None
    near_miss: NearMiss | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One setting on one history.

    Attributes:
        seconds: Length of the time that was judged.
        near_miss: Where nothing paged, how near the alerts came to it.
    """

    setting: AlertSetting
    episodes: tuple[TierEpisode, ...]
    pages: tuple[JudgedAlarm, ...]
    tickets: tuple[JudgedAlarm, ...]
    incidents: tuple[JudgedIncident, ...]
    seconds: float
    near_miss: NearMiss | None = None

    @property
    def has_incidents(self) -> bool:
        """Whether there was anything to hold the pages against."""
        return bool(self.incidents)

    @property
    def true_pages(self) -> int:
        """Pages that tell of an incident."""
        return sum(page.incident is not None for page in self.pages)

    @property
    def precision_ratio(self) -> float | None:
        """Share of the pages that tell of an incident; None without pages or incidents."""
        return self.true_pages / len(self.pages) if self.pages and self.has_incidents else None

    @property
    def paged_incidents(self) -> int:
        """Incidents that a page tells of."""
        return sum(one.page is not None for one in self.incidents)

    @property
    def recall_ratio(self) -> float | None:
        """Share of the incidents that a page tells of; None without incidents."""
        return self.paged_incidents / len(self.incidents) if self.incidents else None

    @property
    def sent_tickets(self) -> tuple[JudgedAlarm, ...]:
        """Tickets that pages did not inhibit all the time."""
        return tuple(ticket for ticket in self.tickets if ticket.alarm.notified_ms is not None)

    @property
    def median_delay_seconds(self) -> float | None:
        """Median delay of the first page of each incident; without incidents, of all pages, from estimates."""
        return median(self._delays) if self._delays else None

    @property
    def worst_delay_seconds(self) -> float | None:
        """Longest of these delays, or None."""
        return max(self._delays, default=None)

    @property
    def worst_budget_ratio(self) -> float | None:
        """Largest share of the budget that was gone before such a page, or None."""
        spent = [one.paged_budget_ratio for one in self.incidents] or [page.budget_ratio for page in self.pages]
        return max((share for share in spent if share is not None), default=None)

    @property
    def pages_a_week(self) -> float:
        """Pages over weeks judged."""
        return len(self.pages) * WEEK_SECONDS / self.seconds

    @property
    def pages_a_shift(self) -> float:
        """Pages over shifts of 12 hours judged."""
        return len(self.pages) * SHIFT_SECONDS / self.seconds

    @property
    def _delays(self) -> list[float]:
        delays = [one.delay_seconds for one in self.incidents] or [page.delay_seconds for page in self.pages]
        return [delay for delay in delays if delay is not None]


class Judge:
    """Judges settings on one history.

    Args:
        incidents: What is known to have happened, in any order; may be none.
        start_ms, end_ms: The time that is judged.
        period_seconds: Length of the SLO's period, whose budget is spent.
    """

    def __init__(
        self,
        history: BaseHistory,
        incidents: Sequence[KnownIncident],
        *,
        start_ms: int,
        end_ms: int,
        period_seconds: float,
    ) -> None:
        self.history = history
        self.incidents = tuple(sorted(incidents, key=lambda incident: incident.start_ms))
        self.seconds = (end_ms - start_ms) / 1000
        self._whole = KnownIncident("", start_ms, end_ms)
        self.period_seconds = period_seconds
        self._kept: dict[int, GroupHistory] = {}
        self._index = {labels: index for index, labels in enumerate(history.groups)}

    def judgement(self, setting: AlertSetting, episodes: tuple[TierEpisode, ...]) -> Judgement:
        """Return what the alarms of these episodes were worth."""
        pages = tuple(self._judged(alarm, setting) for alarm in pages_of(episodes))
        tickets = tuple(self._judged(alarm, setting) for alarm in tickets_of(episodes))
        incidents = tuple(self._incident(incident, pages, tickets, setting) for incident in self.incidents)
        near_miss = self._near_miss(self._whole, setting) if not pages else None
        return Judgement(setting, episodes, pages, tickets, incidents, self.seconds, near_miss)

    def allowed_bad(self, objective_ratio: float) -> FloatArray:
        """Return the bad events that a period can bear at the history's mean traffic, shape (groups,)."""
        return budget_ratio(objective_ratio) * self.history.events_per_second * self.period_seconds

    def _judged(self, alarm: Alarm, setting: AlertSetting) -> JudgedAlarm:
        index = self._told_of(alarm)
        first = alarm.first
        if index is None:
            group = self._group(self._index[first.group])
            began = onset_ms(group, first, budget_ratio=budget_ratio(setting.objective_ratio))
        else:
            began = self.incidents[index].start_ms
        sent = alarm.notified_ms
        if sent is None:
            return JudgedAlarm(alarm, index, began, index is None, None, None, None)
        bad = float(self.history.bad_between(min(began, sent), sent)[self._index[first.group]])
        return JudgedAlarm(
            alarm=alarm,
            incident=index,
            began_ms=began,
            is_began_estimated=index is None,
            delay_seconds=max(0.0, (sent - began) / 1000),
            bad_events=bad,
            budget_ratio=self._share(bad, first.group, setting),
        )

    def _told_of(self, alarm: Alarm) -> int | None:
        """Return the last incident that had begun when an alarm did and that it may stem from, else the next one."""
        matched = [index for index, one in enumerate(self.incidents) if _tells_of(alarm, one)]
        begun = [index for index in matched if self.incidents[index].start_ms <= alarm.start_ms]
        return begun[-1] if begun else next(iter(matched), None)

    def _incident(
        self,
        incident: KnownIncident,
        pages: Sequence[JudgedAlarm],
        tickets: Sequence[JudgedAlarm],
        setting: AlertSetting,
    ) -> JudgedIncident:
        page = next((one.alarm for one in pages if _tells_of(one.alarm, incident)), None)
        sent = [one.alarm for one in tickets if one.alarm.notified_ms is not None]
        return JudgedIncident(
            incident=incident,
            page=page,
            ticket=next((alarm for alarm in sent if _tells_of(alarm, incident)), None),
            delay_seconds=max(0.0, (page.start_ms - incident.start_ms) / 1000) if page is not None else None,
            paged_budget_ratio=self._spent_until(page, incident, setting) if page is not None else None,
            budget_ratio=self._spent_in(incident, setting),
            near_miss=self._near_miss(incident, setting) if page is None else None,
        )

    def _near_miss(self, incident: KnownIncident, setting: AlertSetting) -> NearMiss | None:
        reached = [
            NearMiss(tier.name, share / setting.threshold_ratio(tier))
            for tier in setting.tiers
            if tier.severity == "page"
            for group in self._hardest_hit(incident)
            for share in self._reached(incident, group, tier)
        ]
        return max(reached, key=lambda miss: miss.threshold_share, default=None)

    def _hardest_hit(self, incident: KnownIncident) -> list[GroupHistory]:
        bad = self.history.bad_between(incident.start_ms, incident.end_ms)
        return [self._group(index) for index in np.argsort(-bad)[:_GROUPS_LOOKED_AT].tolist()]

    def _group(self, index: int) -> GroupHistory:
        # A group keeps every window it was asked for; of thousands of groups that would be too much.
        if index not in self._kept:
            if len(self._kept) >= _GROUPS_KEPT:
                self._kept.clear()
            self._kept[index] = self.history.group(index)
        return self._kept[index]

    def _reached(self, incident: KnownIncident, group: GroupHistory, tier: BurnRateTier) -> list[float]:
        """Return the highest share of bad events that both windows saw together, in a list of up to one."""
        grid, until = group.grid, incident.end_ms + round(tier.short_seconds * 1000)
        first, last = (max(0, -((grid.start_ms - at) // grid.step_ms)) for at in (incident.start_ms, until))
        windows = (group.over(seconds) for seconds in (tier.long_seconds, tier.short_seconds))
        both = np.minimum(*(counts.error_ratio[first : last + 1] for counts in windows))
        known = both[np.isfinite(both)]
        return [float(known.max())] if known.size else []

    def _spent_until(self, page: Alarm, incident: KnownIncident, setting: AlertSetting) -> float | None:
        index = self._index[page.first.group]
        bad = self.history.bad_between(min(incident.start_ms, page.start_ms), page.start_ms)[index]
        return self._share(float(bad), page.first.group, setting)

    def _spent_in(self, incident: KnownIncident, setting: AlertSetting) -> float | None:
        allowed = self.allowed_bad(setting.objective_ratio)
        bad = self.history.bad_between(incident.start_ms, incident.end_ms)
        return float((bad[allowed > 0] / allowed[allowed > 0]).max()) if (allowed > 0).any() else None

    def _share(self, bad: float, group: Labels, setting: AlertSetting) -> float | None:
        allowed = float(self.allowed_bad(setting.objective_ratio)[self._index[group]])
        return bad / allowed if allowed > 0 else None


def _tells_of(alarm: Alarm, incident: KnownIncident) -> bool:
    """Whether one of its alerts fires during the incident, or begins up to its long window after it."""
    return any(
        episode.start_ms <= incident.end_ms + episode.tier.long_seconds * 1000
        and (episode.end_ms is None or episode.end_ms > incident.start_ms)
        for episode in alarm.episodes
    )
