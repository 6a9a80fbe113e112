"""The answer of `backtest_slo`: its shape, and how judgements become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sre.core.figures import figure_text, seconds_text
from sre.core.text import cleaned, listed, quoted
from sre.core.times import format_duration, format_instant, instant_from_ms
from tools.answer import EvidencedAnswer, Figure, Instant, Part, RatioNearOne

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sre.slo.episodes import Alarm, TierEpisode
    from sre.slo.judgement import JudgedAlarm, JudgedIncident, Judgement
    from tools.slo.backtest_question import Settings

# More are counted, not shown.
_MAX_PAGES, _MAX_TICKETS, _MAX_INCIDENTS = 12, 6, 12
_MAX_GROUPS_SHOWN = 3


class TierRow(Part):
    """A tier of the SLO as defined, and what it did; both windows must exceed the threshold."""

    tier: str
    severity: str
    windows: str
    factor: Figure
    threshold_ratio: Figure
    min_bad_events: Figure = Field(None, description="In the long window, below which it stays silent")
    fired: int = Field(description="Times, of all groups")
    firing_minutes: Figure


class AlarmRow(Part):
    """Alerts a person hears of once: what overlaps, or follows within 15 minutes."""

    start: Instant
    end: Instant | None = Field(None, description="Null: still firing at the end")
    tiers: list[str]
    groups: list[str] = Field(default_factory=list)
    incident: str | None = None
    began: Instant
    began_is_estimated: bool
    delay_seconds: Figure = None
    bad_events: Figure = Field(None, description="From began until sent")
    budget_burnt_ratio: Figure = Field(None, description="Share of the whole period's budget")
    peak_burn_rate: Figure
    inhibited: bool = Field(False, description="A ticket that pages held back all the time")


class IncidentRow(Part):
    """A recorded incident and who was told; null where nobody was."""

    name: str
    start: Instant
    end: Instant
    page_at: Instant | None = None
    ticket_at: Instant | None = None
    delay_seconds: Figure = None
    budget_burnt_ratio: Figure = Field(None, description="Before the page, share of the period's budget")
    whole_budget_ratio: Figure = Field(None, description="In the whole incident")
    note: str | None = None


class SettingRow(Part):
    """One setting on the same history; without incidents, delay and budget are of the pages sent as defined."""

    name: str
    objective_ratio: RatioNearOne
    pages: int
    same_pages: int | None = Field(None, description="Of the pages as defined, how many it sends too")
    tickets: int
    precision_ratio: Figure = None
    recall_ratio: Figure = None
    median_delay_seconds: Figure = None
    worst_delay_seconds: Figure = None
    worst_budget_burnt_ratio: Figure = None
    pages_a_week: Figure


class BacktestAnswer(EvidencedAnswer):
    """What the burn-rate alerts of an SLO would have done."""

    RANKED: ClassVar[tuple[str, ...]] = ("tickets", "pages", "incidents", "candidates")

    slo: str
    objective_ratio: RatioNearOne
    slo_window: str
    counted: str
    allowed_bad_events: Figure = Field(None, description="In one period at the mean traffic")
    tiers: list[TierRow] = Field(default_factory=list)
    page_count: int = 0
    ticket_count: int = 0
    pages_a_week: Figure = None
    pages_a_shift: Figure = Field(None, description="A shift is 12 h")
    precision_ratio: Figure = None
    recall_ratio: Figure = None
    pages_without_incident: int | None = None
    incidents_without_page: int | None = None
    median_delay_seconds: Figure = None
    worst_delay_seconds: Figure = None
    pages: list[AlarmRow] = Field(default_factory=list)
    tickets: list[AlarmRow] = Field(default_factory=list)
    incidents: list[IncidentRow] = Field(default_factory=list)
    candidates: list[SettingRow] = Field(default_factory=list)


def fill(answer: BacktestAnswer, judgements: Sequence[Judgement]) -> None:
    """Put judgements into the answer; the first is the SLO as defined."""
    defined = judgements[0]
    answer.tiers = _tier_rows(defined)
    answer.page_count, answer.ticket_count = len(defined.pages), len(defined.sent_tickets)
    answer.pages_a_week, answer.pages_a_shift = defined.pages_a_week, defined.pages_a_shift
    answer.median_delay_seconds = defined.median_delay_seconds
    answer.worst_delay_seconds = defined.worst_delay_seconds
    if defined.has_incidents:
        answer.precision_ratio, answer.recall_ratio = defined.precision_ratio, defined.recall_ratio
        answer.pages_without_incident = len(defined.pages) - defined.true_pages
        answer.incidents_without_page = len(defined.incidents) - defined.paged_incidents
    _add_rows(answer, defined)
    if len(judgements) > 1:
        answer.candidates = [_setting_row(one) for one in judgements]


def summary_of(settings: Settings, answer: BacktestAnswer, judgements: Sequence[Judgement]) -> str:
    """Return what the alerts would have done, as sentences."""
    from sre.slo.trade_off import trade_off

    defined = judgements[0]
    assert answer.window is not None
    span = seconds_text((answer.window.end - answer.window.start).total_seconds())
    lead = (
        f"{settings.slo.name}: in {span} to {format_instant(answer.window.end)} its alerts would have paged "
        f"{_times(len(defined.pages))} ({figure_text(defined.pages_a_week)} a week) and opened "
        f"{_counted(len(defined.sent_tickets), 'ticket')}."
    )
    sentences = [lead, _low_traffic_words(defined), _incident_words(defined), _page_words(defined)]
    sentences.append(trade_off(judgements))
    return " ".join(sentence for sentence in sentences if sentence)


def _low_traffic_words(defined: Judgement) -> str:
    least = defined.setting.low_traffic_min
    if not least:
        return ""
    count = figure_text(max(least.values()))
    return f"Traffic is low: a page of {listed(list(least))} needs {count} bad events, as in generated rules."


def _times(count: int) -> str:
    return {0: "nobody", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def _incident_words(defined: Judgement) -> str:
    if not defined.has_incidents:
        return "No incidents were given, so nothing is said of precision and recall." if defined.pages else ""
    count = len(defined.incidents)
    words = f"{defined.paged_incidents} of {_counted(count, 'incident')} got a page"
    false = len(defined.pages) - defined.true_pages
    if defined.pages:
        words += f"; {_counted(false, 'page')} came without one" if false else "; no page came without one"
    missed = [one for one in defined.incidents if one.page is None]
    if missed:
        words += f"; missed: {quoted(missed[0].incident.name)}{_missed_reason(missed[0])}"
    return f"{words}."


def _missed_reason(missed: JudgedIncident) -> str:
    note = _near_miss_words(missed)
    return f" ({note})" if note else ""


def _page_words(defined: Judgement) -> str:
    delay, spent = defined.worst_delay_seconds, defined.worst_budget_ratio
    if delay is not None:
        first = "The page came" if len(defined.pages) == 1 else "At worst the page came"
        return _came(first, delay, spent, is_estimate=not defined.has_incidents)
    words = []
    for ticket in defined.sent_tickets[:1]:
        late = ticket.delay_seconds or 0.0
        words.append(_came("The first ticket came", late, ticket.budget_ratio, is_estimate=ticket.is_began_estimated))
    if not defined.has_incidents and defined.near_miss is not None:
        share = figure_text(defined.near_miss.threshold_share, "ratio")
        words.append(f"Nearest to a page came tier {defined.near_miss.tier}, at {share} of its threshold.")
    return " ".join(words)


def _came(what: str, delay: float, spent: float | None, *, is_estimate: bool) -> str:
    gone = f", with {figure_text(spent, 'ratio')} of the period's budget gone" if spent is not None else ""
    start = "what set it off" if is_estimate else "the start"
    return f"{what} {'about ' if is_estimate else ''}{seconds_text(delay)} after {start}{gone}."


def _tier_rows(defined: Judgement) -> list[TierRow]:
    setting = defined.setting
    by_tier: dict[str, list[TierEpisode]] = {tier.name: [] for tier in setting.tiers}
    for episode in defined.episodes:
        by_tier[episode.tier.name].append(episode)
    return [
        TierRow(
            tier=tier.name,
            severity=tier.severity,
            windows=f"{format_duration(tier.long_seconds)}/{format_duration(tier.short_seconds)}",
            factor=tier.factor,
            threshold_ratio=setting.threshold_ratio(tier),
            min_bad_events=setting.least_bad_events(tier) or None,
            fired=len(by_tier[tier.name]),
            firing_minutes=sum(one.seconds for one in by_tier[tier.name]) / 60,
        )
        for tier in setting.tiers
    ]


def _add_rows(answer: BacktestAnswer, defined: Judgement) -> None:
    names = {index: one.incident.name for index, one in enumerate(defined.incidents)}
    pages, tickets = _largest(defined.pages, _MAX_PAGES), _largest(defined.tickets, _MAX_TICKETS)
    answer.pages = [_alarm_row(page, names) for page in pages]
    answer.tickets = [_alarm_row(ticket, names) for ticket in tickets]
    ranked = sorted(defined.incidents, key=lambda one: (one.page is not None, -(one.delay_seconds or 0.0)))
    answer.incidents = [_incident_row(one) for one in ranked[:_MAX_INCIDENTS]]
    for name, shown, all_of_them in (
        ("pages", pages, defined.pages),
        ("tickets", tickets, defined.tickets),
        ("incidents (missed and slowest first)", answer.incidents, defined.incidents),
    ):
        if len(shown) < len(all_of_them):
            rest = len(all_of_them) - len(shown)
            key = "" if name.startswith("incidents") else " with lower burn rates"
            answer.left_out.append(f"{rest} more {name}{key}: ask for a shorter time with start and end.")


def _largest(alarms: Sequence[JudgedAlarm], count: int) -> list[JudgedAlarm]:
    """Return those with the highest burn rates, in the order of time."""
    ranked = sorted(alarms, key=lambda one: -one.alarm.peak.peak_burn_rate)[:count]
    return sorted(ranked, key=lambda one: one.alarm.start_ms)


def _alarm_row(judged: JudgedAlarm, incident_names: Mapping[int, str]) -> AlarmRow:
    alarm = judged.alarm
    return AlarmRow(
        start=instant_from_ms(alarm.notified_ms if alarm.notified_ms is not None else alarm.start_ms),
        end=instant_from_ms(alarm.end_ms) if alarm.end_ms is not None else None,
        tiers=list(alarm.tiers),
        groups=_group_texts(alarm),
        incident=incident_names[judged.incident] if judged.incident is not None else None,
        began=instant_from_ms(judged.began_ms),
        began_is_estimated=judged.is_began_estimated,
        delay_seconds=judged.delay_seconds,
        bad_events=judged.bad_events,
        budget_burnt_ratio=judged.budget_ratio,
        peak_burn_rate=alarm.peak.peak_burn_rate,
        inhibited=alarm.notified_ms is None,
    )


def _group_texts(alarm: Alarm) -> list[str]:
    groups = [cleaned(str(group), limit=120) for group in alarm.groups if group]
    more = len(groups) - _MAX_GROUPS_SHOWN
    return [*groups[:_MAX_GROUPS_SHOWN], *([f"and {more} more"] if more > 0 else [])]


def _incident_row(judged: JudgedIncident) -> IncidentRow:
    incident = judged.incident
    return IncidentRow(
        name=incident.name,
        start=instant_from_ms(incident.start_ms),
        end=instant_from_ms(incident.end_ms),
        page_at=instant_from_ms(judged.page.start_ms) if judged.page is not None else None,
        ticket_at=instant_from_ms(judged.ticket.notified_ms)
        if judged.ticket is not None and judged.ticket.notified_ms is not None
        else None,
        delay_seconds=judged.delay_seconds,
        budget_burnt_ratio=judged.paged_budget_ratio,
        whole_budget_ratio=judged.budget_ratio,
        note=_near_miss_words(judged) or None,
    )


def _near_miss_words(judged: JudgedIncident) -> str:
    miss = judged.near_miss
    if miss is None:
        return ""
    if miss.threshold_share >= 1:
        return f"tier {miss.tier} was above its threshold, but with too few bad events or for too short"
    share = figure_text(miss.threshold_share, "ratio")
    return f"at best {share} of the threshold of tier {miss.tier}"


def _setting_row(judgement: Judgement) -> SettingRow:
    return SettingRow(
        name=judgement.setting.name,
        objective_ratio=judgement.setting.objective_ratio,
        pages=len(judgement.pages),
        same_pages=judgement.same_pages,
        tickets=len(judgement.sent_tickets),
        precision_ratio=judgement.precision_ratio,
        recall_ratio=judgement.recall_ratio,
        median_delay_seconds=judgement.median_delay_seconds,
        worst_delay_seconds=judgement.worst_delay_seconds,
        worst_budget_burnt_ratio=judgement.worst_budget_ratio,
        pages_a_week=judgement.pages_a_week,
    )
