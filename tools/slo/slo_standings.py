"""How many SLOs stand at once, within the time and the questions that one answer may cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import anyio

from sre.core.errors import SreError
from sre.core.text import listed, quoted
from tools.concurrent import outcome_of, seconds_left
from tools.context import ToolContext, deps_of, recorded_note, report_progress
from tools.slo.slo_facts import SloStanding, coverage_warning, standing_of
from tools.slo.slo_status import slo_status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.slo.model import Slo

# Each costs a source some ten queries, the longest over the whole SLO window (our choice).
MAX_READ = 20
_AT_ONCE = 4


@dataclass(slots=True)
class Standings:
    """What was read.

    Attributes:
        notes: Of an SLO, what makes its figures less sure or why there are none.
    """

    by_name: dict[str, SloStanding] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an SLO is read, and when."""

    slo: Slo
    source: MetricSource
    at: datetime


async def standings_of(ctx: ToolContext, slos: Sequence[Slo], *, source: str = "") -> Standings:
    """Return how the first of these SLOs stand; a source that fails or is slow costs its own SLOs only.

    Args:
        source: Read all of them here; empty takes the source that each names, or the default one.

    Raises:
        ConfigError: No source is configured.
        InputError: There is no such source.
    """
    found = Standings()
    places = await _places(deps_of(ctx), slos[:MAX_READ], source, found)
    limiter = anyio.CapacityLimiter(_AT_ONCE)
    async with anyio.create_task_group() as group:
        for place in places:
            group.start_soon(partial(_read, ctx, place, limiter, found, total=len(places)))
    late = [name for name, notes in found.notes.items() if name not in found.by_name and notes == (_LATE,)]
    if late:
        found.left_out.append(f"how {listed(sorted(late))} stand: the source is slow; ask for one service at a time.")
    if len(slos) > MAX_READ:
        rest = [slo.name for slo in slos[MAX_READ:]]
        found.left_out.append(f"how {len(rest)} more stand ({listed(rest)}): pass service to ask for fewer.")
    return found


_LATE = "Not read in time."


async def _places(deps: Deps, slos: Sequence[Slo], source: str, found: Standings) -> list[_Place]:
    known = deps.sources.names()
    places: list[_Place] = []
    now: dict[str, datetime] = {}
    for slo in slos:
        named = slo.source_name if slo.source_name in known else None
        metrics = deps.sources.metric(source or named)
        if metrics.name not in now:
            now[metrics.name] = await deps.now_of(metrics)
            if await metrics.latest() is not None:
                found.warnings.append(recorded_note(now[metrics.name]))
        if slo.source_name and named is None and not source:
            note = f"The document names the source {quoted(slo.source_name, limit=80)}, which is not configured."
            found.notes[slo.name] = (f"{note} Read from {metrics.name}.",)
        places.append(_Place(slo, metrics, now[metrics.name]))
    return places


async def _read(
    ctx: ToolContext, place: _Place, limiter: anyio.CapacityLimiter, found: Standings, *, total: int
) -> None:
    name = place.slo.name
    async with limiter:
        seconds = seconds_left()
        if seconds <= 0:
            found.notes[name] = (_LATE,)
            return
        call = partial(slo_status, place.source, place.slo, at=place.at)
        outcome = await outcome_of(call, seconds=seconds, system=place.source.name)
    if isinstance(outcome, SreError):
        found.notes[name] = (*found.notes.get(name, ()), outcome.message) if seconds_left() > 0 else (_LATE,)
        return
    found.by_name[name] = standing_of(place.slo, outcome)
    found.notes[name] = (*found.notes.get(name, ()), *outcome.notes, *coverage_warning(outcome, place.slo))
    await report_progress(ctx, len(found.by_name), total, f"Read {len(found.by_name)} of {total} SLOs")
