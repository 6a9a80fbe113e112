"""Files of a snapshot: which ones, and reading them with bounds on their size."""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from connectors.snapshot.recording import SETTING, USE_PROMETHEUS
from sre.core.errors import ConfigError
from sre.core.text import quoted

TEXT_SUFFIXES: Final = (".om", ".openmetrics", ".prom", ".txt")
CSV_SUFFIX: Final = ".csv"
JSON_SUFFIX: Final = ".json"
GZIP_SUFFIX: Final = ".gz"
SUFFIXES: Final = (*TEXT_SUFFIXES, CSV_SUFFIX, JSON_SUFFIX)
# After unpacking. Text is read as a stream; JSON is held whole, at about ten times its size.
MAX_TEXT_BYTES: Final = 4 * 1024**3
MAX_JSON_BYTES: Final = 128 * 1024**2
MAX_LINE_CHARACTERS: Final = 1_000_000
MAX_FILES: Final = 10_000
_SHOWN_LINE: Final = 120


def unreadable(
    path: Path, problem: str, *, line: int | None = None, text: str | None = None, next_steps: Sequence[str] = ()
) -> ConfigError:
    """Return the error for a file that cannot be read; `text` is quoted as data."""
    where = f"{path.name}, line {line}" if line is not None else path.name
    shown = f": {quoted(text, limit=_SHOWN_LINE)}" if text is not None else "."
    return ConfigError(f"{where}: {problem}{shown}", setting=SETTING, next_steps=next_steps)


def snapshot_files(path: Path) -> tuple[Path, ...]:
    """Return the files of a snapshot, sorted by path: the file itself, or those of a folder and the folders in it.

    Raises:
        ConfigError: There is nothing there, or nothing that can be read.
    """
    try:
        if path.is_file():
            return (_supported(path),)
        if not path.is_dir():
            raise ConfigError(
                f"There is no file or folder {quoted(str(path))}.",
                setting=SETTING,
                next_steps=("Set it to an OpenMetrics, CSV or Prometheus JSON file, or a folder of such files.",),
            )
        found = tuple(sorted(entry for entry in path.rglob("*") if _is_wanted(entry, under=path)))
    except OSError as error:
        raise unreadable(path, f"cannot be read ({error.strerror})") from error
    if not found:
        raise ConfigError(
            f"The folder {quoted(str(path))} holds no metrics.", setting=SETTING, next_steps=(_expected_files(),)
        )
    if len(found) > MAX_FILES:
        raise ConfigError(f"The folder holds {len(found):,} files; at most {MAX_FILES:,} are read.", setting=SETTING)
    return found


def format_suffix(path: Path) -> str:
    """Return the suffix that names the format, lower case, without `.gz`."""
    name = path.name.lower()
    return Path(name.removesuffix(GZIP_SUFFIX)).suffix


def stem(path: Path) -> str:
    """Return the file's name without format and `.gz`."""
    name = path.name
    name = name[: -len(GZIP_SUFFIX)] if name.lower().endswith(GZIP_SUFFIX) else name
    return Path(name).stem


@contextmanager
def text_of(path: Path, *, max_bytes: int = MAX_TEXT_BYTES) -> Iterator[IO[str]]:
    """Open a file as UTF-8 text, unpacked if it is gzip, and turn what goes wrong into our errors.

    Raises:
        ConfigError: Not readable, not gzip, not UTF-8, or longer than `max_bytes` once unpacked.
    """
    try:
        with path.open("rb") as raw, _unpacked(path, raw) as unpacked:
            bounded = io.BufferedReader(_Bounded(unpacked, path, max_bytes), buffer_size=1 << 20)
            with io.TextIOWrapper(bounded, encoding="utf-8-sig", newline="\n") as text:
                yield text
    except UnicodeDecodeError as error:
        raise unreadable(path, f"is not UTF-8 text ({error.reason})") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise unreadable(path, "is damaged: it does not unpack as gzip to its end") from error
    except OSError as error:
        raise unreadable(path, f"cannot be read ({error.strerror})") from error


class _Bounded(io.RawIOBase):
    """Bytes up to a limit, so that a small gzip cannot unpack into all of memory."""

    def __init__(self, source: IO[bytes] | gzip.GzipFile, path: Path, limit: int) -> None:
        super().__init__()
        self._source = source
        self._path = path
        self._limit = limit
        self._seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed wants the wider Buffer
        part = self._source.read(len(buffer))
        self._seen += len(part)
        if self._seen > self._limit:
            raise unreadable(
                self._path, f"is larger than {self._limit // 1024**2} MiB unpacked", next_steps=USE_PROMETHEUS
            )
        buffer[: len(part)] = part
        return len(part)


def _unpacked(path: Path, raw: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    return gzip.GzipFile(fileobj=raw) if path.name.lower().endswith(GZIP_SUFFIX) else raw


def _supported(path: Path) -> Path:
    if format_suffix(path) not in SUFFIXES:
        raise unreadable(path, "is no format that can be read", next_steps=(_expected_files(),))
    return path


def _is_wanted(entry: Path, *, under: Path) -> bool:
    is_hidden = any(part.startswith(".") for part in entry.relative_to(under).parts)
    return not is_hidden and format_suffix(entry) in SUFFIXES and entry.is_file()


def _expected_files() -> str:
    return f"Name files by their format: {' '.join(SUFFIXES)}, each also with {GZIP_SUFFIX}."
