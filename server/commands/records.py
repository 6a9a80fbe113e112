"""`sre-mcp records`: the record out of its store and into another one."""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import anyio

from server.app import SystemClock
from server.settings import Settings, load_settings
from server.store import StoredJournal, journal_from
from server.store.document import RecordsDocument, document_json, read_document
from server.store.opening import is_play
from server.store.transfer import Imported, exported, import_into
from sre.core.errors import ConfigError, InputError
from sre.core.text import listed, quoted

_MOST_BYTES = 500_000_000
_STDIO = "-"


def run_export(*, config: str | None, file: str | None, output: str, is_overwriting: bool) -> int:
    """Write all records as JSON, or as Markdown with the same JSON at its end; to stdout without a file."""
    settings = _settings(config)
    if file is not None and file != _STDIO and Path(file).exists() and not is_overwriting:
        raise InputError(f"{quoted(file)} is there already; --overwrite replaces it.", field="file")
    document = anyio.run(_exported, settings)
    text = _written_as(output, document)
    if file is None or file == _STDIO:
        print(text, end="")
        return 0
    _write(Path(file), text)
    entries = sum(len(stream.entries) for stream in document.streams)
    print(f"{_counted(len(document.streams), 'record')} with {_counted(entries, 'entry')} written to {file}.")
    return 0


def run_import(*, config: str | None, file: str) -> int:
    """Add the records of an export, JSON or Markdown, that are not there yet, and say what came of it."""
    settings = _settings(config)
    document = read_document(_read(file))
    print("\n".join(_told(anyio.run(_imported, settings, document))))
    return 0


def _settings(config: str | None) -> Settings:
    settings = load_settings(config_file=config)
    if is_play(settings):
        raise ConfigError(
            "The demo world is the default source: its records are play and end with each process.",
            setting="sources",
            next_steps=("name a configuration in which another source is the default, or none is there.",),
        )
    return settings


async def _exported(settings: Settings) -> RecordsDocument:
    journal = journal_from(settings, SystemClock())
    try:
        return await journal.transactions.read(partial(exported, at=SystemClock().now()))
    finally:
        await journal.aclose()


async def _imported(settings: Settings, document: RecordsDocument) -> Imported:
    journal: StoredJournal = journal_from(settings, SystemClock())
    try:
        return await journal.transactions.write(lambda statements: import_into(statements, document))
    finally:
        await journal.aclose()


def _written_as(output: str, document: RecordsDocument) -> str:
    if output == "json":
        return document_json(document)
    from server.store.pages import records_page

    return records_page(document)


def _told(done: Imported) -> list[str]:
    lines = [
        f"New: {_counted(done.streams, 'record')}, {_counted(done.entries, 'entry')}. "
        f"There already: {_counted(done.known_entries, 'entry')}."
    ]
    lines += [
        f"{before.kind} {before.number} is {after.number} here: its number was taken by another."
        for before, after in done.renumbered
    ]
    if done.without_key:
        named = listed([f"{ref.kind} {ref.number}" for ref in done.without_key])
        lines.append(
            f"Kept beside another that began with the same key here: {named}. They may be about the same thing."
        )
    return lines


def _counted(count: int, what: str) -> str:
    return (
        f"{count} {what}" if count == 1 else f"{count} {what.removesuffix('y')}{'ies' if what.endswith('y') else 's'}"
    )


def _read(file: str) -> str:
    try:
        if file == _STDIO:
            return sys.stdin.read()
        if Path(file).stat().st_size > _MOST_BYTES:
            raise InputError(f"{quoted(file)} is over {_MOST_BYTES // 1_000_000} MB.", field="file")
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{quoted(file)} cannot be read: {error.strerror}.", field="file") from None
    except UnicodeDecodeError:
        raise InputError(f"{quoted(file)} is not text in UTF-8.", field="file") from None


def _write(path: Path, text: str) -> None:
    # Beside the file and moved over it, for this user alone: an export that is interrupted leaves the old one whole.
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as draft:
            draft.write(text)
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).replace(path)
    except OSError as error:
        raise InputError(f"{quoted(str(path))} cannot be written: {error.strerror}.", field="file") from None
