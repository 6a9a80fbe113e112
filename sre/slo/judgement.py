"""What alarms were worth: held against incidents that are known, with delay, budget spent, precision and recall."""

from dataclasses import dataclass
from statistics import median

from sre.slo.backtest import AlertSetting
from sre.slo.episodes import Alarm, TierEpisode

WEEK_SECONDS = 7 * 86_400.0
# Site Reliability Engineering (2016), ch. 11, "Being On-Call": shifts of 12 hours, at most two incidents in each.
SHIFT_SECONDS = 12 * 3_600.0


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
        incidents: What is known to have happened, and what came of it.
        compared: Without incidents, the same for the pages of the setting that others are compared with.
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
    compared: tuple[JudgedIncident, ...] = ()

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
    def same_pages(self) -> int | None:
        """Of the pages of the setting that this is compared with, how many it sends too; None with incidents."""
        return sum(one.page is not None for one in self.compared) if self.compared else None

    @property
    def sent_tickets(self) -> tuple[JudgedAlarm, ...]:
        """Tickets that pages did not inhibit all the time."""
        return tuple(ticket for ticket in self.tickets if ticket.alarm.notified_ms is not None)

    @property
    def median_delay_seconds(self) -> float | None:
        """Median delay of the first page of each incident; without incidents, of the pages compared, or of its own."""
        return median(self._delays) if self._delays else None

    @property
    def worst_delay_seconds(self) -> float | None:
        """Longest of these delays, or None."""
        return max(self._delays, default=None)

    @property
    def worst_budget_ratio(self) -> float | None:
        """Largest share of the budget that was gone before such a page, or None."""
        told = self.incidents or self.compared
        spent = [one.paged_budget_ratio for one in told] if told else [page.budget_ratio for page in self.pages]
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
        told = self.incidents or self.compared
        delays = [one.delay_seconds for one in told] if told else [page.delay_seconds for page in self.pages]
        return [delay for delay in delays if delay is not None]
