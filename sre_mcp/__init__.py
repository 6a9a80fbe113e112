"""Launcher of sre-mcp.

The server's folders live beside this file in an installed wheel and beside this package in a checkout. Putting that
folder first on `sys.path` keeps one name in site-packages and keeps a user's own `tools/` or `server/` on PYTHONPATH
from shadowing ours: stdio servers inherit the user's environment.
"""

import gc
import os
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_CODE_ROOT = _HERE if (_HERE / "server").is_dir() else _HERE.parent


def main() -> int:
    """Run the console command `sre-mcp` and return its exit status."""
    sys.path[:] = [str(_CODE_ROOT), *(entry for entry in sys.path if entry != str(_CODE_ROOT))]
    # Calls run side by side in threads already; more threads inside each product of small matrices only spin, and
    # double the CPU of a forecast on a busy machine. Read when numpy loads; whoever sets it themselves is obeyed.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Nothing made while modules load is ever garbage; looking for it costs an eighth of the start. `server.cli`
    # switches collection on again before the command does its work.
    gc.disable()
    from server.cli import main as cli_main

    return cli_main()
