"""Environments of their own for what we compare with, under .cache: nothing of a peer is installed beside us."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

INSTALL_SECONDS = 900.0
_FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "bench"


@cache
def environment(name: str, packages: tuple[str, ...]) -> Path | None:
    """Return the folder of an environment with these packages, made at the first call; None where that fails.

    Args:
        name: Of the folder; it names the versions, so that another version gets an environment of its own.
    """
    folder = _FOLDER / name
    # Written last: an environment that was broken off is made anew.
    is_whole = folder / "whole"
    if not is_whole.exists():
        if not _is_made(folder, packages):
            return None
        is_whole.touch()
    return folder


def _is_made(folder: Path, packages: Sequence[str]) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, timeout=120)
        subprocess.run(
            [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages],
            check=True,
            capture_output=True,
            timeout=INSTALL_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        shutil.rmtree(folder, ignore_errors=True)
        return False
    return True
