"""The MCP Inspector's command line, pointed at one of our servers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.support.node import Completed, client_environment, require_client, run

CALL_SECONDS = 60.0
# What its exit codes mean.
TOOL_SAID_NO, UNPORTABLE_SCHEMA = 5, 6

Transport = Literal["stdio", "http"]
Era = Literal["legacy", "modern"]


@dataclass(frozen=True)
class Inspector:
    """The command line with a configuration of servers.

    Attributes:
        folder: Scratch; home and working folder of the program.
    """

    folder: Path
    transport: Transport
    era: Era

    def ask(self, method: str, *options: str) -> Completed:
        """Run one method and return how that went."""
        command = [
            *require_client("inspector"),
            *("--cli", "--quiet", "--format", "json"),
            *("--config", str(self.folder / "servers.json")),
            *("--server", self.transport, "--protocol-era", self.era),
            *("--method", method, *options),
        ]
        return run(command, environment=client_environment(self.folder), seconds=CALL_SECONDS, cwd=self.folder)

    def result(self, method: str, *options: str) -> dict[str, Any]:
        """Run one method that must succeed and return its result."""
        done = self.ask(method, *options)
        assert done.exit_code == 0, done.output
        result: dict[str, Any] = json.loads(done.stdout)["result"]
        return result

    def call(self, tool: str, arguments: Mapping[str, object]) -> Completed:
        """Call a tool."""
        return self.ask("tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments))


def write_servers(folder: Path, *, stdio: list[str], http_url: str) -> None:
    """Write the configuration that names both ways to the server."""
    servers = {
        "stdio": {"command": stdio[0], "args": stdio[1:]},
        "http": {"type": "streamable-http", "url": http_url},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "servers.json").write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
