"""A review put into words: the verdict first, then findings with their diffs, then the load."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sre.core.rules import RecordingRule
from sre.core.text import cleaned, listed, quoted
from sre.core.times import instant_from_ms
from tools.alerting.review_answer import (
    FindingAnswer,
    ReviewAnswer,
    RuleVolumeAnswer,
    SkippedAnswer,
    VolumeAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sre.alerting.review import Ranked
    from sre.alerting.review_model import Finding, ReviewedRule
    from sre.alerting.symptoms import Symptoms
    from sre.alerting.volume import Volume
    from tools.alerting.review_replay import Replayed

_MAX_DIFF_CHARS: Final = 1_500
# For what the caller adds, and what is said about what was left out.
_SPARE_CHARS: Final = 600
_MAX_SKIPPED: Final = 10
_MAX_NAMES: Final = 30
_MAX_RULES_IN_VOLUME: Final = 8
_NAME_CHARS: Final = 100
_HOURS_FROM_MINUTES: Final = 120.0
# Of less than a day nobody can say what a week will cost.
_LEAST_DAYS_FOR_WEEKS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Review:
    """Everything a review found.

    Attributes:
        alerts: The alerts that were reviewed, of all the rules, those that matter most first.
        replayed: None where there was no source to replay on.
        not_asked: How many selectors were not looked up at the source.
        unread: Indexes of alerts that were not judged in full, for lack of time.
    """

    rules: Sequence[ReviewedRule]
    alerts: Sequence[ReviewedRule]
    ranked: Ranked
    replayed: Replayed | None = None
    volume: Volume | None = None
    symptoms: Symptoms | None = None
    not_asked: int = 0
    unread: frozenset[int] = frozenset()
    is_from_source: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def tells_weeks(self) -> bool:
        """Whether the history is long enough to say what a week costs."""
        return self.volume is not None and self.volume.days >= _LEAST_DAYS_FOR_WEEKS


@dataclass(frozen=True, slots=True)
class _Names:
    """The rules' names, safe to show."""

    by_index: Mapping[int, str]

    def first(self, indexes: Sequence[int], answer: ReviewAnswer, *, what: str) -> list[str]:
        """Return the names of the first rules; what is left out is said in the answer."""
        if len(indexes) > _MAX_NAMES:
            answer.left_out.append(f"{what}: the first {_MAX_NAMES} of {len(indexes):,} in the order of the rules.")
        return [self.by_index[index] for index in indexes[:_MAX_NAMES]]


def review_report(review: Review, *, should_stop: Callable[[], bool] = lambda: False) -> ReviewAnswer:
    """Return the answer; source, window and queries are added by the caller.

    Args:
        should_stop: Asked before each diff; what is found after it has said so has none.
    """
    findings = review.ranked.findings
    troubled = {one.rule for one in findings}
    names = _Names({one.index: cleaned(one.name, limit=_NAME_CHARS) for one in review.rules})
    replayed = review.replayed
    answer = ReviewAnswer(
        summary="",
        alerts=len(review.alerts),
        recordings=sum(isinstance(one.rule, RecordingRule) for one in review.rules),
        replayed=len(replayed.histories) if replayed else 0,
        counts=dict(Counter(one.check for one in findings).most_common()),
        values_read=replayed.samples if replayed else 0,
        volume=_volume(review.volume, names, tells_weeks=review.tells_weeks) if review.volume else None,
        warnings=[*review.notes, *_warnings(review)],
    )
    answer.dead = names.first(sorted(review.ranked.dead), answer, what="dead")
    clean = [one.index for one in review.alerts if one.index not in troubled | review.unread]
    answer.clean = names.first(sorted(clean), answer, what="clean")
    answer.not_replayed = _skipped(review, names, answer)
    answer.summary = _summary(review, names)
    answer.left_out += _left_out(review)
    _add_findings(answer, review, should_stop)
    return answer


