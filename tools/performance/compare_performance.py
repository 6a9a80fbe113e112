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
    smallest_change: float = 0.02,
    source: _Text = "",
) -> CompareAnswer:
    """Compare before and after: difference, interval, verdict.

    Use when asked whether a deploy made it slower. Give service or query with change_at (or windows
    before="start/end", after=...), or data: values, {timestamps, values}, k6 summaries of several runs.
    metric: name or unit of values. Not for finding the time (use `detect_changes`).
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
        smallest_ratio=smallest_change,
        source=source,
    )
    return await compared(ctx, asked)
