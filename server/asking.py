"""Questions to the person at the client before a tool runs, in the way of the client's revision of the protocol.

A tool asks by a parameter `Annotated[ElicitationResult[Model], Resolve(function)]` that no caller sees. It always gets
an outcome: where nobody answers in time, the one of a question that was put away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.elicitation import CancelledElicitation
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import resolve_arguments

from sre.core.errors import InputError
from sre.core.text import quoted

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context
    from mcp.types import InputRequiredResult

    from server.catalogue import LoadedTool

# Somebody who was paged reads one sentence and clicks; the call's own work still has to fit behind it.
ASKING_SECONDS = 25.0


async def asked(
    tool: LoadedTool, validated: dict[str, Any], context: Context[Any, Any]
) -> dict[str, Any] | InputRequiredResult:
    """Return what the tool's questions were answered with, by parameter.

    A client of 2026-07-28 is given the questions instead, and calls again with the answers.

    Raises:
        InputError: The client answered with something that was not asked for.
    """
    with anyio.move_on_after(ASKING_SECONDS):
        try:
            return await resolve_arguments(tool.questions, tool.question_plans, validated, context)
        except ToolError as error:
            raise InputError(f"The answer to the question was not understood: {quoted(str(error))}", field="") from None
    return {name: CancelledElicitation() for name in tool.questions}
