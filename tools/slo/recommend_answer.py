"""The answer of `recommend_slo`: its shape, and the words for what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sre.core.exact import exact_number
from sre.core.figures import seconds_text
from sre.core.text import cleaned, quoted
from sre.core.times import format_duration
from tools.answer import EvidencedAnswer, Figure, Instant, Part, QueryEvidence, RatioNearOne
from tools.slo.budget_answer import percent_near_one, whole_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre.slo.recommendation import Tried
    from tools.slo.recommend_reading import Found

_DAY_SECONDS = 86_400.0
# Buckets that hold less than half of the requests are no promise to anybody.
_LEAST_SHARE = 0.5
_MAX_THRESHOLDS = 10


class CandidateRow(Part):
    """One objective on history."""

    objective_ratio: RatioNearOne
    why_listed: str = Field(description="usual, achieved (rounded down), defined, asked")
    budget_used_ratio: Figure = Field(None, description="Of the whole time")
    worst_period_used_ratio: Figure = Field(None, description="Null: no whole period in the history")
    bad_days: int
    weeks_met: int
    pages: int
    page_hours: Figure = Field(None, description="How long pages stood")
    tickets: int
    allowed_bad_a_period: Figure = None
    obstacles: list[str] = Field(default_factory=list)


class ThresholdRow(Part):
    """One latency that could be promised."""

    seconds: Figure
    share_faster: RatioNearOne
    worst_day_share: RatioNearOne


class StepRow(Part):
    """A later, stricter objective."""

    objective_ratio: RatioNearOne
    not_before: Instant
    when: str


class DayRow(Part):
    """A day and its bad events."""

    day: str
    bad_events: Figure
    share_of_bad: Figure


class IndicatorAnswer(Part):
    """One SLI: what each objective would have meant, and the one to begin with."""

    kind: str
    recommended_objective_ratio: RatioNearOne = None
    threshold_seconds: Figure = None
    reasons: list[str] = Field(default_factory=list)
    tighten: list[StepRow] = Field(default_factory=list)
    define: str = Field("", description="Call that defines it")
    counted: str
    total_events: Figure = None
    bad_events: Figure = None
    sli_ratio: RatioNearOne = None
    days: int = Field(0, description="Days with traffic that were judged")
    weeks: int = 0
    resolution_ratio: Figure = Field(None, description="One event of the history as a share")
    provable_ratio: Figure = Field(None, description="Least failure share that a period's events can rule out, 95 %")
    candidates: list[CandidateRow] = Field(default_factory=list)
    worst_days: list[DayRow] = Field(default_factory=list)
    thresholds: list[ThresholdRow] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)


class RecommendAnswer(EvidencedAnswer):
    """Objectives that history bears."""

    RANKED: ClassVar[tuple[str, ...]] = ("queries",)

    slo_window: str
    history: str = Field("", description="How much data there is")
    is_short: bool = Field(False, description="Less than 28 d or two SLO windows: a first guess")
    dependency_ceiling_ratio: RatioNearOne = None
    indicators: list[IndicatorAnswer] = Field(default_factory=list)


def indicator_answer(found: Found, *, service: str) -> IndicatorAnswer:
    """Return what was found of one SLI."""
    from sre.core.slo.sli_queries import sli_queries
    from sre.slo.low_traffic import least_provable_ratio

    recommended, indicated = found.recommended, found.indicated
    chosen = recommended.chosen
    any_tried = recommended.tried[0].attainment
    return IndicatorAnswer(
        kind=indicated.kind,
        recommended_objective_ratio=chosen.objective_ratio if chosen else None,
        threshold_seconds=indicated.threshold_seconds,
        reasons=_reasons(found),
        tighten=[_step(found, index) for index in range(len(recommended.steps))],
        define=_define(found, chosen, service) if chosen else "",
        counted=": ".join(filter(None, (sli_queries(indicated.slo).counted, indicated.convention))),
        total_events=whole_events(found.total),
        bad_events=whole_events(found.bad),
        sli_ratio=found.sli_ratio,
        days=any_tried.days,
        weeks=any_tried.weeks,
        resolution_ratio=1 / found.total,
        provable_ratio=least_provable_ratio(found.seen.events_a_period),
        candidates=[_candidate(one) for one in recommended.tried],
        worst_days=[
            DayRow(day=f"{one.day:%Y-%m-%d}", bad_events=whole_events(one.bad), share_of_bad=one.share_of_bad)
            for one in found.worst_days
        ],
        thresholds=_thresholds(found),
        warnings=_warnings(found),
    )


def evidence_of(founds: Sequence[Found]) -> list[QueryEvidence]:
    """Return the queries of all SLIs, each once."""
    return list({row.query: row for found in founds for row in found.evidence}.values())


def history_text(found: Found) -> str:
    """Return how much data there is, and what is too little about it."""
    days = found.seen.data_seconds / _DAY_SECONDS
    periods = found.seen.data_seconds / found.seen.period_seconds
    return f"{days:.3g} d of data, {periods:.2g} SLO windows of {format_duration(found.seen.period_seconds)}"


def sentence_of(found: Found, *, service: str) -> str:
    """Return the recommendation for one SLI as sentences for the summary."""
    chosen, indicated = found.recommended.chosen, found.indicated
    what = quoted(indicated.slo.name) if indicated.kind == "slo" else f"{quoted(service, limit=80)}, {indicated.kind}"
    under = f" under {seconds_text(indicated.threshold_seconds)}" if indicated.threshold_seconds else ""
    worst = " in the worst group" if found.group_count > 1 else ""
    sentences = [f"{what}: {percent_near_one(found.sli_ratio)} good{under}{worst}."]
    if chosen is None:
        sentences.append(f"No candidate bears it: {'; '.join(found.recommended.tried[0].obstacles)}.")
    else:
        sentences.append(f"Begin with {percent_near_one(chosen.objective_ratio)}: {_went(chosen)}.")
    return " ".join([*sentences, *_asked_sentences(found)])


def _went(one: Tried) -> str:
    went, days = one.attainment, _times(one.attainment.bad_days, "bad day")
    used, pages = f"{went.used_ratio:.0%}", _times(one.pages, "page")
    return f"it would have used {used} of its budget, with {days} of {went.days} and {pages}"


def _asked_sentences(found: Found) -> list[str]:
    """Return what became of the objectives that somebody has in mind, where they are not the recommended one."""
    chosen = found.recommended.chosen
    sentences = []
    for one in found.recommended.tried:
        if one.candidate.origin in ("asked", "defined") and (chosen is None or one.candidate != chosen.candidate):
            verdict = "; ".join(one.obstacles) or "held, with more room"
            name = f"{percent_near_one(one.objective_ratio)} ({one.candidate.origin})"
            sentences.append(f"{name}: {verdict}.")
    return sentences


def _reasons(found: Found) -> list[str]:
    recommended = found.recommended
    chosen, stricter = recommended.chosen, recommended.next_stricter
    if chosen is None:
        return ["No candidate is free of obstacles; mend the service, or check that the SLI counts what users feel."]
    went = chosen.attainment
    reasons = [
        f"Met in {went.weeks_met} of {went.weeks} weeks; {went.used_ratio:.0%} of the budget used over all, "
        "and a quarter is to stay free for what this history has not shown."
        if went.weeks
        else f"{went.used_ratio:.0%} of the budget used over all; the history holds no whole week."
    ]
    if went.worst_period_used_ratio is not None:
        window = format_duration(found.seen.period_seconds)
        reasons.append(f"The worst {window} in it would have used {went.worst_period_used_ratio:.0%}.")
    if stricter is not None:
        reasons.append(f"{percent_near_one(stricter.objective_ratio)} is too much: {'; '.join(stricter.obstacles)}.")
    reasons.append(_pages_reason(chosen))
    if found.worst_days and found.worst_days[0].share_of_bad > 1 / 3:
        worst = found.worst_days[0]
        without = found.without_worst_day
        rest = f"; on the other days {percent_near_one(without)} were good" if without is not None else ""
        reasons.append(f"{worst.day:%Y-%m-%d} alone holds {worst.share_of_bad:.0%} of all bad events{rest}.")
    if not found.bad:
        reasons.append(
            "Nothing failed here, which is no reason for more: 100 % is never an objective; ask what users need."
        )
    return reasons


def _pages_reason(chosen: Tried) -> str:
    return (
        f"Its burn-rate alerts would have sent {_times(chosen.pages, 'page')} and {_times(chosen.tickets, 'ticket')}; "
        "backtest_slo shows when."
    )


def _step(found: Found, index: int) -> StepRow:
    step = found.recommended.steps[index]
    after = (
        "from now on" if step.fewer_bad_ratio <= 0 else f"and bad events are {step.fewer_bad_ratio:.0%} fewer than here"
    )
    return StepRow(
        objective_ratio=step.objective_ratio,
        not_before=step.begins,
        when=f"Two SLO windows in a row ended with a quarter of the budget left, {after}.",
    )


def _define(found: Found, chosen: Tried, service: str) -> str:
    objective = exact_number(chosen.objective_ratio)
    indicated = found.indicated
    if indicated.kind == "slo":
        return f"define_slo with target {objective} in the document of {quoted(indicated.slo.name)}"
    threshold = indicated.threshold_seconds
    bound = f", threshold_seconds={exact_number(threshold)}" if threshold is not None else ""
    return f'define_slo(service="{cleaned(service, limit=80)}", objective={objective}, window="30d"{bound})'


def _candidate(one: Tried) -> CandidateRow:
    went = one.attainment
    return CandidateRow(
        objective_ratio=one.objective_ratio,
        why_listed=one.candidate.origin,
        budget_used_ratio=went.used_ratio,
        worst_period_used_ratio=went.worst_period_used_ratio,
        bad_days=went.bad_days,
        weeks_met=went.weeks_met,
        pages=one.pages,
        page_hours=one.paged_seconds / 3600,
        tickets=one.tickets,
        allowed_bad_a_period=one.allowed_bad_a_period,
        obstacles=list(one.obstacles),
    )


def _thresholds(found: Found) -> list[ThresholdRow]:
    useful = [one for one in found.indicated.thresholds if one.share_ratio >= _LEAST_SHARE]
    # Past the first bound that everything stays under there is nothing more to learn.
    full = next((index for index, one in enumerate(useful) if one.share_ratio >= 1), len(useful))
    return [
        ThresholdRow(seconds=one.bound_seconds, share_faster=one.share_ratio, worst_day_share=one.worst_day_ratio)
        for one in useful[: full + 1][:_MAX_THRESHOLDS]
    ]


def _warnings(found: Found) -> list[str]:
    notes = list(found.notes)
    if found.idle_days:
        notes.append(f"{found.idle_days} days had no traffic; they say nothing, neither good nor bad.")
    if found.newborn_events > 0:
        notes.append(
            f"{found.newborn_events:.6g} events that new series held at their first scrape are not in these figures; "
            "compute_error_budget counts them."
        )
    if found.group_count > 1:
        notes.append(f"{found.group_count} groups: shares, days and weeks are those of the worst one, pages of all.")
    return notes


def _times(count: int, thing: str) -> str:
    return f"{count or 'no'} {thing}{'' if count == 1 else 's'}"


def pairs_text(found: Found) -> str:
    """Return the other latencies that history kept, as a sentence; empty where there are none."""
    others = [f"{objective:.0%} under {seconds_text(bound)}" for objective, bound in found.indicated.pairs[:-1]]
    return f"It also kept {' and '.join(others)}." if others else ""
