"""Whether a person stands behind a P0, asked where the client can ask.

A declaration never waits for it: where nobody can be asked, or nobody answers, it is recorded and says so. Only a plain
no keeps it from being recorded.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from mcp.server.elicitation import AcceptedElicitation, DeclinedElicitation, ElicitationResult
from mcp.server.mcpserver import Elicit, Resolve
from pydantic import BaseModel, Field

from sre.core.errors import InputError
from sre.core.text import cleaned, quoted
from tools.context import ToolContext


class P0Confirmation(BaseModel):
    """The form a person fills in."""

    confirm: bool = Field(
        description="Declare a P0: most users are cut off, data is being lost, or security is breached"
    )


Confirmed: TypeAlias = Literal["not asked", "yes", "no", "no answer"]


async def p0_question(ctx: ToolContext, title: str, severity: str) -> P0Confirmation | Elicit[P0Confirmation] | None:
    """Ask about a P0; None where there is nothing to ask, or nobody."""
    from sre.incidents.records.severity_words import severity_said

    capabilities = ctx.client_capabilities
    asked = capabilities.elicitation if capabilities is not None else None
    if asked is None or (asked.form is None and asked.url is not None):
        return None
    try:
        said = severity_said(severity).severity
    except InputError:
        return None  # The tool explains it.
    if said != "P0":
        return None
    return Elicit(f"Declare {quoted(cleaned(title))} as P0? Everybody is called at once.", P0Confirmation)


P0Reply: TypeAlias = Annotated[ElicitationResult[P0Confirmation | None], Resolve(p0_question)]  # type: ignore[type-var]


def confirmed(reply: ElicitationResult[P0Confirmation | None]) -> Confirmed:  # type: ignore[type-var]
    """Return what was said."""
    if isinstance(reply, DeclinedElicitation):
        return "no"
    if not isinstance(reply, AcceptedElicitation):
        return "no answer"
    if reply.data is None:
        return "not asked"
    return "yes" if reply.data.confirm else "no"
