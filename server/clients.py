"""The MCP clients we can write a configuration for: where each keeps it and what it wants in there."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ClientName = Literal["claude-code", "claude-desktop", "cursor", "vscode"]
SERVER_KEY = "sre"


@dataclass(frozen=True, slots=True)
class Launch:
    """How a client starts this server on stdio."""

    command: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClientFile:
    """A client's configuration file.

    Attributes:
        servers_key: The object in it that holds the servers.
        needs_type: Whether an entry has to say that it is stdio.
        after: What the user does for the change to take effect.
    """

    title: str
    path: Path
    servers_key: str
    needs_type: bool
    after: str

    def entry(self, launch: Launch) -> dict[str, object]:
        """Return the entry for this server."""
        entry: dict[str, object] = {"command": launch.command, "args": list(launch.arguments)}
        if self.needs_type:
            entry = {"type": "stdio", **entry}
        return {**entry, "env": dict(launch.environment)} if launch.environment else entry


def client_file(client: ClientName, *, home: Path, project: Path, platform: str = sys.platform) -> ClientFile:
    """Return where a client keeps its servers, for a home folder, a project folder and a platform."""
    if client == "claude-code":
        return ClientFile(
            "Claude Code", project / ".mcp.json", "mcpServers", False, "start `claude` here and approve the server once"
        )
    if client == "cursor":
        return ClientFile("Cursor", home / ".cursor" / "mcp.json", "mcpServers", False, "reload the Cursor window")
    if client == "vscode":
        return ClientFile(
            "VS Code", project / ".vscode" / "mcp.json", "servers", True, "start the server from the file's code lens"
        )
    return ClientFile(
        "Claude Desktop",
        _desktop_path(home, platform),
        "mcpServers",
        False,
        "quit Claude Desktop fully and open it again",
    )


def _desktop_path(home: Path, platform: str) -> Path:
    name = Path("Claude") / "claude_desktop_config.json"
    if platform == "darwin":
        return home / "Library" / "Application Support" / name
    if platform == "win32":
        return Path(os.environ.get("APPDATA", str(home / "AppData" / "Roaming"))) / name
    return home / ".config" / name


def launch(*, config: str | None, demo: bool, environment: Mapping[str, str]) -> Launch:
    """Return how to start this very installation.

    Secrets are not copied into a client's file: only addresses and paths are.
    """
    arguments = (
        "serve",
        *(("--config", str(Path(config).resolve())) if config else ()),
        *(("--demo",) if demo else ()),
    )
    kept = {} if demo or config else {name: environment[name] for name in _COPIED if environment.get(name)}
    script = Path(sys.executable).parent / ("sre-mcp.exe" if os.name == "nt" else "sre-mcp")
    found = str(script) if script.exists() else shutil.which("sre-mcp")
    if found:
        return Launch(found, arguments, kept)
    # -P: the client's working folder must not come first on sys.path.
    return Launch(sys.executable, ("-P", "-m", "sre_mcp", *arguments), kept)


_COPIED = ("PROMETHEUS_URL", "PROMETHEUS_TOKEN_FILE", "PROMETHEUS_CA_FILE", "PROMETHEUS_TENANT", "SRE_MCP_SNAPSHOT")
