"""Prompts as MCP serves them: listed from the registry, rendered on demand, each persona also a resource."""

from functools import partial
from typing import Any

import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver import UserMessage
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.prompts.base import Message, PromptArgument
from mcp.server.mcpserver.resources import FunctionResource
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS

from prompts.registry import PERSONAS, PROMPTS
from prompts.spec import PromptSpec
from sre.core.errors import InputError
from sre.core.text import quoted

MARKDOWN = "text/markdown"


class SpecPrompt(Prompt):
    """A prompt whose wrong arguments come back as invalid parameters, by name, and not as a crash."""

    async def render(self, arguments: dict[str, Any] | None, context: object) -> list[Message]:  # noqa: ARG002
        """Return the prompt as one message of the user."""
        try:
            # In a thread: the first rendering imports Jinja and reads the template.
            words = await anyio.to_thread.run_sync(partial(self.fn, arguments))
            return [UserMessage(str(words))]
        except InputError as error:
            raise MCPError(code=INVALID_PARAMS, message=error.explained(), data={"argument": error.field}) from error


def as_mcp(spec: PromptSpec) -> SpecPrompt:
    """Return a prompt as the server lists it."""
    return SpecPrompt(
        name=spec.name,
        title=spec.title,
        description=spec.description,
        arguments=[
            PromptArgument(name=argument.name, description=argument.description, required=argument.is_required)
            for argument in spec.arguments
        ],
        fn=spec.rendered,
        context_kwarg=None,
    )


def persona_uri(spec: PromptSpec) -> str:
    """Return where a persona is read as a resource."""
    return f"sre://personas/{spec.name}"


def persona_resources() -> list[FunctionResource]:
    """Return the personas, rendered with default arguments, for clients that show no prompts."""
    return [
        FunctionResource(
            uri=persona_uri(spec),
            name=f"persona_{spec.name}",
            title=spec.title,
            description=spec.description,
            mime_type=MARKDOWN,
            fn=partial(spec.rendered, None),
        )
        for spec in PERSONAS
    ]


def register(server: MCPServer) -> None:
    """Add the prompts, the personas as resources, and the URI template that names them."""
    for spec in PROMPTS:
        server.add_prompt(as_mcp(spec))
    for resource in persona_resources():
        server.add_resource(resource)
    server.resource(
        "sre://personas/{persona}",
        name="persona",
        title="A persona to take on",
        description=f"Personas: {', '.join(spec.name for spec in PERSONAS)}.",
        mime_type=MARKDOWN,
    )(_persona)


def _persona(persona: str) -> str:
    # Existing names are static resources and are found first.
    names = ", ".join(spec.name for spec in PERSONAS)
    raise ResourceNotFoundError(f"There is no persona {quoted(persona)}.\nValid: {names}")