def _left_out(review: Review) -> list[str]:
    said = []
    if review.volume and len(review.volume.by_rule) > _MAX_RULES_IN_VOLUME:
        more = len(review.volume.by_rule) - _MAX_RULES_IN_VOLUME
        said.append(f"{more} alerts with less cost in volume.by_rule; ask for one service.")
    if review.replayed and review.replayed.unreached:
        said.append(
            f"{len(review.replayed.unreached):,} alerts were not replayed, to bound time and memory: those that "
            "page went first. Ask for one service, fewer rules or a shorter window."
        )
    if review.unread:
        said.append(
            f"{len(review.unread):,} alerts were not judged in full, to end in time: those that page went first. Ask "
            "for one service or fewer rules."
        )
    if review.not_asked:
        said.append(f"{review.not_asked} selectors were not looked up at the source; ask for one service.")
    return said


def _add_findings(answer: ReviewAnswer, review: Review, should_stop: Callable[[], bool]) -> None:
    """Put as many findings into the answer as it can hold, the costliest first; a diff is written for no others."""
    findings = review.ranked.findings
    room = answer.budget_chars - len(answer.model_dump_json()) - _SPARE_CHARS
    without_diff = 0
    for place, one in enumerate(findings):
        is_late = should_stop()
        shown = _finding(one, review, with_diff=not is_late)
        room -= len(shown.model_dump_json()) + 1
        room -= 0 if one.check in answer.why else len(one.check) + len(one.why) + 6
        if room < 0 and place:
            answer.left_out.append(
                f"findings: the first {place} of {len(findings):,} by rank are shown; counts has all of them. Mend "
                "these first, or ask for one service."
            )
            break
        without_diff += is_late
        answer.findings.append(shown)
        answer.why[one.check] = one.why
    if without_diff:
        answer.left_out.append(f"{without_diff} diffs were not written, to end in time; ask for one service.")


def _finding(finding: Finding, review: Review, *, with_diff: bool) -> FindingAnswer:
    reviewed = review.rules[finding.rule] if finding.rule is not None else None
    diff = ""
    if with_diff and reviewed is not None and (finding.removes or finding.changed is not None):
        diff = reviewed.diff(None if finding.removes else finding.changed)
    return FindingAnswer(
        check=finding.check,
        kind=finding.kind,
        rule=cleaned(reviewed.name, limit=_NAME_CHARS) if reviewed else None,
        group=cleaned(reviewed.group, limit=_NAME_CHARS) if reviewed else "",
        minutes_a_week=(finding.minutes_per_week or None) if review.tells_weeks else None,
        evidence=finding.evidence,
        mending=finding.mending,
        diff=diff if len(diff) <= _MAX_DIFF_CHARS else "",
    )


def _volume(volume: Volume, names: _Names, *, tells_weeks: bool) -> VolumeAnswer:
    busiest = volume.busiest_shift_start_ms
    return VolumeAnswer(
        days=volume.days,
        pages=volume.pages,
        tickets=volume.tickets,
        incidents=volume.incidents,
        alerts_per_day=volume.alerts_per_day,
        pages_per_shift=volume.pages_per_shift,
        incidents_per_shift=volume.incidents_per_shift,
        pages_at_night=volume.pages_at_night,
        busiest_shift_start=None if busiest is None else instant_from_ms(busiest),
        busiest_shift_incidents=volume.busiest_shift_incidents,
        shifts=volume.shifts,
        shifts_over_target=volume.shifts_over_target,
        minutes_a_week=volume.minutes_per_week if tells_weeks else None,
        by_rule=[
            RuleVolumeAnswer(
                alert=names.by_index[row.index],
                urgency=row.urgency,
                interruptions=row.interruptions,
                share_ratio=row.share_ratio,
                at_night=row.at_night,
                median_minutes=row.median_minutes,
                minutes_a_week=row.minutes_per_week if tells_weeks else None,
            )
            for row in volume.by_rule[:_MAX_RULES_IN_VOLUME]
        ],
    )


