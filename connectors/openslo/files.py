"""OpenSLO documents in the YAML files of a folder, with what could not be read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.openslo.document import document_name
from connectors.openslo.fields import KEPT_KINDS, READ_KINDS, nearest_field
from sre.core.errors import InputError
from sre.core.text import quoted
from sre.core.yaml_text import MAX_CHARS, yaml_documents

_SUFFIXES = frozenset({".yaml", ".yml"})
# The cap keeps a wrong folder from being read whole.
MAX_FILES = 2_000
_SEPARATOR = re.compile(r"^---(?=\s|$).*\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One document of a file.

    Attributes:
        file: Path below the folder, with forward slashes.
        siblings: How many documents the file holds beside it.
    """

    file: str
    document: Mapping[str, object]
    siblings: int = 0

    @property
    def kind(self) -> str:
        """The kind it says it is."""
        return str(self.document.get("kind"))

    @property
    def name(self) -> str:
        """Its `metadata.name`, or an empty string."""
        return document_name(self.document)


@dataclass(frozen=True, slots=True)
class BrokenDocument:
    """What is in the folder and is not used.

    Attributes:
        name: Of the document; empty where that cannot be told.
        problems: Each with its place and mending.
    """

    file: str
    name: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FolderContent:
    """The OpenSLO documents of a folder, and files that are broken."""

    documents: tuple[StoredDocument, ...] = ()
    broken: tuple[BrokenDocument, ...] = ()

    def of_kind(self, kind: str) -> tuple[StoredDocument, ...]:
        """Return the documents of one kind."""
        return tuple(stored for stored in self.documents if stored.kind == kind)


def folder_content(folder: Path) -> FolderContent:
    """Return what a folder holds, and what lies below it; nothing for one that does not exist."""
    if not folder.is_dir():
        return FolderContent()
    files = [file for file in sorted(folder.rglob("*")) if file.suffix in _SUFFIXES and _is_visible(file, folder)]
    documents: list[StoredDocument] = []
    broken: list[BrokenDocument] = []
    for file in files[:MAX_FILES]:
        path = file.relative_to(folder).as_posix()
        try:
            documents += _documents_of(file, path)
        except (InputError, OSError, UnicodeDecodeError) as error:
            broken.append(BrokenDocument(path, "", (_reason(error),)))
    if len(files) > MAX_FILES:
        too_many = f"{len(files):,} YAML files are too many; the first {MAX_FILES:,} were read; split the folder"
        broken.append(BrokenDocument(".", "", (too_many,)))
    broken += [problem for stored in documents if (problem := _unknown_kind(stored)) is not None]
    return FolderContent(tuple(documents), tuple(broken))


def own_text(text: str, *, name: str) -> str | None:
    """Return the part of a file's text that is the SLO document of this name as it was written, or None."""
    for segment in segments_of(text):
        try:
            parsed = yaml_documents(segment, what="The document", field="slo")
        except InputError:
            continue
        if len(parsed) == 1 and isinstance(parsed[0], Mapping):
            stored = StoredDocument("", parsed[0])
            if (stored.kind, stored.name) == ("SLO", name):
                return segment
    return None


def segments_of(text: str) -> list[str]:
    """Return a file's text between its `---` lines, with the comments there; empty parts left out."""
    return [segment for segment in _SEPARATOR.split(text) if segment.strip()]


def _is_visible(file: Path, folder: Path) -> bool:
    # Hidden folders hold .git and the second copy of everything that a mounted ConfigMap keeps.
    return not any(part.startswith(".") for part in file.relative_to(folder).parts) and file.is_file()


def _documents_of(file: Path, path: str) -> list[StoredDocument]:
    if file.stat().st_size > MAX_CHARS:
        raise InputError("The file is larger than 1 MB.", field="slo")
    parsed = yaml_documents(file.read_text(encoding="utf-8"), what="The file", field="slo")
    mappings = [document for document in parsed if isinstance(document, Mapping)]
    return [StoredDocument(path, document, len(parsed) - 1) for document in mappings if _is_openslo(document)]


def _is_openslo(document: Mapping[str, object]) -> bool:
    # Other YAML may lie in the same folder; what says it is an SLO is one, whatever else is wrong with it.
    return document.get("kind") == "SLO" or str(document.get("apiVersion", "")).startswith("openslo")


def _unknown_kind(stored: StoredDocument) -> BrokenDocument | None:
    known = (*READ_KINDS, *KEPT_KINDS)
    if stored.kind in known:
        return None
    nearest = nearest_field(stored.kind, known)
    mending = f"did you mean {nearest}?" if nearest else f"kinds are {', '.join(known)}"
    return BrokenDocument(stored.file, stored.name, (f"kind: {quoted(stored.kind)} is not known; {mending}",))


def _reason(error: Exception) -> str:
    if isinstance(error, InputError):
        return error.message
    if isinstance(error, UnicodeDecodeError):
        return "The file is not UTF-8."
    return f"The file cannot be read: {quoted(str(getattr(error, 'strerror', None) or error))}."
