"""`sre-mcp demo`: the demo world, our own server as a child process, and a tour of it through a real MCP client."""

import json
import os
import sys
import textwrap
import time
from pathlib import Path
from typing import TextIO

import anyio
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult, TextContent

from server.clients import SERVER_KEY, client_file, launch
from server.commands.install import snippet
from server.commands.screen import Screen
from server.commands.tour import STEPS, Step
from server.tokens import approximate_tokens

_START_SECONDS = 30
_CALL_SECONDS = 60


def run(*, is_verbose: bool) -> int:
    """Show the tour; 0 when every question was answered."""
    screen = Screen(is_terminal=sys.stdout.isatty(), is_verbose=is_verbose)
    started = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere:
        failed = anyio.run(_toured, screen, nowhere)
    _say_how_to_connect(screen)
    verdict = "every question answered" if not failed else f"{failed} of {len(STEPS)} questions failed"
    screen.heading(f"Done in {time.perf_counter() - started:.1f} s: {verdict}.")
    return 1 if failed else 0


async def _toured(screen: Screen, nowhere: TextIO) -> int:
    screen.heading("sre-mcp demo: a shop of five services, two weeks of its metrics, and a server that reads them.")
    screen.line("Starting `sre-mcp serve --demo` as a child process and connecting an MCP client over stdio ...")
    started = time.perf_counter()
    parameters = StdioServerParameters(command=sys.executable, args=["-P", "-m", "sre_mcp", "serve", "--demo"])
    # The child's audit lines would run through the tour; what fails is shown by its answer.
    transport = stdio_client(parameters, errlog=nowhere)
    async with Client(transport, read_timeout_seconds=_CALL_SECONDS) as client:
        with anyio.fail_after(_START_SECONDS):
            await _say_what_is_there(screen, client, started)
        return sum([await _asked(screen, client, number, step) for number, step in enumerate(STEPS, start=1)])


async def _say_what_is_there(screen: Screen, client: Client, started: float) -> None:
    tools = (await client.list_tools()).tools
    resources = (await client.list_resources()).resources
    prompts = (await client.list_prompts()).prompts
    cost = approximate_tokens(
        "".join(f"{tool.name}{tool.description}{json.dumps(tool.input_schema)}" for tool in tools)
    )
    screen.line(f"Connected in {time.perf_counter() - started:.1f} s (protocol {client.protocol_version}).")
    screen.line(f"{len(tools)} tools, about {cost:,} tokens to know them all: {', '.join(tool.name for tool in tools)}")
    screen.line(f"{len(resources)} resources: {', '.join(str(item.uri) for item in resources)}")
    screen.line(f"{len(prompts)} prompts: {', '.join(prompt.name for prompt in prompts)}")


async def _asked(screen: Screen, client: Client, number: int, step: Step) -> int:
    screen.heading(f"{number}. {step.question}")
    screen.raw(f"{step.tool} {json.dumps(step.arguments, ensure_ascii=False)}", indent="  > ")
    started = time.perf_counter()
    result = await client.call_tool(step.tool, step.arguments, progress_callback=screen.progress)
    seconds = time.perf_counter() - started
    screen.end_progress()
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    if result.is_error:
        screen.raw(text)
    else:
        _show(screen, step, result)
    print(f"  [{len(text):,} characters, about {approximate_tokens(text):,} tokens, {seconds:.2f} s]", flush=True)
    return int(bool(result.is_error))


def _show(screen: Screen, step: Step, result: CallToolResult) -> None:
    answer = result.structured_content or {}
    screen.line(str(answer.get("summary", "")))
    if screen.is_verbose:
        screen.raw(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    for name in step.shown:
        screen.field(name, answer.get(name))
    for warning in answer.get("warnings", [])[:2]:
        screen.line(f"! {warning}")


def _say_how_to_connect(screen: Screen) -> None:
    started_by = launch(config=None, demo=True, environment={})
    home, project = Path.home(), Path.cwd()
    command = " ".join([started_by.command, *started_by.arguments])
    screen.heading("Connect it")
    screen.line("Claude Code, in your project:")
    screen.raw(f"claude mcp add {SERVER_KEY} -- {command}")
    desktop = client_file("claude-desktop", home=home, project=project)
    screen.line(f"Claude Desktop, in {desktop.path}:")
    print(textwrap.indent(snippet(desktop, desktop.entry(started_by)), "    "))
    screen.line(
        "With your own Prometheus: leave --demo away and set PROMETHEUS_URL. "
        "`sre-mcp install claude-code` (or claude-desktop, cursor, vscode) writes the file for you."
    )
