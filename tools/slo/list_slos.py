"""The tool `list_slos`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from sre.core.errors import ConfigError
from sre.core.text import cleaned, listed, nearest_names, quoted
from tools.answer import Answer, Part
from tools.arguments import SourceName
from tools.context import ToolContext, deps_of
from tools.slo.slo_facts import SloFacts, SloStanding, facts_of, left_words
from tools.slo_lookup import slo_registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.openslo.files import BrokenDocument
    from connectors.openslo.folder import RegisteredSlo, Registry
    from tools.slo.slo_standings import Standings

_MAX_PROBLEMS = 3
_MAX_BROKEN = 20
_LEVELS = ("exhausted", "critical", "caution", "healthy")


class SloRow(SloFacts):
    """An SLO of the registry; `standing` is null where it was not read."""

    file: str
    standing: SloStanding | None = None
    notes: list[str] = Field(default_factory=list)


class BrokenRow(Part):
    """A document that is not used, with its first problems."""

    file: str
    name: str
    problems: list[str]
    problem_count: int


class ListSlosAnswer(Answer):
    """The registry."""

    RANKED: ClassVar[tuple[str, ...]] = ("slos", "broken")

    folder: str
    slos: list[SloRow] = Field(default_factory=list, description="Least budget left first")
    slo_count: int = 0
    broken: list[BrokenRow] = Field(default_factory=list)
    broken_count: int = 0


async def list_slos(
    ctx: ToolContext,
    *,
    service: Annotated[str, Field(max_length=200)] = "",
    status: bool = True,
    source: SourceName = "",
) -> ListSlosAnswer:
    """List the SLOs that are defined: objective, window, and how each stands (budget left, burn rates, policy).

    Use when asked which SLOs there are, which is worst, or why one is not found: broken documents are listed with their
    problems. Not for one SLO in detail (`compute_error_budget`).
    """
    deps = deps_of(ctx)
    registry = await slo_registry(deps).load_all()
    chosen = [one for one in registry.slos if not service or one.slo.service == service]
    answer = ListSlosAnswer(summary="", folder=cleaned(str(deps.slo_folder), limit=500), slo_count=len(chosen))
    answer.broken = [_broken_row(one) for one in registry.broken[:_MAX_BROKEN]]
    answer.broken_count = len(registry.broken)
    if len(registry.broken) > _MAX_BROKEN:
        answer.left_out.append(f"{len(registry.broken) - _MAX_BROKEN} more broken documents: mend these first.")
    standings = await _standings(ctx, chosen, source=source, answer=answer) if status and chosen else None
    answer.slos = _rows(chosen, standings)
    answer.summary = _summary(answer, registry, service)
    return answer


async def _standings(
    ctx: ToolContext, chosen: Sequence[RegisteredSlo], *, source: str, answer: ListSlosAnswer
) -> Standings | None:
    from tools.slo.slo_standings import standings_of

    try:
        found = await standings_of(ctx, [one.slo for one in chosen], source=source)
    except ConfigError as error:
        if source:
            raise
        answer.warnings.append(f"{error.message} So it is not known how the SLOs stand.")
        return None
    answer.warnings += found.warnings
    answer.left_out += found.left_out
    return found


def _rows(chosen: Sequence[RegisteredSlo], standings: Standings | None) -> list[SloRow]:
    rows = []
    for one in chosen:
        standing = standings.by_name.get(one.slo.name) if standings else None
        notes = [*one.notes, *(standings.notes.get(one.slo.name, ()) if standings else ())]
        facts = facts_of(one.slo).model_dump()
        file = cleaned(one.file if one.is_own else f"(demo) {one.file}")
        rows.append(SloRow(**facts, file=file, standing=standing, notes=notes))
    return sorted(rows, key=_rank)


def _rank(row: SloRow) -> tuple[bool, float, str]:
    remaining = row.standing.remaining_ratio if row.standing else None
    return (remaining is None, remaining or 0.0, row.name)


def _broken_row(broken: BrokenDocument) -> BrokenRow:
    return BrokenRow(
        file=cleaned(broken.file),
        name=cleaned(broken.name),
        problems=[cleaned(problem, limit=300) for problem in broken.problems[:_MAX_PROBLEMS]],
        problem_count=len(broken.problems),
    )


def _summary(answer: ListSlosAnswer, registry: Registry, service: str) -> str:
    broken = f" {answer.broken_count} document(s) are broken and not used." if answer.broken_count else ""
    if not answer.slos:
        return _nothing(registry, service) + broken
    of_service = f" of {quoted(service, limit=80)}" if service else ""
    known = [row for row in answer.slos if row.standing is not None and row.standing.policy is not None]
    head = f"{len(answer.slos)} SLO{'s' if len(answer.slos) != 1 else ''}{of_service}"
    if not known:
        return f"{head}; how they stand is not known.{broken}"
    counts = Counter(row.standing.policy for row in known if row.standing is not None)
    levels = ", ".join(f"{counts[level]} {level}" for level in _LEVELS if counts[level])
    unknown = f", {len(answer.slos) - len(known)} not known" if len(known) < len(answer.slos) else ""
    return f"{head}: {levels}{unknown}. {_worst(known)}{broken}"


def _worst(known: list[SloRow]) -> str:
    worst = known[0]
    assert worst.standing is not None
    burning = [row.name for row in known if row.standing is not None and row.standing.firing_tiers]
    now = f"Burning fast enough to alert now: {listed(burning)}." if burning else "None burns fast enough to alert now."
    return f"Worst is {worst.name}: budget {left_words(worst.standing.remaining_ratio or 0.0)}. {now}"


def _nothing(registry: Registry, service: str) -> str:
    if not registry.slos:
        return "No SLO is defined yet; define_slo makes one."
    names = sorted({one.slo.service for one in registry.slos if one.slo.service})
    near = nearest_names(service, names) or tuple(names)
    known = listed([quoted(name, limit=80) for name in near])
    return f"No SLO is of the service {quoted(service, limit=80)}; services with SLOs: {known or 'none'}."
