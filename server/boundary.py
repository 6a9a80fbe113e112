"""The one boundary around every tool call.

In: unknown and wrong arguments are explained. Around: deadline, cancellation, one audit record. Out: the error tree
becomes MCP results, answers are cleaned, redacted and kept within their budget, and a bug of ours becomes an id.
"""

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache, cached_property
from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Image
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata, func_metadata
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    GetPromptResult,
    ImageContent,
    InputRequiredResult,
    TextContent,
    ToolAnnotations,
)
from pydantic import Field, ValidationError

from server.asking import asked
from server.audit import current_record
from server.catalogue import Listing, LoadedTool, loaded
from server.deps import Deps
from server.redaction import JsonValue, Redactor
from sre.core.errors import InputError, RefusedError, SreError
from sre.core.text import cleaned, quoted
from tools.answer import HARD_LIMIT_CHARS, Answer
from tools.registry import ToolSpec

_LOGGER = logging.getLogger("sre_mcp")
_MAX_ERROR_CHARS = 6_000
_MAX_PROBLEMS = 8
_MAX_NAME = 60
# Of difflib: "limt" is 0.89 like "limit", "service" 0.62 like "source" (our choice).
_LEAST_LIKENESS = 0.75


class BoundedTool(Tool):
    """A tool that only ever answers through the boundary, loaded when it is first called."""

    spec: Any = Field(exclude=True)
    ready: Any = Field(None, exclude=True)
    told_output_schema: dict[str, Any] | None = Field(None, exclude=True)
    redactor: Any = Field(exclude=True)
    places: Any = Field(exclude=True)

    @cached_property
    def output_schema(self) -> dict[str, Any] | None:
        """What the tool answers with."""
        return self.told_output_schema

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:  # noqa: ARG002 - the SDK's face
        """Run the tool; every outcome but a protocol error or a question is a `CallToolResult`."""
        record = current_record()
        record.arguments = sorted(cleaned(name, limit=_MAX_NAME) for name in arguments)[:20]
        try:
            result = await self._answered(arguments, context)
        except MCPError:
            raise
        except SreError as error:
            record.outcome = error.code
            result = _failure(f"[{error.code}] {error.explained()}", self.redactor)
        except Exception:
            record.outcome, record.error_id = "bug", secrets.token_hex(4)
            _LOGGER.exception("error_id=%s: %s failed unexpectedly", record.error_id, self.name)
            result = _failure(_bug_message(self.name, record.error_id), self.redactor)
        if not isinstance(result, CallToolResult):
            record.outcome = "asked"
            return result
        record.characters = sum(len(part.text) for part in result.content if isinstance(part, TextContent))
        return result

    async def _answered(
        self, arguments: dict[str, Any], context: Context[Any, Any]
    ) -> CallToolResult | InputRequiredResult:
        tool = self._loaded()
        validated = self._validated(arguments, tool)
        injected: dict[str, Any] = {tool.context_argument: context} if tool.context_argument else {}
        # Waiting counts, for a person's reply and for a place: a client hears from us in time, however many others ask.
        with anyio.move_on_after(self.spec.deadline_seconds) as deadline:
            if tool.questions:
                replies = await asked(tool, validated, context)
                if isinstance(replies, InputRequiredResult):
                    return replies
                injected |= replies
            async with self.places:
                answer = await tool.function(**validated, **injected)
        if deadline.cancelled_caught:
            raise RefusedError(
                f"{self.name} did not finish within {self.spec.deadline_seconds:g} s and was stopped.",
                next_steps=("ask for a shorter window, a coarser step or fewer series",),
            )
        return _success(answer, self.redactor)

    def _loaded(self) -> LoadedTool:
        if self.ready is None:
            self.ready = loaded(self.spec)
        tool: LoadedTool = self.ready
        return tool

    def _validated(self, arguments: dict[str, Any], tool: LoadedTool) -> dict[str, Any]:
        known = tuple(tool.listing.input_schema.get("properties", {}))
        unknown = sorted(name for name in arguments if name not in known)
        if unknown:
            raise _unknown_argument(unknown[0], known)
        required = tool.listing.input_schema.get("required", ())
        given = {name: value for name, value in arguments.items() if value is not None or name in required}
        try:
            return tool.validated(given)
        except ValidationError as error:
            raise _explained(error, known) from None
        except RecursionError:
            raise InputError("The arguments are nested too deeply.", field="arguments") from None


