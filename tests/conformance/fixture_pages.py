"""Resources and prompts the conformance suite reads by name."""

import json

from mcp.server import MCPServer
from mcp.server.mcpserver import UserMessage
from mcp.types import EmbeddedResource, TextResourceContents

from server.deps import Deps
from tests.conformance.fixture_asking import test_input_required_result_prompt
from tests.conformance.fixture_tools import image, red_pixel_png


def register(server: MCPServer[Deps]) -> None:
    """Add the resources and the prompts."""
    _register_resources(server)
    for prompt in (
        test_simple_prompt,
        test_prompt_with_arguments,
        test_prompt_with_embedded_resource,
        test_prompt_with_image,
        test_input_required_result_prompt,
    ):
        server.prompt()(prompt)


def _register_resources(server: MCPServer[Deps]) -> None:
    @server.resource("test://static-text", description="Text that never changes", mime_type="text/plain")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", description="A picture", mime_type="image/png")
    def static_binary() -> bytes:
        return red_pixel_png()

    @server.resource("test://watched-resource", description="Text to subscribe to", mime_type="text/plain")
    def watched() -> str:
        return "Watched resource content"

    @server.resource("test://template/{id}/data", description="Data of an id", mime_type="application/json")
    def data_of(id: str) -> str:  # noqa: A002 - the suite's name
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def test_simple_prompt() -> list[UserMessage]:
    """A prompt without arguments."""
    return [UserMessage("This is a simple prompt for testing.")]


def test_prompt_with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
    """A prompt with two arguments."""
    return [UserMessage(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")]


def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803 - the suite's name
    """A prompt that carries a resource."""
    page = TextResourceContents(uri=resourceUri, mime_type="text/plain", text="Embedded resource content for testing.")
    return [
        UserMessage(EmbeddedResource(type="resource", resource=page)),
        UserMessage("Please process the embedded resource above."),
    ]


def test_prompt_with_image() -> list[UserMessage]:
    """A prompt that carries a picture."""
    return [UserMessage(image()), UserMessage("Please analyze the image above.")]
