"""The steps of a review: read the rules, look at the data, replay, weigh."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sre.core.errors import InputError, NoDataError
from sre.core.text import quoted
from sre.core.times import Window, epoch_ms, instant_from_ms
from tools.alerting.review_report import Review, review_report
from tools.answer import WindowAnswer
from tools.concurrent import Stopwatch, seconds_left
from tools.context import in_thread, read_window, report_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.alerting.episodes import Nearest
    from sre.alerting.inlining import Records
    from sre.alerting.review import Ranked
    from sre.alerting.review_model import Finding, Judged, KnownData, ReviewedRule
    from sre.alerting.symptoms import Symptoms
    from tools.alerting.review_answer import ReviewAnswer
    from tools.alerting.review_reading import Existing, ReadRules
    from tools.alerting.review_replay import Replayed
    from tools.context import ReadWindow, ToolContext

# Each takes its query, and the answer can name but a few; a file of this size is reviewed service by service.
MAX_REPLAYED: Final = 500
_MAX_DAYS: Final = 92
# For the text of the rules: thousands take a second or two, only what was made to be slow takes this long.
_LINT_SECONDS: Final = 8.0
# Kept back for the diffs and the answer, while what the replay means is worked out.
_REPORT_SECONDS: Final = 10.0
# The same while the diffs are written.
_SENDING_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class ReviewQuestion:
    """The arguments of the tool."""

    rules: str
    start: str
    end: str
    service: str
    source: str


async def reviewed(ctx: ToolContext, deps: Deps, question: ReviewQuestion) -> ReviewAnswer:
    """Return the review that was asked for.

    Raises:
        InputError: No rules, or what was given is no rule file.
        NoDataError: No alert names the service.
    """
    from sre.alerting.review import most_urgent_first
    from sre.alerting.review_model import reviewed_rules
    from tools.alerting.review_reading import read_rules

    source = deps.sources.metric(question.source or None) if deps.sources.names() or question.source else None
    await report_progress(ctx, 0, 3, "Reading the rules")
    read = await read_rules(source, question.rules)
    rules = await in_thread(lambda: reviewed_rules(read.texts))
    alerts = await in_thread(lambda: most_urgent_first(_chosen(rules, question.service)))
    if source is None:
        watch = _watch(seconds_left())
        linted = await in_thread(lambda: _linted(deps, alerts, None, watch))
        review = Review(rules, alerts, _ranked(linted.findings, rules), unread=linted.unread)
        watch = _watch(seconds_left())
        return await in_thread(lambda: review_report(review, should_stop=watch.is_over))
    window = await _window(deps, source, question)
    return await _on_history(ctx, deps, source, question, _Subject(read, rules, alerts, window))


def _watch(seconds: float) -> Stopwatch:
    return Stopwatch(min(_LINT_SECONDS, seconds))


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is reviewed; the alerts that matter most first."""

    read: ReadRules
    rules: tuple[ReviewedRule, ...]
    alerts: tuple[ReviewedRule, ...]
    read_window: ReadWindow

    @property
    def window(self) -> Window:
        return self.read_window.window


def _chosen(rules: Sequence[ReviewedRule], service: str) -> tuple[ReviewedRule, ...]:
    from sre.core.rules import AlertRule

    alerts = tuple(one for one in rules if isinstance(one.rule, AlertRule))
    if not alerts:
        raise NoDataError("There are no alerts among the rules.", next_steps=("review another file or source.",))
    if not service:
        return alerts
    chosen = tuple(one for one in alerts if _names_service(one, service))
    if not chosen:
        raise NoDataError(
            f"None of the {len(alerts)} alerts names the service {quoted(service, limit=80)}.",
            next_steps=("review without service, or spell it as in the rules' labels.",),
        )
    return chosen


def _names_service(reviewed: ReviewedRule, service: str) -> bool:
    from sre.core.golden_conventions import conventions

    labels = conventions().service_labels
    if any(reviewed.rule.labels.get(name) == service for name in labels):
        return True
    selectors = reviewed.query.selectors() if reviewed.query is not None else ()
    return any(
        match.name in labels and match.op in ("=", "=~") and match.matches_value(service)
        for selector in selectors
        for match in selector.matchers
    )


async def _window(deps: Deps, source: MetricSource, question: ReviewQuestion) -> ReadWindow:
    from dataclasses import replace

    read = await read_window(deps, source, start=question.start, end=question.end)
    if read.window.seconds > _MAX_DAYS * 86_400:
        raise InputError(
            f"At most {_MAX_DAYS} days are replayed.", field="start", valid=("now-14d", "now-30d", "now-90d")
        )
    held = await source.coverage()
    if held is None:
        return read
    start, end = max(read.window.start, _next_minute(held.start)), min(read.window.end, held.end)
    if start >= end:
        raise NoDataError(
            f"The source {source.name} holds nothing in {read.window}.",
            causes=(f"it holds {held}",),
            next_steps=("choose start and end inside of it.",),
        )
    return replace(read, window=Window(start, end))


