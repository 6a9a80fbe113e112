"""From the arguments of `compare_performance` to its answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sre.core.errors import InputError
from tools.context import ToolContext, deps_of, in_thread, report_progress

if TYPE_CHECKING:
    from server.deps import Deps
    from tools.performance.compare_answer import CompareAnswer
    from tools.performance.compare_subjects import Material

_LARGEST_SMALLEST = 10.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments, as they came."""

    before: str | list[Any] | dict[str, Any] | None
    after: str | list[Any] | dict[str, Any] | None
    query: str
    service: str
    change_at: str
    window: str
    metric: str
    higher_is_worse: bool | None
    smallest_ratio: float
    source: str

    @property
    def is_live(self) -> bool:
        """Whether a source is asked."""
        return bool(self.query or self.service)


async def compared(ctx: ToolContext, asked: Asked) -> CompareAnswer:
    """Return the comparison.

    Raises:
        InputError: The arguments do not say what to compare.
        NoDataError: There is nothing before or after.
    """
    from tools.performance.compare_report import report

    _check(asked)
    deps = deps_of(ctx)
    await report_progress(ctx, 0, 2, "Reading before and after")
    material = await _material(deps, asked)
    await report_progress(ctx, 1, 2, f"Comparing {len(material.subjects)} metrics")
    return await in_thread(partial(report, material, smallest_ratio=asked.smallest_ratio))


async def _material(deps: Deps, asked: Asked) -> Material:
    from tools.performance.compare_inline import inline_material
    from tools.performance.compare_reading import live_material

    if asked.is_live:
        return await live_material(deps, asked)
    return await in_thread(partial(inline_material, asked, now=deps.clock.now()))


def _check(asked: Asked) -> None:
    if not 0 <= asked.smallest_ratio <= _LARGEST_SMALLEST:
        raise InputError("smallest is a share of the level before, 0 to 10.", field="smallest", valid=("0.02", "0.1"))
    if asked.query and asked.service:
        raise InputError("Pass one of query and service.", field="query", valid=("query", "service"))
    if asked.is_live or asked.before is not None:
        return
    raise InputError(
        "What is to be compared? There is no query, no service and no data.",
        field="service",
        valid=("service + change_at", "query + change_at", "before + after"),
        next_steps=(
            'service="checkout", change_at="2026-01-31T12:00:00Z" reads its golden signals, or',
            'query="...", before="now-2d/now-1d", after="now-1d/now", or',
            "before=[...], after=[...]: the values themselves, or summaries of k6.",
        ),
    )
