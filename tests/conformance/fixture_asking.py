"""Tools and a prompt that ask the client for more before they answer (2026-07-28, SEP-2322).

Each returns what it still needs, and is called again with the replies. The state between two rounds is sealed by the
SDK, so that a client can carry it but not change it.
"""

from typing import Any

from mcp.server.mcpserver import UserMessage
from mcp.types import (
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)

from tests.conformance.fixture_tools import text
from tools.context import ToolContext

Asked = CallToolResult | InputRequiredResult


def question(message: str, *, name: str, kind: str = "string") -> ElicitRequest:
    """Return a form with one field."""
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def model_question(words: str) -> CreateMessageRequest:
    """Return a question for the client's model."""
    messages = [SamplingMessage(role="user", content=text(words))]
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=messages, max_tokens=100))


def _needed(requests: dict[str, InputRequest], state: str | None = None) -> InputRequiredResult:
    return InputRequiredResult(input_requests=requests, request_state=state)


def _done(words: str) -> CallToolResult:
    return CallToolResult(content=[text(words)])


def _form_value(ctx: ToolContext, key: str, field: str) -> Any:
    reply = (ctx.input_responses or {}).get(key)
    return (reply.content or {}).get(field) if isinstance(reply, ElicitResult) else None


async def test_input_required_result_elicitation(ctx: ToolContext) -> Asked:
    """Asks for a name, then greets."""
    name = _form_value(ctx, "user_name", "name")
    if not isinstance(name, str):
        return _needed({"user_name": question("What is your name?", name="name")})
    return _done(f"Hello, {name}!")


async def test_streaming_elicitation(ctx: ToolContext) -> Asked:
    """Asks on the stream of its own answer, and only there."""
    return await test_input_required_result_elicitation(ctx)


async def test_input_required_result_sampling(ctx: ToolContext) -> Asked:
    """Asks the client's model."""
    reply = (ctx.input_responses or {}).get("capital_question")
    if not isinstance(reply, CreateMessageResult):
        return _needed({"capital_question": model_question("What is the capital of France?")})
    return _done(reply.content.text if isinstance(reply.content, TextContent) else reply.content.type)


async def test_input_required_result_list_roots(ctx: ToolContext) -> Asked:
    """Asks for the client's folders."""
    reply = (ctx.input_responses or {}).get("client_roots")
    if not isinstance(reply, ListRootsResult):
        return _needed({"client_roots": ListRootsRequest()})
    return _done(", ".join(str(root.uri) for root in reply.roots))


async def test_input_required_result_request_state(ctx: ToolContext) -> Asked:
    """Asks with a state that must come back as it was."""
    if ctx.request_state != "waiting" or _form_value(ctx, "confirm", "ok") is None:
        return _needed({"confirm": question("Please confirm", name="ok", kind="boolean")}, "waiting")
    return _done("state-ok")


async def test_input_required_result_tampered_state(ctx: ToolContext) -> Asked:
    """The same with a state that the suite tampers with."""
    return await test_input_required_result_request_state(ctx)


async def test_input_required_result_multiple_inputs(ctx: ToolContext) -> Asked:
    """Asks the user, the model and for the folders at once."""
    wanted: dict[str, InputRequest] = {
        "user_name": question("What is your name?", name="name"),
        "greeting": model_question("Generate a greeting"),
        "client_roots": ListRootsRequest(),
    }
    if ctx.request_state != "asked" or not wanted.keys() <= (ctx.input_responses or {}).keys():
        return _needed(wanted, "asked")
    return _done("All three replied.")


async def test_input_required_result_multi_round(ctx: ToolContext) -> Asked:
    """Asks twice, one after the other."""
    if ctx.request_state is None:
        return _needed({"step1": question("Step 1: What is your name?", name="name")}, "name")
    if ctx.request_state == "name":
        name = _form_value(ctx, "step1", "name")
        return _needed({"step2": question("Step 2: What is your favorite color?", name="color")}, f"color of {name}")
    return _done(f"{ctx.request_state} is {_form_value(ctx, 'step2', 'color')}")


async def test_input_required_result_capabilities(ctx: ToolContext) -> Asked:
    """Asks only for what the client says it can do."""
    declared = ctx.client_capabilities
    wanted: dict[str, InputRequest] = {}
    if declared is not None and declared.sampling is not None:
        wanted["model"] = model_question("Say anything")
    if declared is not None and declared.elicitation is not None:
        wanted["user"] = question("What is your name?", name="name")
    return _needed(wanted) if wanted and not ctx.input_responses else _done("Nothing to ask for.")


async def test_input_required_result_prompt(ctx: ToolContext) -> list[UserMessage] | InputRequiredResult:
    """A prompt that asks for its context."""
    context = _form_value(ctx, "user_context", "context")
    if not isinstance(context, str):
        return _needed({"user_context": question("What context should the prompt use?", name="context")})
    return [UserMessage(f"Use this context: {context}")]


ASKING = (
    test_input_required_result_elicitation,
    test_streaming_elicitation,
    test_input_required_result_sampling,
    test_input_required_result_list_roots,
    test_input_required_result_request_state,
    test_input_required_result_tampered_state,
    test_input_required_result_multiple_inputs,
    test_input_required_result_multi_round,
    test_input_required_result_capabilities,
)
