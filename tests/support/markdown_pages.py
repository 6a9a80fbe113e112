"""Reads what tests need out of Markdown: tables under a heading, fenced blocks, and numbers as they are written."""

import re
from dataclasses import dataclass
from fractions import Fraction

_FENCE = re.compile(r"^```([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_UNIT_SECONDS = {"d": 86400, "h": 3600, "min": 60, "s": 1}


@dataclass(frozen=True)
class Table:
    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> list[str]:
        at = self.columns.index(name)
        return [row[at] for row in self.rows]


def fenced(text: str, language: str) -> list[str]:
    return [body for tag, body in _FENCE.findall(text) if tag == language]


def without_fences(text: str) -> str:
    return _FENCE.sub("", text)


def tables(text: str) -> list[Table]:
    heading, found, block = "", [], []
    for line in [*without_fences(text).splitlines(), ""]:
        if line.startswith("|"):
            block.append(_cells(line))
            continue
        if block:
            found.append(Table(heading, tuple(block[0]), tuple(tuple(row) for row in block[2:])))
            block = []
        if line.startswith("#"):
            heading = line.lstrip("# ")
    return found


def table(text: str, *columns: str) -> Table:
    """The one table whose first columns are these."""
    matching = [each for each in tables(text) if each.columns[: len(columns)] == columns]
    assert len(matching) == 1, f"{len(matching)} tables start with {columns}"
    return matching[0]


def says(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text, wherever lines are broken."""
    return phrase in " ".join(text.split())


def number(text: str) -> Fraction:
    """`1,000` or `5.3` or the number inside `about ±88 %`, exactly; a percent sign divides by 100."""
    match = re.search(r"\d[\d,]*(?:\.\d+)?", text)
    assert match is not None, text
    value = Fraction(match[0].replace(",", ""))
    return value / 100 if "%" in text else value


def seconds(text: str) -> Fraction:
    """`3 d 15 h 36 min`, `43.2 s`, `30d` or `5m` as seconds, exactly."""
    parts = re.findall(r"(\d+(?:\.\d+)?) ?(min|d|h|m|s)\b", text)
    assert parts, text
    return sum((Fraction(n) * _UNIT_SECONDS["min" if unit == "m" else unit] for n, unit in parts), Fraction(0))


def decimals(text: str) -> int:
    """How many decimals the number in `text` is written with."""
    match = re.search(r"\d[\d,]*(?:\.(\d+))?", text)
    assert match is not None, text
    return len(match[1] or "")


def is_rounding_of(text: str, value: float) -> bool:
    """Whether the written number is `value` rounded to the decimals it is written with; percent is understood."""
    shown = value * 100 if "%" in text else value
    written = float(number(text) * (100 if "%" in text else 1))
    return abs(written - shown) <= 0.5 * 10 ** -decimals(text) * (1 + 1e-9)


def _cells(line: str) -> list[str]:
    # A pipe inside a code span is escaped by a backslash in Markdown tables.
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
