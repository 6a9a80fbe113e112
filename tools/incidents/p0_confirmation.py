"""Whether a person stands behind a P0, asked where the client can ask.

A declaration never waits for it: where nobody can be asked, or nobody answers, it is recorded and says so. Only a plain
no keeps it from being recorded.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from mcp.server.elicitation import AcceptedElicitation, DeclinedElicitation, ElicitationResult
from mcp.server.mcpserver import Elicit, Resolve
from pydantic import BaseModel, Field

from sre.core.errors import SreError
from sre.core.text import cleaned, quoted
from tools.context import ToolContext, deps_of


class P0Confirmation(BaseModel):
    """The form a person fills in."""

    confirm: bool = Field(
        description="Declare a P0: most users are cut off, data is being lost, or security is breached"
    )


Confirmed: TypeAlias = Literal["not asked", "yes", "no", "no answer"]


async def p0_question(
    ctx: ToolContext, title: str, severity: str, facts: dict[str, Any]
) -> P0Confirmation | Elicit[P0Confirmation] | None:
    """Ask about a P0, said or following from the facts; None where there is nothing to ask, or nobody."""
    from tools.incidents.declare_incident_severity import facts_of_impact, stated_severity

    capabilities = ctx.client_capabilities
    asked = capabilities.elicitation if capabilities is not None else None
    if asked is None or (asked.form is None and asked.url is not None):
        return None
    impact, _ = facts_of_impact(facts)
    try:
        stated = stated_severity(severity, impact, now=deps_of(ctx).clock.now())
    except SreError:
        return None  # The tool explains it.
    if stated.severity != "P0":
        return None
    why = f" It follows from the facts: {'; '.join(stated.reasons)}." if stated.reasons else ""
    return Elicit(f"Declare {quoted(cleaned(title))} as P0? Everybody is called at once.{why}", P0Confirmation)


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