def _next_minute(at: datetime) -> datetime:
    return instant_from_ms(-(-epoch_ms(at) // 60_000) * 60_000)


async def _on_history(
    ctx: ToolContext, deps: Deps, source: MetricSource, question: ReviewQuestion, subject: _Subject
) -> ReviewAnswer:
    from tools.alerting.review_reading import existing_data, failing_findings
    from tools.alerting.review_replay import replayed_alerts
    from tools.alerting.review_symptoms import felt_symptoms

    await report_progress(ctx, 1, 3, "Looking up what the rules ask for")
    needed = _with_records(subject.rules, subject.alerts)
    existing = await existing_data(source, needed, window=subject.window)
    records = _records(subject.rules, existing)
    symptoms = await felt_symptoms(deps, source, window=subject.window, service=question.service)
    watch = _watch(seconds_left())
    linted = await in_thread(lambda: _linted(deps, subject.alerts, existing.known, watch))
    replayed = await replayed_alerts(
        ctx,
        source,
        subject.alerts[:MAX_REPLAYED],
        records=records,
        window=subject.window,
        spacing_seconds=existing.known.spacing_seconds,
    )
    replayed.unreached.update(one.index for one in subject.alerts[MAX_REPLAYED:])
    nearest = await _silent_ones(source, subject, records, replayed)
    found = [*failing_findings(subject.read, subject.alerts), *linted.findings]
    weighing, writing = (Stopwatch(seconds_left(spare_seconds=spare)) for spare in (_REPORT_SECONDS, _SENDING_SECONDS))
    review = await in_thread(
        lambda: _weighed(
            subject,
            found,
            replayed=replayed,
            symptoms=symptoms,
            nearest=nearest,
            existing=existing,
            unread=linted.unread,
            should_stop=weighing.is_over,
        )
    )
    answer = await in_thread(lambda: review_report(review, should_stop=writing.is_over))
    answer.source = source.name
    step = next(iter(replayed.steps_seconds)) if len(replayed.steps_seconds) == 1 else None
    answer.window = WindowAnswer(start=subject.window.start, end=subject.window.end, step_seconds=step)
    answer.warnings[:0] = subject.read_window.notes
    return answer


def _with_records(rules: Sequence[ReviewedRule], alerts: Sequence[ReviewedRule]) -> list[ReviewedRule]:
    """Return the alerts and the recording rules, whose selectors have to exist too."""
    from sre.core.rules import RecordingRule

    return [*alerts, *(one for one in rules if isinstance(one.rule, RecordingRule))]


def _records(rules: Sequence[ReviewedRule], existing: Existing) -> Records:
    from sre.alerting.inlining import Records
    from sre.core.rules import RecordingRule

    by_name: dict[str, list[ReviewedRule]] = {}
    for one in rules:
        if isinstance(one.rule, RecordingRule):
            by_name.setdefault(one.name, []).append(one)
    return Records(by_name, frozenset(by_name) - (existing.names or frozenset()))


def _linted(deps: Deps, alerts: Sequence[ReviewedRule], known: KnownData | None, watch: Stopwatch) -> Judged:
    from sre.alerting.lint import lint
    from sre.alerting.review_model import KnownData
    from sre.core.conventions import runbook_address

    address = partial(runbook_address, deps.runbook_url)
    return lint(alerts, known or KnownData(), runbook_url=address, should_stop=watch.is_over)


async def _silent_ones(
    source: MetricSource, subject: _Subject, records: Records, replayed: Replayed
) -> dict[int, Nearest]:
    from tools.alerting.review_replay import nearest_values

    silent = [
        one
        for one in subject.alerts
        if one.index in replayed.histories and not replayed.histories[one.index].was_ever_pending()
    ]
    return dict(await nearest_values(source, silent, records=records, window=subject.window))


def _weighed(
    subject: _Subject,
    found: Sequence[Finding],
    *,
    replayed: Replayed,
    symptoms: Symptoms | None,
    nearest: dict[int, Nearest],
    existing: Existing,
    unread: frozenset[int],
    should_stop: Callable[[], bool],
) -> Review:
    from sre.alerting.episodes import replay_findings
    from sre.alerting.review import ranked_findings
    from sre.alerting.volume import volume

    histories = [replayed.histories[one.index] for one in subject.alerts if one.index in replayed.histories]
    past = replay_findings(histories, symptoms=symptoms, nearest=nearest, should_stop=should_stop)
    window = subject.window
    load = volume(histories, start_ms=epoch_ms(window.start), end_ms=epoch_ms(window.end)) if histories else None
    return Review(
        subject.rules,
        subject.alerts,
        ranked_findings(
            [*found, *past.findings], subject.rules, replayed.histories, symptoms=symptoms, should_stop=should_stop
        ),
        replayed=replayed,
        volume=load,
        symptoms=symptoms,
        not_asked=existing.unasked,
        unread=unread | past.unread,
        is_from_source=subject.read.is_from_source,
    )


def _ranked(findings: Sequence[Finding], rules: Sequence[ReviewedRule]) -> Ranked:
    from sre.alerting.review import ranked_findings

    return ranked_findings(findings, rules, {})
