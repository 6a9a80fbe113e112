"""Argument types that several tools share, with the one description each has."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Longer than any hand-written query; the connector sends long ones by POST.
MAX_QUERY_CHARS = 20_000
MAX_INLINE_POINTS = 100_000

PromQL = Annotated[str, Field(description="PromQL", min_length=1, max_length=MAX_QUERY_CHARS)]
StartTime = Annotated[str, Field(description="now-1h, -5m, RFC 3339 or epoch seconds", max_length=64)]
EndTime = Annotated[str, Field(description="As start", max_length=64)]
DurationText = Annotated[str, Field(description="30s 5m 6h 30d 4w", max_length=64)]
# What leaving it out means is said once, in the server's instructions.
SourceName = Annotated[str, Field(max_length=200)]


class InlineSeries(BaseModel):
    """A series passed in the call: same length, times as RFC 3339 or epoch seconds, null for missing."""

    model_config = ConfigDict(extra="forbid", strict=True)

    timestamps: list[str | int | float] = Field(max_length=MAX_INLINE_POINTS)
    values: list[float | None] = Field(max_length=MAX_INLINE_POINTS)
