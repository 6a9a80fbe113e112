"""`prometheus-mcp-server` from PyPI, in an environment of its own under .cache; absent where it cannot be installed."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

VERSION = "1.6.2"
NAME = f"prometheus-mcp-server {VERSION}"
INSTALL_SECONDS = 600.0
_FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "bench" / f"peer-{VERSION}"


@cache
def peer_command() -> list[str] | None:
    """Return the command that starts the peer on stdio, installing it first; None where that fails."""
    program = _FOLDER / "bin" / "prometheus-mcp-server"
    if not program.exists() and not _is_installed():
        return None
    return [str(program)]


def why_absent() -> str:
    """Return what to print in place of a figure."""
    return f"{NAME} could not be installed"


def _is_installed() -> bool:
    shutil.rmtree(_FOLDER, ignore_errors=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(_FOLDER)], check=True, capture_output=True, timeout=120)
        subprocess.run(
            [str(_FOLDER / "bin" / "python"), "-m", "pip", "install", "--quiet", f"prometheus-mcp-server=={VERSION}"],
            check=True,
            capture_output=True,
            timeout=INSTALL_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        shutil.rmtree(_FOLDER, ignore_errors=True)
        return False
    return True
