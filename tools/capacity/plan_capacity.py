"""The tool `plan_capacity`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, WithJsonSchema

from tools.artefacts import OutputDir
from tools.capacity.plan_capacity_answer import PlanAnswer
from tools.context import ToolContext

if TYPE_CHECKING:
    from pydantic.config import JsonDict

_MAX_DOCUMENT = 500_000


def _without_default(schema: JsonDict) -> None:
    # A default that says nothing is paid for by every client in tokens.
    schema.pop("default", None)


_Document = Annotated[
    str | dict[str, Any] | list[Any],
    WithJsonSchema({"type": ["string", "object", "array"], "maxLength": _MAX_DOCUMENT}),
]
_Span = Annotated[str, Field(max_length=64)]
_Source = Annotated[str, Field(max_length=200, json_schema_extra=_without_default)]


async def plan_capacity(
    ctx: ToolContext,
    *,
    resources: _Document,
    horizon: _Span = "180d",
    headroom: float = 0.3,
    lead_time: _Span = "14d",
    risk: float = 0.1,
    source: _Source = "",
    output_dir: OutputDir = "",
    overwrite: bool = False,
) -> PlanAnswer:
    """Plan many resources by date: what to order when, what binds, costs, risks.

    Use when asked what to buy or scale by when.
    resources: [{name, units, unit_capacity, demand: 1200 rps growing 15 % a month | {query}, prices}]; [] explains all.
    Not for one series (`forecast_capacity`).
    """
    from tools.capacity.plan_capacity_steps import Question, planned

    question = Question.read(horizon=horizon, headroom=headroom, lead_time=lead_time, risk=risk)
    return await planned(ctx, resources, question, source=source, output_dir=output_dir, overwrite=overwrite)
