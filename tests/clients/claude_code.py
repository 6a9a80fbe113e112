"""Claude Code without a login: its own checks of a server, and whole conversations with a scripted model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.scripted_model import ScriptedModel
from tests.support.node import Completed, client_environment, require_client, run

COMMAND_SECONDS = 90.0


@dataclass(frozen=True)
class ClaudeCode:
    """The program with a home and a project of its own.

    Attributes:
        folder: Scratch; holds both.
    """

    folder: Path

    @property
    def home(self) -> Path:
        """What it takes for the user's home."""
        return self.folder / "home"

    @property
    def project(self) -> Path:
        """The folder it is started in."""
        path = self.folder / "project"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def run(self, *arguments: str, **environment: str) -> Completed:
        """Run one command to its end."""
        return run(
            [*require_client("claude"), *arguments],
            environment=client_environment(self.home, **environment),
            seconds=COMMAND_SECONDS,
            cwd=self.project,
        )

    def converse(self, words: str, servers: Mapping[str, object], model: ScriptedModel | None = None) -> list[Any]:
        """Say something and return the events it prints.

        Args:
            servers: MCP servers by name, as a client's configuration has them; no other is used.
            model: Who answers; without one the program gives up when it wants to ask, as nobody is signed in.
        """
        config = self.folder / "servers.json"
        config.write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
        options = ["--mcp-config", str(config), "--strict-mcp-config", "--output-format", "stream-json", "--verbose"]
        allowed = ["--allowedTools", *[f"mcp__{name}" for name in servers], "ReadMcpResourceTool"]
        # Tools are put in front of the model at once, so that the script need not search for them first.
        environment = (
            {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "dummy", "ENABLE_TOOL_SEARCH": "false"}
            if model is not None
            else {}
        )
        done = self.run("-p", words, *options, *allowed, **environment)
        assert done.exit_code == 0 or model is None, done.output
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def init_event(events: list[Any]) -> dict[str, Any]:
    """Return the event in which the program says what it has to work with."""
    return next(event for event in events if event.get("type") == "system" and event.get("subtype") == "init")
