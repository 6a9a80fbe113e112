"""How the demo shows a tour on a terminal: headings, wrapped words, one line a row of data."""

import re
import textwrap
from dataclasses import dataclass, field
from typing import Any

WIDTH = 110
_ROWS_SHOWN = 4
_LINES_OF_TEXT_SHOWN = 24
# Of a mapping of parts these say the most in one line.
_TELLING = ("verdict", "why")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Screen:
    """Where the tour is shown."""

    is_terminal: bool
    is_verbose: bool
    # What the work in progress was last called, without its numbers.
    _told: list[str] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """Print a line that stands out."""
        print(f"\n\x1b[1m{text}\x1b[0m" if self.is_terminal else f"\n{text}", flush=True)

    def line(self, text: str, *, indent: str = "  ") -> None:
        """Print a paragraph, wrapped."""
        print(textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent), flush=True)

    def raw(self, text: str, *, indent: str = "    ") -> None:
        """Print lines as they are, long ones cut unless everything is wanted."""
        for line in text.splitlines():
            cut = line if self.is_verbose or len(line) <= WIDTH else line[: WIDTH - 1] + "…"
            print(indent + cut, flush=True)

    async def progress(self, progress: float, total: float | None, message: str | None) -> None:
        """Show that the server is at work; on a terminal the line is overwritten, elsewhere each kind is told once."""
        kind = _NUMBER.sub("", message or "")
        if not self.is_terminal and kind in self._told:
            return
        self._told.append(kind)
        text = f"  … {message or 'working'} ({progress:g}/{total:g})" if total else f"  … {message or 'working'}"
        print(f"\r\x1b[2K{text}" if self.is_terminal else text, end="" if self.is_terminal else "\n", flush=True)

    def end_progress(self) -> None:
        """Take the progress away, where it can be."""
        self._told.clear()
        if self.is_terminal:
            print("\r\x1b[2K", end="", flush=True)

    def field(self, name: str, value: Any) -> None:
        """Print one field of an answer: text by lines, lists and parts by rows, the rest beside its name."""
        if isinstance(value, str) and "\n" in value:
            self._rows(value.splitlines(), _LINES_OF_TEXT_SHOWN, "lines", indent="    | ")
        elif isinstance(value, list):
            self._rows([compact(row) for row in value], _ROWS_SHOWN, name, indent="    ")
        elif isinstance(value, dict) and value and all(isinstance(part, dict) for part in value.values()):
            for key, part in value.items():
                told = [str(part[word]) for word in _TELLING if word in part]
                self.raw(f"{key:<12}{'  '.join(told) or compact(part)}")
        else:
            self.raw(f"{name}: {compact(value)}")

    def _rows(self, rows: list[str], limit: int, what: str, *, indent: str) -> None:
        self.raw("\n".join(rows[:limit]), indent=indent)
        if len(rows) > limit:
            self.raw(f"... {len(rows) - limit} more {what} (--verbose shows all)", indent="    ")


def compact(value: Any) -> str:
    """Return a value on one line for a person: mappings as `name value`, nothing that is empty."""
    if isinstance(value, dict):
        return "  ".join(f"{name} {_inner(item)}" for name, item in value.items() if item not in (None, "", [], {}))
    return _inner(value)


def _inner(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}={item}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