class BoundedServer(MCPServer[Deps]):
    """The SDK's server, with wrong names of tools and prompts explained instead of merely refused."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; an unknown name is answered with the names there are."""
        known = [tool.name for tool in self._tool_manager.list_tools()]
        if name not in known:
            current_record().outcome = InputError.code
            error = InputError(f"There is no tool {quoted(name, limit=_MAX_NAME)}.", field="name", valid=known)
            return _failure(f"[{error.code}] {error.explained()}", Redactor())
        return await super().call_tool(name, arguments, context)

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Return a prompt; an unknown name is invalid parameters, with the names there are."""
        known = [prompt.name for prompt in await self.list_prompts()]
        if name not in known:
            message = f"There is no prompt {quoted(name, limit=_MAX_NAME)}.\nValid: {', '.join(known)}"
            raise MCPError(code=INVALID_PARAMS, message=message)
        return await super().get_prompt(name, arguments, context)


def bounded(
    spec: ToolSpec, redactor: Redactor, places: anyio.Semaphore, *, listings: Mapping[str, Listing]
) -> BoundedTool:
    """Return the registered form of a tool: strict arguments, declared hints, behind the boundary.

    Args:
        places: Shared by all tools of a server; bounds how many calls run at once.
        listings: What is known of tools without loading them; a tool that is not here is loaded now.
    """
    listing = listings.get(spec.name) if isinstance(spec.tool, str) else None
    ready = None if listing else loaded(spec)
    told = listing or (ready or loaded(spec)).listing
    return BoundedTool(
        fn=_never_called,
        fn_metadata=_no_metadata(),
        is_async=True,
        name=spec.name,
        title=spec.title,
        description=told.description,
        parameters=told.input_schema,
        told_output_schema=told.output_schema,
        annotations=ToolAnnotations(
            title=spec.title,
            read_only_hint=spec.is_read_only,
            destructive_hint=spec.is_destructive,
            idempotent_hint=spec.is_idempotent,
            open_world_hint=spec.is_open_world,
        ),
        spec=spec,
        ready=ready,
        redactor=redactor,
        places=places,
    )


async def _never_called() -> None:
    """Stand where the SDK expects the function, which is loaded when it is needed."""


@cache
def _no_metadata() -> FuncMetadata:
    return func_metadata(_never_called)


def _success(answer: Any, redactor: Redactor) -> CallToolResult:
    if not isinstance(answer, Answer):
        raise TypeError(f"a tool answers with an Answer, not {type(answer).__name__}")
    data: Any = fitted(answer)
    text = _serialised(data)
    if not redactor.is_clean(text):
        data = redactor.tree(data)
        text = _serialised(data)
    images: list[ImageContent] = [Image(data=png, format="png").to_image_content() for png in answer.images_png]
    return CallToolResult(content=[TextContent(type="text", text=text), *images], structured_content=data)


def _failure(text: str, redactor: Redactor) -> CallToolResult:
    shown = redactor.text(text)
    if len(shown) > _MAX_ERROR_CHARS:
        shown = shown[:_MAX_ERROR_CHARS] + "…"
    return CallToolResult(content=[TextContent(type="text", text=shown)], is_error=True)


def fitted(answer: Answer) -> dict[str, JsonValue]:
    """Return the answer as JSON within its budget, shortening its ranked lists from the tail.

    Raises:
        RefusedError: Even the shortest form is over the hard limit.
    """
    data: dict[str, Any] = answer.model_dump(mode="json", by_alias=True)
    size = _size(data)
    for name in answer.RANKED:
        if size > answer.budget_chars:
            size = _shortened(data, name, size - answer.budget_chars)
    if size > HARD_LIMIT_CHARS:
        raise RefusedError(
            f"The answer would be {size:,} characters; the limit is {HARD_LIMIT_CHARS:,}.",
            next_steps=("narrow the window, raise the step, or ask for fewer rows",),
        )
    return data


def _shortened(data: dict[str, Any], name: str, over: int) -> int:
    """Take rows from the tail of a list until `over` characters are saved; return the new size of the whole."""
    rows = data.get(name)
    if isinstance(rows, list) and len(rows) > 1:
        keep = len(rows)
        while keep > 1 and over > 0:
            keep -= 1
            over -= _size(rows[keep]) + 1
        data[name] = rows[:keep]
        data["left_out"].append(
            f"{name}: the first {keep} of {len(rows)} by rank are shown, to keep the answer short; "
            "narrow the question for the rest."
        )
    return _size(data)


def _serialised(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _size(value: Any) -> int:
    return len(_serialised(value))


def _unknown_argument(name: str, known: Sequence[str]) -> InputError:
    # Only what looks like a slip of the pen: another word, such as service for source, would mislead.
    close = get_close_matches(cleaned(name, limit=_MAX_NAME), known, n=1, cutoff=_LEAST_LIKENESS)
    hint = f" Did you mean {close[0]}?" if close else ""
    return InputError(f"Unknown argument {quoted(name, limit=_MAX_NAME)}.{hint}", field=cleaned(name), valid=known)


def _explained(error: ValidationError, known: Sequence[str]) -> InputError:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [
        f"{cleaned('.'.join(str(part) for part in problem['loc']), limit=_MAX_NAME)}: {cleaned(problem['msg'])}"
        for problem in problems[:_MAX_PROBLEMS]
    ]
    more = f" and {len(problems) - _MAX_PROBLEMS} more problems" if len(problems) > _MAX_PROBLEMS else ""
    first = str(problems[0]["loc"][0]) if problems and problems[0]["loc"] else "arguments"
    return InputError(
        f"Wrong arguments: {'; '.join(lines)}{more}.", field=first, next_steps=(f"arguments are: {', '.join(known)}",)
    )


def _bug_message(name: str, error_id: str) -> str:
    return (
        f"[bug] {name} failed unexpectedly; this is a defect of the server, not of the call. Error id {error_id}: "
        "the server's log on stderr has the details under that id."
    )
