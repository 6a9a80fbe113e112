"""Judges what settings would have done on one history: see `judgement.py` for what comes out."""

from collections.abc import Sequence

import numpy as np

from sre.core.labels import Labels
from sre.core.series import FloatArray
from sre.core.slo.budget import budget_ratio
from sre.core.slo.burn_rate import BurnRateTier
from sre.slo.backtest import AlertSetting
from sre.slo.burn_history import BaseHistory, GroupHistory
from sre.slo.episodes import Alarm, TierEpisode, pages_of, tickets_of
from sre.slo.judgement import JudgedAlarm, JudgedIncident, Judgement, KnownIncident, NearMiss
from sre.slo.onset import onset_ms

# Of an incident nobody was paged for, the groups that failed most tell why.
_GROUPS_LOOKED_AT = 5
_GROUPS_KEPT = 10


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

    def compared(
        self, settings: Sequence[AlertSetting], episodes: Sequence[tuple[TierEpisode, ...]]
    ) -> tuple[Judgement, ...]:
        """Return what the alarms of several settings were worth.

        Without incidents, delays and budgets of the others are those of the pages that the first setting sends: pages
        of which only one setting knows say nothing about which is earlier.
        """
        first = self.judgement(settings[0], episodes[0])
        pages = () if self.incidents else tuple(self._as_incident(page) for page in first.pages)
        return tuple(
            self.judgement(setting, found, like=pages) for setting, found in zip(settings, episodes, strict=True)
        )

    def judgement(
        self, setting: AlertSetting, episodes: tuple[TierEpisode, ...], *, like: Sequence[KnownIncident] = ()
    ) -> Judgement:
        """Return what the alarms of these episodes were worth.

        Args:
            like: What another setting paged for, where no incidents are known.
        """
        pages = tuple(self._judged(alarm, setting) for alarm in pages_of(episodes))
        tickets = tuple(self._judged(alarm, setting) for alarm in tickets_of(episodes))
        incidents = tuple(self._incident(incident, pages, tickets, setting) for incident in self.incidents)
        near_miss = self._near_miss(self._whole, setting) if not pages else None
        compared = tuple(self._incident(page, pages, tickets, setting) for page in like)
        return Judgement(setting, episodes, pages, tickets, incidents, self.seconds, near_miss, compared)

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

    def _as_incident(self, page: JudgedAlarm) -> KnownIncident:
        end = page.alarm.end_ms
        return KnownIncident("", page.began_ms, self._whole.end_ms if end is None else end)

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
