"""Draws docs/images/demo.svg from a real run of the demo: `make picture`."""

import subprocess
import sys
from html import escape
from pathlib import Path

TARGET = Path("docs/images/demo.svg")
# Renderers collapse plain spaces at the start of a line.
NO_BREAK = "&#160;"
_QUESTIONS = ("2.", "3.", "4.", "5.")
_LINE, _CHARACTER, _MARGIN = 17, 7.25, 18
_COLUMNS = 118


def drawn(text: str) -> str:
    """Return an SVG of terminal lines; questions stand out, evidence is dimmed."""
    lines = text.splitlines()
    width, height = round(_COLUMNS * _CHARACTER + 2 * _MARGIN), len(lines) * _LINE + 2 * _MARGIN
    rows = "\n".join(
        f'<text x="{_MARGIN}" y="{_MARGIN + _LINE * (number + 1) - 4}"{_style(line)}>{escape(line).replace(" ", NO_BREAK)}</text>'
        for number, line in enumerate(lines)
        if line.strip()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="12">\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="#14181f"/>\n<g fill="#d7dde6">\n{rows}\n</g>\n</svg>\n'
    )


def _style(line: str) -> str:
    if not line.startswith(" "):
        return ' fill="#ffffff" font-weight="bold"'
    if line.lstrip().startswith((">", "[")):
        return ' fill="#7f8ea3"'
    if line.lstrip().startswith("!"):
        return ' fill="#e5b567"'
    return "" if line.startswith("    ") else ' fill="#9fd3a8"'


def excerpt(output: str) -> str:
    """Return the part of a tour that fits a picture: some questions whole, progress left out."""
    blocks = [block for block in output.split("\n\n") if block.startswith(_QUESTIONS)]
    kept = [[line[:_COLUMNS] for line in block.splitlines() if not line.lstrip().startswith("…")] for block in blocks]
    return "\n\n".join(["$ make demo", *("\n".join(lines) for lines in kept)])


def write() -> None:
    """Run the demo and draw it."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sre_mcp", "demo"], capture_output=True, text=True, timeout=120, check=True
    )
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(drawn(excerpt(done.stdout)), encoding="utf-8")


if __name__ == "__main__":
    write()
