"""`prometheus-mcp-server` from PyPI, in an environment of its own; absent where it cannot be installed."""

from bench.environment import environment

VERSION = "1.6.2"
NAME = f"prometheus-mcp-server {VERSION}"


def peer_command() -> list[str] | None:
    """Return the command that starts the peer on stdio, installing it first; None where that fails."""
    folder = environment(f"peer-{VERSION}", (f"prometheus-mcp-server=={VERSION}",))
    return None if folder is None else [str(folder / "bin" / "prometheus-mcp-server")]


def why_absent() -> str:
    """Return what to print in place of a figure."""
    return f"{NAME} could not be installed"
