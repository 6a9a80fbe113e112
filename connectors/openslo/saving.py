"""Writing a document of the registry: whole or not at all, and never at the cost of another document."""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from connectors.openslo.files import StoredDocument, folder_content, own_text, segments_of
from sre.core.errors import ConfigError, InputError, RefusedError
from sre.core.text import quoted

_SETTING = "SRE_MCP_SLO_DIR"
# As `document.py` allows names; said again because this one becomes part of a path.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_MODE = 0o644


@dataclass(frozen=True, slots=True)
class SavedDocument:
    """Where a document was written.

    Attributes:
        path: The file.
        is_replaced: It took the place of another text.
        is_changed: False where the file held the same text already.
    """

    path: Path
    is_replaced: bool
    is_changed: bool = True


def save_document(folder: Path, name: str, text: str, *, overwrite: bool) -> SavedDocument:
    """Write an SLO's document into the file that holds it already, or into `<name>.yaml`.

    Raises:
        InputError: The name cannot be that of a file.
        RefusedError: The name is taken and `overwrite` was not asked for, or other documents would be lost.
        ConfigError: The folder cannot be written to.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{quoted(name)} is not a DNS name.", field="name", valid=("checkout-availability",))
    holder = _holder(folder, name)
    target = _inside(folder, folder / (holder.file if holder else f"{name}.yaml"))
    if holder is None:
        if target.exists():
            raise RefusedError(
                f"The file {quoted(target.name)} is there and holds something else than an SLO of this name.",
                next_steps=("move the file away, or take another name.",),
            )
        _write(target, text)
        return SavedDocument(target, is_replaced=False)
    before = target.read_text(encoding="utf-8")
    if before == text:
        return SavedDocument(target, is_replaced=False, is_changed=False)
    _check_replaceable(holder, before, text, overwrite=overwrite)
    _write(target, text)
    return SavedDocument(target, is_replaced=True)


def _holder(folder: Path, name: str) -> StoredDocument | None:
    held = [stored for stored in folder_content(folder).of_kind("SLO") if stored.name == name]
    if len(held) > 1:
        files = ", ".join(dict.fromkeys(quoted(stored.file) for stored in held))
        raise RefusedError(
            f"{len(held)} documents are named {quoted(name)}, in {files}.",
            next_steps=("remove all but one of them first.",),
        )
    return held[0] if held else None


def _check_replaceable(holder: StoredDocument, before: str, text: str, *, overwrite: bool) -> None:
    if not overwrite:
        raise RefusedError(
            f"An SLO named {quoted(holder.name)} is there already, in {quoted(holder.file)}, and differs.",
            next_steps=("pass overwrite=true to replace it, or take another name.",),
        )
    lost = _others(before, holder.name) - set(segments_of(text))
    if holder.siblings and lost:
        raise RefusedError(
            f"{quoted(holder.file)} holds {holder.siblings} more document(s), which replacing it would lose.",
            next_steps=("edit the file by hand, or move the SLO into a file of its own first.",),
        )


def _others(text: str, name: str) -> set[str]:
    """Return the parts of a file that are not the SLO of this name, with their comments."""
    own = own_text(text, name=name)
    return {segment for segment in segments_of(text) if segment != own}


def _inside(folder: Path, path: Path) -> Path:
    """Return the file itself, links followed; it must lie in the folder."""
    resolved = path.resolve()
    if not resolved.is_relative_to(folder.resolve()):
        raise RefusedError(f"{quoted(path.name)} is a link that leads out of the SLO folder.")
    return resolved


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Hidden, so that whoever reads the folder meanwhile does not see it.
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
            Path(temporary).chmod(target.stat().st_mode & 0o777 if target.exists() else _MODE)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(
            f"The SLO folder cannot be written to: {quoted(error.strerror or '')}.",
            setting=_SETTING,
            next_steps=("set SRE_MCP_SLO_DIR to a folder the server may write to.",),
        ) from None
