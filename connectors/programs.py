"""Running a checking program on generated files: in a folder of its own, bounded in time and output, no shell."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream

from sre.core.errors import ConfigError, RefusedError, TimedOutError
from sre.core.text import quoted

_MAX_OUTPUT_BYTES = 256 * 1024
_DEFAULT_SECONDS = 40.0
# What a program needs to start at all; nothing else of our environment, which holds credentials, is passed on.
_PASSED_ON = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """How a program ended.

    Attributes:
        output: Standard output and error as one text, the folder it ran in taken out; text from outside.
    """

    exit_code: int
    output: str

    @property
    def is_ok(self) -> bool:
        """Whether the program was satisfied."""
        return self.exit_code == 0


@dataclass(frozen=True, slots=True)
class Program:
    """A program on this machine.

    Attributes:
        command: Name looked for on PATH, or a path; empty means that it must not be run.
    """

    command: str

    @property
    def path(self) -> str | None:
        """Where it is, or None."""
        return shutil.which(self.command) if self.command else None

    @property
    def is_available(self) -> bool:
        """Whether it can be run."""
        return self.path is not None

    async def run(
        self, arguments: Sequence[str], *, files: Mapping[str, str], seconds: float = _DEFAULT_SECONDS
    ) -> ProgramRun:
        """Run it in a fresh folder that holds these files and nothing else.

        Args:
            files: Content by relative path.

        Raises:
            ConfigError: It is not on this machine.
            TimedOutError: It took longer and was ended.
        """
        path = self.path
        if path is None:
            raise ConfigError(f"{self.command or 'The program'} is not on this machine.", setting="programs")
        with tempfile.TemporaryDirectory(prefix="sre-mcp-", ignore_cleanup_errors=True) as folder:
            await anyio.to_thread.run_sync(_written, Path(folder), files)
            with anyio.move_on_after(seconds):
                return await _ran([path, *arguments], folder)
        raise TimedOutError(
            f"{self.command} did not finish within {seconds:.0f} s.", system=self.command, retryable=True
        )


def _written(folder: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        target = folder / name
        if not target.resolve().is_relative_to(folder.resolve()):
            raise RefusedError(f"The file {quoted(name)} would lie outside its folder.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")


async def _ran(command: Sequence[str], folder: str) -> ProgramRun:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    process = await anyio.open_process(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment, "HOME": folder, "NO_COLOR": "1"},
    )
    try:
        assert process.stdout is not None
        output = await _read(process.stdout)
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            with anyio.CancelScope(shield=True):
                await process.wait()
        await _closed(process.stdout)
    text = output.decode(errors="replace")
    for spelling in (folder, str(await anyio.Path(folder).resolve())):
        text = text.replace(spelling + os.sep, "").replace(spelling, ".")
    return ProgramRun(process.returncode or 0, text)


async def _closed(stream: ByteReceiveStream | None) -> None:
    if stream is not None:
        with anyio.CancelScope(shield=True):
            await stream.aclose()


async def _read(stream: ByteReceiveStream) -> bytes:
    """Return the beginning of the output; the rest is read and dropped, so that the program can end."""
    kept = bytearray()
    async for chunk in stream:
        if len(kept) < _MAX_OUTPUT_BYTES:
            kept += chunk
    return bytes(kept[:_MAX_OUTPUT_BYTES])
