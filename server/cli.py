"""The console command: reads the command line and hands over to one module a command in `server/commands`."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence

from server.version import product_version
from sre.core.errors import SreError

EXIT_FAILED, EXIT_USAGE = 1, 2
_CLIENTS = ("claude-code", "claude-desktop", "cursor", "vscode")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 fine, 1 failed, 2 wrong usage or configuration."""
    options = _parser().parse_args(arguments)
    try:
        status = _run(options)
        sys.stdout.flush()
        return status
    except SreError as error:
        print(f"sre-mcp: {error.explained()}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has enough, as `head` does. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED


def _run(options: argparse.Namespace) -> int:
    command = options.command or "serve"
    if command != "serve":
        gc.enable()  # the launcher switched it off; serving switches it on itself, once everything is loaded
    if command == "serve":
        from server.commands.serve import run as serve

        return serve(config=options.config, http=options.http, demo=options.demo, allow_writes=options.allow_writes)
    if command == "demo":
        from server.commands.demo import run as demo

        return demo(is_verbose=options.verbose)
    if command == "check":
        from server.commands.check import run as check

        return check(config=options.config, is_json=options.json)
    if command == "tools":
        from server.commands.tools import run as tools

        return tools(
            config=options.config,
            name=options.name,
            arguments=options.arguments,
            demo=options.demo,
            is_json=options.json,
        )
    if command == "records":
        return _records(options)
    from server.commands.install import run as install

    return install(client=options.client, config=options.config, demo=options.demo, is_agreed=options.yes)


def _records(options: argparse.Namespace) -> int:
    from server.commands.records import run_export, run_import

    if options.action == "import":
        return run_import(config=options.config, file=options.file)
    return run_export(config=options.config, file=options.file, output=options.format, is_overwriting=options.overwrite)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sre-mcp",
        description="An MCP server with the craft of a site reliability engineer. Without a command: serve.",
    )
    parser.add_argument("--version", action="version", version=f"sre-mcp {product_version()}")
    _serving_options(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _serving_options(commands.add_parser("serve", help="run the server on stdio, or on HTTP with --http"))
    demo = commands.add_parser("demo", help="tour the demo world through an MCP client; needs no Prometheus")
    demo.add_argument("--verbose", action="store_true", help="print whole answers")
    check = commands.add_parser("check", help="try each configured system and say what it enables")
    _config_option(check)
    check.add_argument("--json", action="store_true", help="print JSON")
    tools = commands.add_parser("tools", help="list the tools and their token cost, or run one")
    _config_option(tools)
    tools.add_argument("name", nargs="?", help="tool to run")
    tools.add_argument("arguments", nargs="*", help="name=value (JSON or text), or one JSON object")
    tools.add_argument("--demo", action="store_true", help="against the demo world")
    tools.add_argument("--json", action="store_true", help="print JSON")
    _records_options(commands.add_parser("records", help="export the record of incidents and toil, or import one"))
    install = commands.add_parser("install", help="write a client's configuration, showing the change first")
    install.add_argument("client", choices=_CLIENTS)
    _config_option(install)
    install.add_argument("--demo", action="store_true", help="connect the client to the demo world")
    install.add_argument("--yes", action="store_true", help="write without asking")
    return parser


def _records_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    export = actions.add_parser("export", help="write all records as JSON, or as Markdown with that JSON at its end")
    _config_option(export)
    export.add_argument("file", nargs="?", help="where to; stdout if not given")
    export.add_argument("--format", choices=("json", "markdown"), default="json")
    export.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    importing = actions.add_parser("import", help="add the records of an export that are not there yet")
    _config_option(importing)
    importing.add_argument("file", help="an export, JSON or Markdown; - is stdin")


def _serving_options(parser: argparse.ArgumentParser) -> None:
    _config_option(parser)
    parser.add_argument("--http", metavar="HOST:PORT", help="serve streamable HTTP at /mcp instead of stdio")
    parser.add_argument("--demo", action="store_true", help="add the demo world as the default source")
    parser.add_argument("--allow-writes", action="store_true", help="also offer tools that change other systems")


def _config_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="TOML configuration; else $SRE_MCP_CONFIG")
