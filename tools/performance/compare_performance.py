"""The tool `compare_performance`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, WithJsonSchema

from tools.arguments import MAX_QUERY_CHARS
from tools.context import ToolContext
from tools.performance.compare_answer import CompareAnswer

if TYPE_CHECKING:
    from pydantic.config import JsonDict


def _without_default(schema: JsonDict) -> None:
    # An empty default tells a client nothing, and every client pays for it in tokens.
    schema.pop("default", None)


_Text = Annotated[str, Field(max_length=200, json_schema_extra=_without_default)]
# The lean schema: what a client needs to know; `compare_inline` checks the rest.
_Data = Annotated[
    str | list[Any] | dict[str, Any] | None,
    WithJsonSchema({"type": ["array", "object", "string"]}),
    Field(json_schema_extra=_without_default),
]
_Flag = Annotated[bool | None, WithJsonSchema({"type": "boolean"}), Field(json_schema_extra=_without_default)]


async def compare_performance(
    ctx: ToolContext,
    *,
    before: _Data = None,
    after: _Data = None,
    query: Annotated[str, Field(max_length=MAX_QUERY_CHARS, json_schema_extra=_without_default)] = "",
    service: _Text = "",
    change_at: _Text = "",
    window: Annotated[str, Field(max_length=64)] = "1d",
    metric: _Text = "",
    higher_is_worse: _Flag = None,
    smallest: Annotated[float, Field(json_schema_extra=_without_default)] = 0.02,
    source: _Text = "",
) -> CompareAnswer:
    """Before and after: difference, interval, verdict.

    Use when asked if a deploy slowed it. service or query + change_at (or before=start/end, after=...),
    or values, {timestamps, values}, k6 summaries. Not for when (`detect_changes`).
    """
    from tools.performance.compare_steps import Asked, compared

    asked = Asked(
        before=before,
        after=after,
        query=query,
        service=service,
        change_at=change_at,
        window=window,
        metric=metric,
        higher_is_worse=higher_is_worse,
        smallest_ratio=smallest,
        source=source,
    )
    return await compared(ctx, asked)
