"""The SLO registry: OpenSLO documents as files in a folder that can live in git."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from connectors.openslo.document import document_name, slo_from_document
from sre.core.errors import ConfigError, InputError
from sre.core.slo.model import Slo
from sre.core.text import nearest_names, quoted

_SUFFIXES = frozenset({".yaml", ".yml"})
# Hand-written documents are a few kB; the caps keep a wrong folder from being read whole.
_MAX_FILE_BYTES = 1_000_000
_MAX_FILES = 2_000
_MAX_VALID_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Documents:
    """What the folder holds: SLOs and SLIs by name, and files that are not YAML with the reason."""

    slos: Mapping[str, Mapping[str, object]]
    indicators: Mapping[str, Mapping[str, object]]
    duplicates: frozenset[str]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SloFolder:
    """Reads SLOs from `*.yaml` and `*.yml` in a folder and below; read anew on each call, so edits count at once.

    Attributes:
        path: The folder; need not exist where `also` is given.
        also: A second folder that is read too and never written; what `path` holds under the same name wins.
    """

    path: Path
    also: Path | None = None

    async def names(self) -> tuple[str, ...]:
        """Return the names of all SLO documents, sorted; also of those that would be refused."""
        documents = await anyio.to_thread.run_sync(self._read)
        return tuple(sorted(documents.slos))

    async def load(self, name: str) -> Slo:
        """Return one SLO.

        Raises:
            ConfigError: The folder does not exist.
            InputError: No such document (lists the nearest), two of them, or an invalid one (lists every problem).
        """
        documents = await anyio.to_thread.run_sync(self._read)
        if name in documents.duplicates:
            raise InputError(f"Several SLO documents are named {quoted(name)}.", field="slo")
        if name not in documents.slos:
            raise _unknown(name, documents)
        return slo_from_document(documents.slos[name], indicators=documents.indicators)

    def _read(self) -> _Documents:
        if not self.path.is_dir() and self.also is None:
            raise ConfigError("The SLO folder does not exist.", setting="SRE_MCP_SLO_DIR")
        own = _documents_in(self.path)
        if self.also is None:
            return own
        others = _documents_in(self.also)
        return _Documents(
            {**others.slos, **own.slos},
            {**others.indicators, **own.indicators},
            own.duplicates,
            (*own.unreadable, *others.unreadable),
        )


def _documents_in(folder: Path) -> _Documents:
    slos: dict[str, Mapping[str, object]] = {}
    indicators: dict[str, Mapping[str, object]] = {}
    duplicates: set[str] = set()
    unreadable: list[str] = []
    for file in _files(folder):
        for document in _documents_of(file, unreadable):
            name, into = document_name(document), slos if document.get("kind") == "SLO" else indicators
            if document.get("kind") not in {"SLO", "SLI"} or not name:
                continue
            if name in into:
                duplicates.add(name)
            into[name] = document
    return _Documents(slos, indicators, frozenset(duplicates), tuple(unreadable))


def _files(folder: Path) -> list[Path]:
    found = sorted(file for file in folder.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    return found[:_MAX_FILES]


def _documents_of(file: Path, unreadable: list[str]) -> list[Mapping[str, object]]:
    import yaml

    try:
        if file.stat().st_size > _MAX_FILE_BYTES:
            unreadable.append(f"{quoted(file.name)}: larger than 1 MB")
            return []
        parsed = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        unreadable.append(f"{quoted(file.name)}: {quoted(str(error))}")
        return []
    return [document for document in parsed if isinstance(document, Mapping)]


def _unknown(name: str, documents: _Documents) -> InputError:
    names = sorted(documents.slos)
    shown = nearest_names(name, names, count=_MAX_VALID_SHOWN) or tuple(names[:_MAX_VALID_SHOWN])
    steps = [f"could not be read: {reason}" for reason in documents.unreadable[:5]]
    if not names:
        steps.append("put an OpenSLO v1 document of kind SLO into the folder, or pass objective, window and counts.")
    return InputError(
        f"There is no SLO named {quoted(name)} among {len(names)}.", field="slo", valid=shown, next_steps=steps
    )
