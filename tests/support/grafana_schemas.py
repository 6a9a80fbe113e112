"""Dashboards held to Grafana's own JSON schemas, where those are at hand.

They are not part of this repository: files named `dashboard*.json`, `timeseries*.json`, `stat*.json`, `text*.json` and
`prometheus*.json` as the Foundation SDK publishes them, in `../shared/specs/grafana` or below.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import validators

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "specs" / "grafana"


def schema_folders(root: Path = FOLDER) -> list[Path]:
    """Return the folders that hold a schema of dashboards; one a version of Grafana."""
    return sorted({file.parent for file in root.rglob("dashboard*.json") if file.name.split(".")[0] == "dashboard"})


def schema_problems(dashboard: dict[str, Any], folder: Path) -> list[str]:
    """Return what the schemas of a folder object to in a dashboard."""
    found = [*_problems(folder, "dashboard", "Dashboard", dashboard)]
    for panel in dashboard["panels"]:
        kind = panel["type"]
        if kind == "row":
            continue
        found += _problems(folder, kind, "Options", panel["options"])
        if kind == "timeseries":
            found += _problems(folder, kind, "FieldConfig", panel["fieldConfig"]["defaults"]["custom"])
        for target in panel.get("targets", []):
            found += _problems(folder, "prometheus", "", target)
    return found


def _problems(folder: Path, kind: str, definition: str, value: Any) -> Iterator[str]:
    document = _document(folder, kind)
    names = [definition] if definition else ["dataquery", "Dataquery"]
    name = next(name for name in names if name in document["definitions"])
    schema = {"$schema": document["$schema"], "definitions": document["definitions"], "$ref": f"#/definitions/{name}"}
    validator = validators.validator_for(schema)(schema)
    for error in validator.iter_errors(value):
        causes = sorted(error.context or [error], key=lambda one: -len(one.absolute_path))
        yield f"{kind}: {error.json_path}: {causes[0].message[:300]}"


@cache
def _document(folder: Path, kind: str) -> Any:
    file = next(file for file in sorted(folder.glob(f"{kind}*.json")) if file.name.split(".")[0] == kind)
    return json.loads(file.read_text(encoding="utf-8"))
