"""The dashboard that is to be published: read from the argument or from a file, and refused where it cannot be one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sre.core.errors import ConfigError, InputError
from sre.core.text import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Grafana's own limit is some megabytes; ours make 10 to 40 kB.
MAX_CHARS = 1_000_000
_FIELD = "dashboard"
_EXAMPLE = ("dashboards/service-checkout.json",)


def dashboard_document(text: str, *, root: Path | None) -> dict[str, object]:
    """Return the dashboard that JSON text, or a file below the output folder, holds.

    Raises:
        InputError: Neither, or not a dashboard that can be saved.
        ConfigError: A file, and there is no output folder.
    """
    spelt = text.strip()
    document = _parsed(spelt if spelt.startswith("{") else _file_text(spelt, root))
    inner = document.get("dashboard")
    model = inner if isinstance(inner, dict) else document
    _refuse_other_formats(model)
    return model


def _file_text(path: str, root: Path | None) -> str:
    if not path or "\n" in path or "\x00" in path or len(path) > 500:
        raise InputError("dashboard is neither JSON nor the path of a file.", field=_FIELD, valid=_EXAMPLE)
    if root is None:
        raise ConfigError(
            "No output folder is configured, so there are no files to publish.",
            setting="SRE_MCP_OUTPUT_DIR",
            next_steps=("pass the JSON itself.",),
        )
    file = (root / path).resolve()
    if not file.is_relative_to(root.resolve()) or not file.is_file():
        message = f"There is no file {quoted(path)} below the output folder, and it is no JSON either."
        raise InputError(message, field=_FIELD, valid=_EXAMPLE)
    if file.stat().st_size > MAX_CHARS:
        raise InputError(f"{quoted(path)} is larger than {MAX_CHARS:,} bytes.", field=_FIELD)
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{quoted(path)} cannot be read as UTF-8 text.", field=_FIELD) from None


def _parsed(text: str) -> dict[str, object]:
    def refused(constant: str) -> object:
        raise ValueError(f"{constant} is no JSON")

    try:
        document = json.loads(text, parse_constant=refused)
    except (ValueError, RecursionError) as error:
        raise InputError(f"dashboard is not JSON: {quoted(str(error))}.", field=_FIELD) from None
    if not isinstance(document, dict):
        raise InputError("dashboard is JSON, but no object.", field=_FIELD)
    return document


def _refuse_other_formats(model: Mapping[str, object]) -> None:
    from sre.dashboards.structure import structure_checks

    if "apiVersion" in model and "spec" in model:
        steps = ("export the classic JSON: Share, Export, format Classic.",)
        raise InputError("This is a dashboard resource (v1 or v2), not classic JSON.", field=_FIELD, next_steps=steps)
    if "__inputs" in model:
        steps = ("export without `Export for sharing externally`, or replace ${DS_...} by a variable.",)
        raise InputError("This export asks for its data sources by hand.", field=_FIELD, next_steps=steps)
    identity = structure_checks(model)[0]
    if not identity.is_ok:
        raise InputError("This cannot be saved as a dashboard.", field=_FIELD, next_steps=identity.problems)
