"""The SLO registry: OpenSLO documents as files in a folder that can live in git."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from connectors.openslo.document import companions_of, slo_read
from connectors.openslo.files import BrokenDocument, FolderContent, StoredDocument, folder_content, own_text
from connectors.openslo.saving import SavedDocument, save_document
from sre.core.errors import InputError
from sre.core.slo.model import Slo
from sre.core.text import nearest_names, quoted

_MAX_VALID_SHOWN = 20
_MAX_BROKEN_SHOWN = 5


@dataclass(frozen=True, slots=True)
class RegisteredSlo:
    """An SLO of the registry.

    Attributes:
        file: Path below its folder, with forward slashes.
        notes: What of its document is not used.
        is_own: It lies in the folder that is written to, not in the one that is only read.
    """

    slo: Slo
    file: str
    notes: tuple[str, ...] = ()
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class Registry:
    """All SLOs by name, and the documents that are no valid ones."""

    slos: tuple[RegisteredSlo, ...]
    broken: tuple[BrokenDocument, ...]


@dataclass(frozen=True, slots=True)
class SloFolder:
    """Reads SLOs from `*.yaml` and `*.yml` in a folder and below; read anew on each call, so edits count at once.

    Attributes:
        path: The folder; one that does not exist (yet) holds nothing.
        also: A second folder that is read too and never written; what `path` holds under the same name wins.
    """

    path: Path
    also: Path | None = None

    async def names(self) -> tuple[str, ...]:
        """Return the names of all SLO documents, sorted; also of those that would be refused."""
        found = await anyio.to_thread.run_sync(self._read)
        return tuple(sorted({stored.name for stored in found.slos}))

    async def load(self, name: str) -> Slo:
        """Return one SLO.

        Raises:
            InputError: No such document (lists the nearest), two of them, or an invalid one (lists every problem).
        """
        found = await anyio.to_thread.run_sync(self._read)
        return found.read(found.one(name)).slo

    async def load_all(self) -> Registry:
        """Return every SLO there is, and what could not be read with the reasons."""
        return await anyio.to_thread.run_sync(lambda: self._read().registry())

    async def document_text(self, name: str) -> str:
        """Return the document of an SLO as it stands in its file, comments and all; without what stands beside it.

        Raises:
            InputError: No such document, or two of them.
        """
        return await anyio.to_thread.run_sync(lambda: self._text(name))

    async def save(self, name: str, text: str, *, overwrite: bool = False) -> SavedDocument:
        """Write the text of an SLO's document to the file it is in already, or to one of its own.

        Args:
            name: The SLO's name, as the text has it.

        Raises:
            RefusedError: The name is taken and `overwrite` was not asked for, or other documents would be lost.
            ConfigError: The folder cannot be written to.
        """
        return await anyio.to_thread.run_sync(lambda: save_document(self.path, name, text, overwrite=overwrite))

    def _read(self) -> "_Contents":
        others = folder_content(self.also) if self.also is not None else FolderContent()
        return _Contents(folder_content(self.path), others)

    def _text(self, name: str) -> str:
        found = self._read()
        stored = found.one(name)
        folder = self.path if found.is_own(stored) or self.also is None else self.also
        text = own_text((folder / stored.file).read_text(encoding="utf-8"), name=name)
        if text is None:  # pragma: no cover - the file changed between two reads
            raise InputError(f"The document of {quoted(name)} was being changed.", field="slo")
        return text


class _Contents:
    """What both folders hold at one moment.

    Attributes:
        slos: All SLO documents; those that are only read do not count where an own one has their name.
    """

    def __init__(self, own: FolderContent, others: FolderContent) -> None:
        taken = {stored.name for stored in own.of_kind("SLO")}
        self.slos = (*own.of_kind("SLO"), *(one for one in others.of_kind("SLO") if one.name not in taken))
        self.broken = (*own.broken, *others.broken)
        # Own ones last: they win.
        self._companions = companions_of([stored.document for stored in (*others.documents, *own.documents)])
        self._own = {id(stored) for stored in own.documents}
        self._beside: dict[tuple[bool, str], list[Mapping[str, object]]] = {}
        for stored in (*own.documents, *others.documents):
            self._beside.setdefault((self.is_own(stored), stored.file), []).append(stored.document)

    def is_own(self, stored: StoredDocument) -> bool:
        """Whether a document lies in the folder that is written to."""
        return id(stored) in self._own

    def one(self, name: str) -> StoredDocument:
        """Return the one document of a name."""
        held = [stored for stored in self.slos if stored.name == name]
        if not held:
            raise self._unknown(name)
        if len(held) > 1:
            raise InputError(
                f"Several SLO documents are named {quoted(name)}.", field="slo", next_steps=(_several(held),)
            )
        return held[0]

    def read(self, stored: StoredDocument) -> RegisteredSlo:
        """Return a document as an SLO."""
        is_own = self.is_own(stored)
        read = slo_read(stored.document, companions=self._companions, beside=self._beside[is_own, stored.file])
        return RegisteredSlo(read.slo, stored.file, read.notes, is_own=is_own)

    def registry(self) -> Registry:
        """Return all of it."""
        by_name: dict[str, list[StoredDocument]] = {}
        for stored in self.slos:
            by_name.setdefault(stored.name, []).append(stored)
        slos: list[RegisteredSlo] = []
        broken = [*self.broken]
        for name, held in sorted(by_name.items()):
            if len(held) > 1:
                broken.append(BrokenDocument(held[0].file, name, (f"metadata.name: {_several(held)}",)))
                continue
            try:
                slos.append(self.read(held[0]))
            except InputError as error:
                broken.append(BrokenDocument(held[0].file, name, error.next_steps or (error.message,)))
        return Registry(tuple(slos), tuple(broken))

    def _unknown(self, name: str) -> InputError:
        names = sorted({stored.name for stored in self.slos})
        shown = nearest_names(name, names, count=_MAX_VALID_SHOWN) or tuple(names[:_MAX_VALID_SHOWN])
        shown_broken = self.broken[:_MAX_BROKEN_SHOWN]
        steps = [f"could not be read: {quoted(one.file)}: {one.problems[0]}" for one in shown_broken]
        if not names:
            steps.append("define_slo writes one; or put an OpenSLO v1 document of kind SLO into the folder.")
        return InputError(
            f"There is no SLO named {quoted(name)} among {len(names)}.", field="slo", valid=shown, next_steps=steps
        )


def _several(held: Sequence[StoredDocument]) -> str:
    files = ", ".join(dict.fromkeys(quoted(stored.file) for stored in held))
    return f"{len(held)} documents have this name, in {files}; rename or remove all but one"
