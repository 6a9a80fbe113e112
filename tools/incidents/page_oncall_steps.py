"""Look, preview, consent, do, record: the steps of `page_oncall`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.incidents.page_plan import changed_since, confirmation_code
from tools.context import report_progress
from tools.incidents.page_oncall_reading import situation_of
from tools.incidents.page_oncall_recording import recorded
from tools.incidents.page_oncall_report import (
    changed_answer,
    done_words,
    preview_answer,
    settled_answer,
    triggered_answer,
)
from tools.incidents.page_oncall_sending import changed, triggered
from tools.incidents.page_oncall_situation import Asked, Situation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.deps import Deps
    from sre.core.oncall import PagedIncident
    from tools.context import ToolContext
    from tools.incidents.page_oncall_answer import PageOncallAnswer


async def paged_or_previewed(ctx: ToolContext, deps: Deps, asked: Asked) -> PageOncallAnswer:
    """Return the preview, or what was done where `confirm` belongs to just this.

    Raises:
        ConfigError: No PagerDuty is configured, or not what writing to it needs.
        InputError: Arguments that cannot be, or nothing to act on.
        UpstreamError: PagerDuty failed; the message says whether it may have been done.
    """
    source = deps.oncall()
    await report_progress(ctx, 0, 2, "Looking at what is there")
    situation = await situation_of(deps, source, asked)
    now = deps.clock.now().replace(microsecond=0)
    if situation.plan.is_done:
        return settled_answer(situation, now=now)
    moved = changed_since(asked.confirm, situation.plan) if asked.confirm.strip() else None
    if moved != 0:
        if asked.confirm.strip():
            situation.notes.insert(0, _why_not(moved))
        return preview_answer(situation, code=confirmation_code(situation.plan), now=now)
    await report_progress(ctx, 1, 2, "Telling PagerDuty")
    if asked.action == "trigger":
        return await _triggered(ctx, deps, situation)
    return await _changed(ctx, deps, situation)


def _why_not(moved: int | None) -> str:
    if moved is None:
        return "Nothing was sent: the confirm code is not for this, or things changed since. This is a new preview."
    return (
        f"Nothing was sent: since the preview, {moved} page(s) came or changed that nobody agreed to. "
        "This is a new preview; show it before you confirm."
    )


async def _triggered(ctx: ToolContext, deps: Deps, situation: Situation) -> PageOncallAnswer:
    event = situation.plan.event
    assert event is not None
    page, was_lost = await triggered(situation.source, event)
    answer = triggered_answer(situation, page, was_lost=was_lost, now=deps.clock.now().replace(microsecond=0))
    await _record(ctx, deps, situation, answer, pages=[page] if page else [], key=event.key)
    return answer


async def _changed(ctx: ToolContext, deps: Deps, situation: Situation) -> PageOncallAnswer:
    outcomes = await changed(situation.source, situation.plan)
    done = [one.page for one in outcomes if one.failure is None]
    if not done and (failure := outcomes[0].failure) is not None:
        if outcomes[0].is_unsure:
            failure.next_steps = ("Whether it was done is not known: look with get_incidents.", *failure.next_steps)
        raise failure
    answer = changed_answer(situation, outcomes, now=deps.clock.now().replace(microsecond=0))
    await _record(ctx, deps, situation, answer, pages=done)
    return answer


async def _record(
    ctx: ToolContext,
    deps: Deps,
    situation: Situation,
    answer: PageOncallAnswer,
    *,
    pages: Sequence[PagedIncident],
    key: str = "",
) -> None:
    if situation.record is None:
        return
    text = done_words(situation, pages)
    failure = await recorded(ctx, deps, situation.record, text=text, pages=pages, key=key)
    answer.is_recorded = failure is None
    if failure is not None:
        reference = situation.record.reference
        answer.warnings.append(
            f"It was done, but {reference} has no entry of it: {failure.message} update_incident adds it."
        )
