"""Generated files: handed over in the answer, or written below the one folder that was allowed for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import Field

from server.deps import Deps
from sre.core.errors import ConfigError, InputError, RefusedError
from sre.core.text import cleaned, listed, quoted
from tools.answer import HARD_LIMIT_CHARS, Answer, Part
from tools.context import in_thread

Language = Literal["yaml", "json", "markdown", "javascript", "text"]

OutputDir = Annotated[str, Field(description="Write below the output folder", max_length=500)]

# Left of the hard limit for everything else an answer holds.
_MAX_CONTENT_CHARS = HARD_LIMIT_CHARS - 8_000
# What escaping in JSON adds to text, at most in practice (our choice).
_ESCAPING = 1.15


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file that a tool made.

    Attributes:
        path: Relative, with forward slashes, such as `rules/checkout.yml`.
    """

    path: str
    language: Language
    content: str


class FileAnswer(Part):
    """A generated file."""

    path: str
    language: Language
    content: str | None = Field(None, description="Null: written, or left out")
    is_written: bool = False


class CheckAnswer(Part):
    """What was checked, by what, and how it went; `ok` is null where it could not be checked."""

    name: str
    tool: str
    ok: bool | None
    detail: str = ""


class ArtefactAnswer(Answer):
    """An answer with files, each checked before it is shown."""

    files: list[FileAnswer] = Field(default_factory=list)
    checks: list[CheckAnswer] = Field(default_factory=list)

    def hand_over(self, files: Sequence[Artefact]) -> None:
        """Put files into the answer; where they are too long together, the longest go without their content."""
        room = _MAX_CONTENT_CHARS
        shown: dict[str, FileAnswer] = {}
        for file in sorted(files, key=lambda file: len(file.content)):
            room -= round(len(file.content) * _ESCAPING)
            shown[file.path] = FileAnswer(
                path=file.path, language=file.language, content=file.content if room >= 0 else None
            )
        self.files = [shown[file.path] for file in files]
        missing = [file.path for file in self.files if file.content is None]
        if missing:
            self.left_out.append(f"content of {listed(missing)}: too long to show; pass output_dir to have it written.")
        self.with_budget(HARD_LIMIT_CHARS)


async def deliver(
    answer: ArtefactAnswer, files: Sequence[Artefact], *, deps: Deps, output_dir: str, overwrite: bool = False
) -> None:
    """Write files below `output_dir`, or put them into the answer where none was given.

    All or nothing: when one file stands in the way, none is written. A file that is there already with the same
    content is no obstacle.

    Raises:
        ConfigError: No output folder is configured.
        InputError: `output_dir` lies outside of it.
        RefusedError: A different file is there and `overwrite` was not asked for.
    """
    if not output_dir:
        answer.hand_over(files)
        return
    root = deps.output_root
    if root is None:
        raise ConfigError(
            "No output folder is configured, so no files can be written.",
            setting="SRE_MCP_OUTPUT_DIR",
            next_steps=(
                "leave output_dir out to get the content in the answer, or",
                "set SRE_MCP_OUTPUT_DIR in the server's environment to the folder files may go to.",
            ),
        )
    await in_thread(lambda: _write_all(root, output_dir, files, overwrite=overwrite))
    answer.files = [
        FileAnswer(path=str(_below(output_dir) / file.path), language=file.language, is_written=True) for file in files
    ]
    answer.left_out.append(f"content of the files: written below {cleaned(str(root), limit=500)}.")


def _below(output_dir: str) -> PurePosixPath:
    # "." names the output folder itself.
    return PurePosixPath(*[part for part in output_dir.replace("\\", "/").split("/") if part not in ("", ".")])


def _write_all(root: Path, output_dir: str, files: Sequence[Artefact], *, overwrite: bool) -> None:
    folder = _inside(root, output_dir)
    targets = [(_inside(root, f"{_below(output_dir)}/{file.path}"), file.content.encode()) for file in files]
    changed = [(target, content) for target, content in targets if _differs(target, content)]
    in_the_way = [target.relative_to(folder).as_posix() for target, _ in changed if target.exists()]
    if in_the_way and not overwrite:
        names = quoted(listed(in_the_way))
        raise RefusedError(
            f"{len(in_the_way)} file(s) are there already and differ, so nothing was written: {names}.",
            next_steps=("pass overwrite=true to replace them, or another output_dir.",),
        )
    for target, content in changed:
        _replaced(target, content)


def _inside(root: Path, relative: str) -> Path:
    """Return the path below `root`, links followed.

    Raises:
        InputError: It leads out.
    """
    parts = relative.replace("\\", "/")
    if parts.startswith("/") or ":" in parts or "\x00" in parts or ".." in parts.split("/"):
        raise InputError(
            f"output_dir must be relative to the output folder and stay inside it, not {quoted(relative)}.",
            field="output_dir",
            valid=(".", "monitoring", "services/checkout"),
        )
    resolved = (root / parts).resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise InputError(f"{quoted(relative)} leads out of the output folder through a link.", field="output_dir")
    return resolved


def _differs(target: Path, content: bytes) -> bool:
    return not (target.is_file() and target.stat().st_size == len(content) and target.read_bytes() == content)


def _replaced(target: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RefusedError(f"{quoted(target.name)} cannot be written: {error.strerror}.") from None
