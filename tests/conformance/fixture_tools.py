"""Tools the conformance suite calls by name: every kind of content, progress, logs and requests to the client.

The names and what each must do are the suite's; its `list` command and scenario descriptions are the specification.
"""

import base64
import io
import struct
import wave
import zlib
from typing import Annotated, Any

from mcp.shared.exceptions import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    ClientCapabilities,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    MissingRequiredClientCapabilityErrorData,
    SamplingCapability,
    SamplingMessage,
    TextContent,
    TextResourceContents,
)
from pydantic import Field

from tools.context import ToolContext

Content = list[ContentBlock]


def red_pixel_png() -> bytes:
    """Return a PNG of one red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00\xff\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def silence_wav() -> bytes:
    """Return a WAV of eight silent samples."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16))
    return buffer.getvalue()


def text(words: str) -> TextContent:
    """Return a block of text."""
    return TextContent(type="text", text=words)


def image() -> ImageContent:
    """Return a block with a picture."""
    return ImageContent(type="image", data=base64.b64encode(red_pixel_png()).decode(), mime_type="image/png")


def _embedded(uri: str, mime_type: str, words: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=words))


async def test_simple_text() -> Content:
    """Answers with one text."""
    return [text("This is a simple text response for testing.")]


async def test_image_content() -> Content:
    """Answers with one picture."""
    return [image()]


async def test_audio_content() -> Content:
    """Answers with one sound."""
    return [AudioContent(type="audio", data=base64.b64encode(silence_wav()).decode(), mime_type="audio/wav")]


async def test_embedded_resource() -> Content:
    """Answers with one embedded resource."""
    return [_embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]


async def test_multiple_content_types() -> Content:
    """Answers with text, a picture and a resource."""
    data = _embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
    return [text("Multiple content types test:"), image(), data]


async def test_error_handling() -> Content:
    """Always fails, as a bug of ours would."""
    raise RuntimeError("This tool intentionally returns an error for testing")


async def test_tool_with_logging(ctx: ToolContext) -> Content:
    """Sends three log messages while it works."""
    for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.info(message)
    return [text("Three messages were logged.")]


async def test_logging_tool(ctx: ToolContext) -> Content:
    """Logs once; a client that set no level must not see it."""
    await ctx.info("nobody asked for this")
    return [text("One message was logged.")]


async def test_tool_with_progress(ctx: ToolContext) -> Content:
    """Reports progress three times."""
    for done in (0, 50, 100):
        await ctx.report_progress(done, 100, f"{done} of 100")
    return [text("Progress was reported.")]


async def test_sampling(prompt: str, ctx: ToolContext) -> Content:
    """Asks the client's model."""
    reply = await ctx.session.create_message(
        [SamplingMessage(role="user", content=text(prompt))], max_tokens=100, related_request_id=ctx.request_id
    )
    words = reply.content.text if isinstance(reply.content, TextContent) else reply.content.type
    return [text(f"LLM response: {words}")]


async def _asked(ctx: ToolContext, message: str, properties: dict[str, Any]) -> Content:
    schema = {"type": "object", "properties": properties, "required": sorted(properties)}
    reply = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
    return [text(f"User response: action={reply.action}, content={reply.content}")]


async def test_elicitation(message: str, ctx: ToolContext) -> Content:
    """Asks the user two things."""
    described = {"username": "User's response", "email": "User's email address"}
    return await _asked(
        ctx, message, {name: {"type": "string", "description": words} for name, words in described.items()}
    )


async def test_elicitation_sep1034_defaults(ctx: ToolContext) -> Content:
    """Asks with a default for each primitive type."""
    properties = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    return await _asked(ctx, "Are these right?", properties)


async def test_elicitation_sep1330_enums(ctx: ToolContext) -> Content:
    """Asks with each way there is to write a choice."""
    plain = ["option1", "option2", "option3"]
    titled = [{"const": f"value{number}", "title": f"Option {number}"} for number in (1, 2, 3)]
    properties = {
        "untitledSingle": {"type": "string", "enum": plain},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option one", "Option two"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }
    return await _asked(ctx, "Which ones?", properties)


async def test_reconnection(ctx: ToolContext) -> Content:
    """Closes the stream of its own answer; the client fetches the rest by reconnecting."""
    await ctx.close_sse_stream()
    return [text("Sent after the stream was closed.")]


async def test_missing_capability() -> Content:
    """Needs a client that samples, and says so in the protocol's own way."""
    needed = MissingRequiredClientCapabilityErrorData(
        required_capabilities=ClientCapabilities(sampling=SamplingCapability())
    )
    raise MCPError(
        code=MISSING_REQUIRED_CLIENT_CAPABILITY,
        message="This tool needs a client that declares sampling.",
        data=needed.model_dump(mode="json", by_alias=True, exclude_none=True),
    )


async def test_trigger_tool_change(ctx: ToolContext) -> Content:
    """Says that the list of tools changed."""
    await ctx.notify_tools_changed()
    return [text("Told the listeners.")]


async def test_trigger_prompt_change(ctx: ToolContext) -> Content:
    """Says that the list of prompts changed."""
    await ctx.notify_prompts_changed()
    return [text("Told the listeners.")]


async def test_x_mcp_header(
    region: Annotated[str, Field(description="Mirrored in a header", json_schema_extra={"x-mcp-header": "Region"})],
) -> Content:
    """Has an argument that clients repeat in an HTTP header."""
    return [text(f"region is {region}")]


async def json_schema_2020_12_tool(
    name: str | None = None,
    address: dict[str, str] | None = None,
    contactMethod: str | None = None,  # noqa: N803 - the suite's name
    phone: str | None = None,
    email: str | None = None,
) -> Content:
    """Has a schema that uses what JSON Schema 2020-12 brought."""
    return [text(f"{name} {address} {contactMethod} {phone} {email}")]


# What the suite expects to find again, unharmed, in the list of tools.
JSON_SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

ANSWERING = (
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_error_handling,
    test_tool_with_logging,
    test_logging_tool,
    test_tool_with_progress,
    test_sampling,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
    test_reconnection,
    test_missing_capability,
    test_trigger_tool_change,
    test_trigger_prompt_change,
    test_x_mcp_header,
    json_schema_2020_12_tool,
)
