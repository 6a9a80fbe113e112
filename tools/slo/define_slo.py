"""The tool `define_slo`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sre.core.errors import InputError
from sre.core.figures import figure_text
from sre.core.text import cleaned
from sre.core.times import Window
from tools.arguments import SourceName
from tools.artefacts import ArtefactAnswer, CheckAnswer, FileAnswer
from tools.context import ToolContext, deps_of, recorded_note, report_progress
from tools.slo.slo_facts import SloFacts, SloStanding, facts_of, left_words, share_text, standing_of
from tools.slo.slo_parts import SloParts, slo_from_parts
from tools.slo.young_counters import YOUNG_NOTE
from tools.slo_lookup import MAX_DOCUMENT_CHARS, slo_registry

if TYPE_CHECKING:
    from connectors.base import MetricSource
    from connectors.openslo.saving import SavedDocument
    from server.deps import Deps
    from sre.core.slo.model import Slo
    from tools.slo.slo_checks import SloChecks

_Short = Annotated[str, Field(max_length=250)]
_Counter = Annotated[str, Field(max_length=4000)]


class DefineSloAnswer(ArtefactAnswer):
    """The document that was made, and what it measures now."""

    slo: SloFacts | None = None
    saved_to: str | None = None
    convention: str | None = Field(None, description="How its metrics were found")
    standing: SloStanding | None = Field(None, description="Null where it could not be counted")
    source: str | None = None


async def define_slo(
    ctx: ToolContext,
    *,
    document: Annotated[str, Field(description="OpenSLO v1 YAML", max_length=MAX_DOCUMENT_CHARS)] = "",
    service: _Short = "",
    objective: float = 0.0,
    threshold_seconds: float = 0.0,
    window: _Short = "",
    good: _Counter = "",
    bad: _Counter = "",
    total: _Counter = "",
    latency_metric: _Counter = "",
    group_by: _Short = "",
    name: _Short = "",
    source: SourceName = "",
    overwrite: bool = False,
    dry_run: bool = False,
) -> DefineSloAnswer:
    """Save an SLO as an OpenSLO file, checked at the source: do its series exist, what is the SLI now.

    Use when an objective is to be set or changed. Pass `document`, or `service` and `objective` (0.999): its request
    counter is found, or with `threshold_seconds` its latency histogram. Or two of good, bad, total as PromQL counters.
    Not for how an SLO stands (`compute_error_budget`).
    """
    deps = deps_of(ctx)
    parts = SloParts(
        name, service, objective, window, good, bad, total, latency_metric, threshold_seconds, group_by
    )  # fmt: skip
    answer = DefineSloAnswer(summary="")
    slo, text = await _defined(deps, document, parts, source, answer)
    await report_progress(ctx, 1, 3, "Checking it at the source")
    found = await _checked(deps, slo, source, answer)
    await report_progress(ctx, 2, 3, "Saving")
    saved = None if dry_run else await slo_registry(deps).save(slo.name, text, overwrite=overwrite)
    _fill(answer, slo, found, saved)
    if saved is not None:
        answer.warnings += await _shadow_warning(deps, slo)
    path = f"slos/{slo.name}.yaml"
    answer.files = [FileAnswer(path=path, language="yaml", content=text, is_written=saved is not None)]
    # The document is shown whole, beside an answer of the usual size.
    answer.with_budget(len(text) * 2 + answer.budget_chars)
    return answer


async def _defined(deps: Deps, document: str, parts: SloParts, source: str, answer: DefineSloAnswer) -> tuple[Slo, str]:
    from connectors.openslo.document import read_slo
    from connectors.openslo.writing import document_from_slo

    if not document.strip():
        names = deps.sources.names()
        metrics = deps.sources.metric(source or None) if names else None
        written = source if source or len(names) < 2 else (metrics.name if metrics else "")
        built = await slo_from_parts(deps, parts, source=metrics, source_name=written)
        answer.convention = built.convention or None
        answer.warnings += built.notes
        document = document_from_slo(built.slo)
    elif parts.given():
        given = parts.given()
        raise InputError(f"document already says {', '.join(given)}; pass one or the other.", field=given[0])
    # What was made from parts is read back too: one judge for every document.
    read = read_slo(document)
    answer.warnings += read.notes
    answer.checks.append(
        CheckAnswer(name="document", tool="OpenSLO v1 reader", ok=True, detail="Reads without problem")
    )
    return read.slo, document if document.endswith("\n") else f"{document}\n"


async def _checked(deps: Deps, slo: Slo, source: str, answer: DefineSloAnswer) -> SloChecks:
    from tools.slo.slo_checks import slo_checks
    from tools.slo.slo_latency import LookUp
    from tools.slo.slo_parts import LOOKBACK

    metrics = _source_of(deps, slo, source, answer)
    if metrics is None:
        return await slo_checks(slo, None, at=None)
    now = await deps.now_of(metrics)
    answer.source = metrics.name
    if await metrics.latest() is not None:
        answer.warnings.append(recorded_note(now))
    return await slo_checks(slo, LookUp(metrics, Window(now - LOOKBACK, now)), at=now)


def _source_of(deps: Deps, slo: Slo, source: str, answer: DefineSloAnswer) -> MetricSource | None:
    names = deps.sources.names()
    if not names and not source:
        answer.warnings.append("No metric source is configured, so nothing could be checked against data.")
        return None
    named = slo.source_name if slo.source_name in names else None
    if slo.source_name and named is None:
        answer.warnings.append("The source that the document names is not configured here; the default one was used.")
    return deps.sources.metric(source or named)


async def _shadow_warning(deps: Deps, slo: Slo) -> list[str]:
    from connectors.openslo.folder import SloFolder

    if deps.demo_slo_folder is None or slo.name not in await SloFolder(deps.demo_slo_folder).names():
        return []
    return ["The demo world has an SLO of this name; from now on the saved one is meant."]


def _fill(answer: DefineSloAnswer, slo: Slo, found: SloChecks, saved: SavedDocument | None) -> None:
    answer.slo = facts_of(slo)
    answer.checks += found.checks
    answer.warnings += found.warnings
    if found.status is not None:
        answer.standing = standing_of(slo, found.status)
    if saved is not None:
        answer.saved_to = cleaned(str(saved.path), limit=500)
    if not slo.service:
        answer.warnings.append("No service is named, so no alert of it can be routed or found by service.")
    answer.summary = f"{slo.name}: {_promise(slo)} {_saved_words(saved)} {_now_words(answer, found)}".strip()


def _promise(slo: Slo) -> str:
    share = f"{slo.objective_ratio:.10%}".rstrip("%").rstrip("0").rstrip(".")
    groups = f" for each {', '.join(slo.group_by)}" if slo.group_by else ""
    return f"{share} % over {slo.window}{groups}."


def _saved_words(saved: SavedDocument | None) -> str:
    if saved is None:
        return "Not saved (dry run)."
    if not saved.is_changed:
        return "It was there already, unchanged."
    return "Saved in place of the former one." if saved.is_replaced else "Saved."


def _now_words(answer: DefineSloAnswer, found: SloChecks) -> str:
    failed = [check for check in answer.checks if check.ok is False]
    if failed:
        return f"But it cannot be measured as it is: {failed[0].detail}"
    if found.status is not None and found.status.is_young:
        return f"How it stands is not known yet. {YOUNG_NOTE}"
    standing = answer.standing
    if standing is None or standing.sli_ratio is None or standing.remaining_ratio is None:
        return "How it stands is not known."
    worst = " in its worst group" if standing.group_count else ""
    events = figure_text(standing.total_events, "count")
    left = left_words(standing.remaining_ratio)
    return f"Now{worst}: SLI {share_text(standing.sli_ratio)} of {events} events, budget {left}."
