"""The tool `recommend_slo`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sre.core.errors import InputError, SreError
from sre.core.text import quoted
from sre.core.times import Window, parse_duration
from tools.answer import WindowAnswer
from tools.concurrent import all_of, outcome_of, seconds_left
from tools.context import ToolContext, deps_of, recorded_note, report_progress
from tools.slo.recommend_answer import (
    RecommendAnswer,
    evidence_of,
    history_text,
    indicator_answer,
    pairs_text,
    sentence_of,
)
from tools.slo_lookup import SloArgument

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from server.deps import Deps
    from sre.core.slo.model import Slo
    from tools.slo.recommend_reading import Asked, Found

_Short = Annotated[str, Field(max_length=64)]
_MAX_DEPENDENCIES = 50
_LEAST_SECONDS, _MOST_SECONDS = 86_400.0, 150 * 86_400.0
# Treynor, Dahlin, Rau and Beyer, "The Calculus of Service Availability", ACM Queue 15 (2017).
_EXTRA_NINE = (
    "The ceiling is the product of the dependencies' objectives, as if every request needed them all; a critical "
    "dependency should promise a nine more than what rests on it."
)


async def recommend_slo(
    ctx: ToolContext,
    *,
    service: Annotated[str, Field(max_length=200)] = "",
    slo: SloArgument = "",
    window: Annotated[str, Field(max_length=64, description="History to look at")] = "90d",
    objective: Annotated[float, Field(description="One to judge beside the usual ones")] = 0.0,
    dependencies: Annotated[str, Field(max_length=500, description="Their objectives: 0.999, 0.9995")] = "",
    source: _Short = "",
) -> RecommendAnswer:
    """Recommend objectives from history: bad days, weeks met, budget used and pages of each candidate.

    Use when choosing or tightening an SLO. `service` gives availability and latency (by real buckets), `slo` one SLI.
    Not for the state of a budget (`compute_error_budget`) or alert settings (`backtest_slo`).
    """
    from sre.slo.recommendation import dependency_ceiling
    from tools.slo.recommend_reading import Asked
    from tools.slo_lookup import slo_of

    deps = deps_of(ctx)
    if bool(service) == bool(slo):
        raise InputError("Pass service or slo, one of them.", field="service")
    definition = await slo_of(deps, slo) if slo else None
    metrics = deps.sources.metric(source or _known_source(deps, definition))
    now = await deps.now_of(metrics)
    asked = Asked(
        source=metrics,
        window=Window(now - timedelta(seconds=_history_seconds(window)), now),
        objective=objective or None,
        ceiling_ratio=dependency_ceiling(_objectives(dependencies)),
        progress=_Progress(ctx).told,
    )
    founds, missing = await _found(deps, asked, service, definition)
    answer = _answer(asked, founds, service=service, missing=missing)
    if await metrics.latest() is not None:
        answer.warnings.append(recorded_note(now))
    return answer


@dataclass(slots=True)
class _Progress:
    """Counts what is told, as several readers report at once."""

    ctx: ToolContext
    done: int = 0

    async def told(self, message: str) -> None:
        self.done += 1
        await report_progress(self.ctx, self.done, self.done + 1, message)


def _known_source(deps: Deps, definition: Slo | None) -> str | None:
    name = definition.source_name if definition is not None else None
    return name if name in deps.sources.names() else None


def _history_seconds(window: str) -> float:
    seconds = parse_duration(window, field="window").seconds
    if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:
        raise InputError("window is a history of 1d to 150d.", field="window", valid=("28d", "90d"))
    return seconds


def _objectives(text: str) -> list[float]:
    from sre.core.slo.budget import budget_ratio

    found = []
    for part in text.replace(",", " ").split()[:_MAX_DEPENDENCIES]:
        try:
            found.append(float(part))
        except ValueError:
            raise InputError(
                f"dependencies holds something that is no objective: {quoted(part)}.",
                field="dependencies",
                valid=("0.999, 0.9995",),
            ) from None
        budget_ratio(found[-1], field="dependencies")
    return found


async def _found(deps: Deps, asked: Asked, service: str, definition: Slo | None) -> tuple[list[Found], list[str]]:
    """Return what could be found, and what could not and why; nothing at all is an error."""
    from tools.slo.recommend_reading import Indicated, availability_of, found_for, latency_of

    wanted: dict[str, Callable[[], Awaitable[Found]]] = {}
    if definition is not None:
        wanted["slo"] = partial(found_for, asked, Indicated("slo", definition))
    else:
        wanted["availability"] = partial(availability_of, deps, asked, service)
        wanted["latency"] = partial(latency_of, deps, asked, service)
    ask = partial(outcome_of, seconds=seconds_left(), system=asked.source.name)
    outcomes = await all_of([partial(ask, call) for call in wanted.values()])
    founds = [outcome for outcome in outcomes if not isinstance(outcome, SreError)]
    errors = {kind: one for kind, one in zip(wanted, outcomes, strict=True) if isinstance(one, SreError)}
    if not founds:
        raise next(iter(errors.values()))
    return founds, [_missing(kind, error) for kind, error in errors.items()]


def _missing(kind: str, error: SreError) -> str:
    steps = f" Next: {'; '.join(error.next_steps)}" if error.next_steps else ""
    return f"{kind}: {error.message}{steps}"


def _answer(asked: Asked, founds: Sequence[Found], *, service: str, missing: Sequence[str]) -> RecommendAnswer:
    longest = max(founds, key=lambda one: one.seen.data_seconds)
    short = longest.seen.is_short
    sentences = [" ".join(filter(None, (sentence_of(one, service=service), pairs_text(one)))) for one in founds]
    if short:
        sentences.append(f"History is short ({history_text(longest)}): take it as a first guess and ask again later.")
    answer = RecommendAnswer(
        summary=" ".join(sentences),
        slo_window=str(longest.indicated.slo.window),
        history=history_text(longest),
        is_short=short,
        dependency_ceiling_ratio=asked.ceiling_ratio,
        source=asked.source.name,
        window=WindowAnswer(start=longest.window.start, end=longest.window.end),
        queries=evidence_of(founds),
        indicators=[indicator_answer(one, service=service) for one in founds],
        left_out=[*missing, *(line for one in founds for line in one.left_out)],
    )
    if asked.ceiling_ratio is not None:
        answer.warnings.append(_EXTRA_NINE)
    return answer
