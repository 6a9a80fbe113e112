"""The tool `generate_runbook`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tools.alerting.runbook_answer import RunbookAnswer, checks_of, row_of, summary_of
from tools.artefacts import Artefact, OutputDir, deliver
from tools.context import ToolContext, deps_of, in_thread, report_progress
from tools.slo_lookup import SloArgument

if TYPE_CHECKING:
    from server.deps import Deps
    from sre.alerting.runbook import Runbook
    from tools.alerting.runbook_subjects import Subject

_Text = Annotated[str, Field(max_length=200)]
_Rules = Annotated[str, Field(description="Rule file YAML", max_length=1_000_000)]
# Each takes about ten queries; a team's page-worthy alerts are fewer.
_MAX_ALERTS = 30
_MAX_FILE_NAME = 100


async def generate_runbook(
    ctx: ToolContext,
    *,
    alert: _Text = "",
    rules: _Rules = "",
    slo: SloArgument = "",
    escalate_to: _Text = "",
    source: _Text = "",
    output_dir: OutputDir = "",
    overwrite: bool = False,
) -> RunbookAnswer:
    """Write one runbook an alert, from the alert's own expression, its queries tried on the source.

    Use when an alert has no runbook or a thin one. Pass `rules`, or `slo`, or neither for the rules the source has
    loaded; `alert` picks one by name. Says meaning, budget speed, first queries, causes, mitigation, silence, proof.
    Not for judging alerts (`review_alerts`) or what fires now (`list_alerts`).
    """
    from tools.alerting.runbook_subjects import subjects_of

    deps = deps_of(ctx)
    subjects = await subjects_of(deps, alert=alert, rules=rules, slo=slo, source=source)
    chosen, left = subjects[:_MAX_ALERTS], subjects[_MAX_ALERTS:]
    runbooks = await _runbooks(ctx, deps, chosen, source=source, escalate_to=escalate_to)
    answer = RunbookAnswer(summary=summary_of(runbooks), runbooks=[row_of(runbook) for runbook in runbooks])
    answer.source = _source_name(deps, source)
    answer.checks = checks_of(runbooks, source=answer.source)
    if left:
        names = ", ".join(subject.alert for subject in left[:10])
        answer.left_out.append(f"{len(left)} more alerts ({names} ...); pass `alert` for one of them.")
    files = await in_thread(lambda: [_file(runbook) for runbook in runbooks])
    await deliver(answer, files, deps=deps, output_dir=output_dir, overwrite=overwrite)
    return answer


async def _runbooks(
    ctx: ToolContext, deps: Deps, subjects: list[Subject], *, source: str, escalate_to: str
) -> list[Runbook]:
    from tools.alerting.runbook_reading import runbook_of

    metrics = deps.sources.metric(source or None) if source or _source_name(deps, source) else None
    runbooks = []
    for index, subject in enumerate(subjects):
        await report_progress(ctx, index, len(subjects), f"Writing the runbook of {subject.alert}")
        now = await deps.now_of(metrics) if metrics is not None else None
        runbooks.append(await runbook_of(subject, metrics=metrics, now=now, escalate_to=escalate_to))
    return runbooks


def _source_name(deps: Deps, source: str) -> str | None:
    return source or deps.sources.default_name


def _file(runbook: Runbook) -> Artefact:
    from sre.alerting.runbook import runbook_markdown

    return Artefact(f"runbooks/{_file_name(runbook.alert)}.md", "markdown", runbook_markdown(runbook))


def _file_name(alert: str) -> str:
    # An alert's name is text from outside and could hold a path.
    return re.sub(r"[^A-Za-z0-9_-]+", "-", alert)[:_MAX_FILE_NAME].strip("-") or "alert"