def _skipped(review: Review, names: _Names, answer: ReviewAnswer) -> list[SkippedAnswer]:
    skipped = review.replayed.skipped if review.replayed else {}
    rows = [
        SkippedAnswer(alert=names.by_index[one.index], reason=skipped[one.index])
        for one in review.alerts
        if one.index in skipped
    ]
    if len(rows) > _MAX_SKIPPED:
        answer.left_out.append(f"not_replayed: {_MAX_SKIPPED} of {len(rows):,}, those that page first.")
    return rows[:_MAX_SKIPPED]


def _warnings(review: Review) -> list[str]:
    from sre.alerting.review_model import assumptions

    said = []
    if review.volume is not None and review.volume.days < assumptions().short_history_days:
        said.append(
            f"Only {_long(review.volume.days)} of history: an alert that is silent or steady in it may not be so in a "
            f"usual fortnight{'' if review.tells_weeks else ', and no cost a week is told from it'}."
        )
    if review.replayed is not None and review.replayed.coarse:
        said.append(
            f"{len(review.replayed.coarse)} alerts were evaluated more seldom than the source does, to spare it; "
            "shorter episodes stay unseen."
        )
    if review.volume is not None:
        said.append(_assumed())
    if review.is_from_source:
        said.append("The source tells rules and not files: diffs are against the rules as we write them.")
    if review.replayed is None:
        said.append("No source to replay on: only the text of the rules was judged.")
    elif review.symptoms is None:
        said.append("No service's share of failed requests is known, so pages were not held against it.")
    else:
        said.append(f"Pages were held against times in which {review.symptoms.source}; slowness was not looked at.")
    return said


def _assumed() -> str:
    from sre.alerting.review_model import assumptions

    known = assumptions()
    return (
        f"Minutes are assumed: {known.minutes_per_page:g} a page, {known.extra_minutes_per_page_at_night:g} more at "
        f"night ({known.night_from_hour}:00 to {known.night_to_hour}:00 UTC), {known.minutes_per_ticket:g} a ticket. "
        f"Calls of one alert within {known.one_interruption_minutes:g} min count once."
    )


def _summary(review: Review, known: _Names) -> str:
    names = known.by_index
    count = len(review.alerts)
    parts = [f"{_counted(count, 'alert')} reviewed, {_counted(len(review.ranked.findings), 'finding')}."]
    if review.volume is not None:
        replayed = len(review.replayed.histories) if review.replayed else 0
        who = "they" if replayed == count else f"the {replayed:,} that were replayed"
        parts.append(_load(review.volume, who))
    dead = [names[index] for index in sorted(review.ranked.dead)]
    if dead:
        parts.append(f"{len(dead)} cannot fire: {listed([quoted(name) for name in dead], limit=3)}.")
    missed = sum(one.check == "missed" for one in review.ranked.findings)
    if missed:
        parts.append(f"{_counted(missed, 'service')} failed without a page (see missed).")
    first = next((one for one in review.ranked.findings if one.rule is not None), None)
    if first is not None and first.rule is not None:
        saves = f": saves about {_time(first.minutes_per_week)} a week"
        parts.append(
            f"Mend first {quoted(names[first.rule])} ({first.check.replace('_', ' ')})"
            f"{saves if first.minutes_per_week and review.tells_weeks else ''}."
        )
    return " ".join(parts)


def _time(minutes: float) -> str:
    return f"{minutes:.0f} minutes" if minutes < _HOURS_FROM_MINUTES else f"{minutes / 60:.0f} hours"


def _long(days: float) -> str:
    return f"{days:.3g} days" if days >= _LEAST_DAYS_FOR_WEEKS else f"{days * 24:.3g} h"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _load(volume: Volume, who: str) -> str:
    from sre.alerting.review_model import assumptions

    known = assumptions()
    return (
        f"In {_long(volume.days)} {who} would have paged {_counted(volume.pages, 'time')} ({volume.pages_at_night} at "
        f"night) and made {_counted(volume.tickets, 'ticket')}. Incidents a shift of {known.shift_hours:g} h: "
        f"{volume.incidents_per_shift:.2g} on average, over the target of {known.incidents_per_shift:g} in "
        f"{volume.shifts_over_target} of {_counted(volume.shifts, 'shift')}."
    )
