"""Real incidents with known causes, from the development data beside the repository.

`cases.json` and its tables are described in their README; nothing of them is part of the repository.
"""

import csv
import gzip
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sre.core.series import BoolArray, FloatArray, IntArray
from sre.incidents.suspects.kinds import kind_of
from sre.incidents.suspects.model import Behaviour, Symptom, Timeline

FOLDER = Path(os.environ.get("SRE_MCP_DEVELOPMENT_DATA", Path(__file__).parents[3] / "shared" / "data")) / "rootcause"


@dataclass(frozen=True, eq=False)
class Case:
    """An incident.

    Attributes:
        system: Where it happened.
        culprit: The service in which the fault was injected.
        is_visible: Whether some metric of the culprit really leaves its normal range.
        callers: The call graph, as far as it is known.
    """

    name: str
    system: str
    culprit: str
    is_visible: bool
    behaviours: tuple[Behaviour, ...]
    timeline: Timeline
    symptom: Symptom
    callers: tuple[tuple[str, str], ...]

    def fault_free(self, *, count: int) -> Iterator[Timeline]:
        """Yield timelines on which a stretch of normal steps, as long as the incident, is taken for the incident."""
        normal = np.flatnonzero(self.timeline.is_normal)
        length = int(self.timeline.is_incident.sum())
        for start in np.linspace(length, len(normal) - length, count).astype(int):
            chosen = np.zeros(len(self.timeline.times_ms), dtype=np.bool_)
            chosen[normal[start : start + length]] = True
            yield Timeline(self.timeline.times_ms, self.timeline.step_ms, self.timeline.is_normal & ~chosen, chosen)


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases; FOLDER must exist."""
    described = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
    calls = json.loads((FOLDER / "topology.json").read_text(encoding="utf-8"))
    return tuple(_case(one, tuple((caller, callee) for caller, callee in calls[one["system"]])) for one in described)


def _case(described: dict[str, Any], callers: tuple[tuple[str, str], ...]) -> Case:
    read = _petshop if "incident" in described else _nezha
    columns, values, timeline = read(described)
    service, metric = described["symptom"].split("|", 1)
    return Case(
        name=described["case_id"],
        system=described["system"],
        culprit=described["root_cause_service"],
        is_visible=described["visible"],
        behaviours=tuple(_behaviours(columns, values)),
        timeline=timeline,
        symptom=Symptom(service, metric),
        callers=callers,
    )


def _petshop(described: dict[str, Any]) -> tuple[Sequence[str], FloatArray, Timeline]:
    columns, before = _table(described["baseline"], 1)
    _, rows = _table(described["incident"], 2)
    incident = np.array([values for keys, values in rows if keys[1] == described["case_id"]])
    values = np.concatenate([np.array([values for _, values in before]), incident])
    steps = np.arange(len(values))
    is_normal, is_incident = steps < len(before), steps >= len(before) + described["n_pre"]
    return columns, values.T, _timeline(steps * described["step_s"] * 1000, described, is_normal, is_incident)


def _nezha(described: dict[str, Any]) -> tuple[Sequence[str], FloatArray, Timeline]:
    columns, rows = _table(described["metrics"], 1)
    names = [keys[0] for keys, _ in rows]
    times = np.array([round(datetime.fromisoformat(name).replace(tzinfo=UTC).timestamp() * 1000) for name in names])
    is_normal = np.array([name in described["baseline_times"] for name in names])
    is_incident = np.array([described["incident_start"] <= name < described["incident_end"] for name in names])
    return columns, np.array([values for _, values in rows]).T, _timeline(times, described, is_normal, is_incident)


def _timeline(times: IntArray, described: dict[str, Any], is_normal: BoolArray, is_incident: BoolArray) -> Timeline:
    return Timeline(times.astype(np.int64), described["step_s"] * 1000, is_normal, is_incident)


def _behaviours(columns: Sequence[str], values: FloatArray) -> Iterator[Behaviour]:
    for column, row in zip(columns, values, strict=True):
        service, metric = column.split("|", 1)
        yield Behaviour(service, metric, np.ascontiguousarray(row), kind=kind_of(metric))


@cache
def _table(name: str, key_count: int) -> tuple[Sequence[str], list[tuple[Sequence[str], list[float]]]]:
    with gzip.open(FOLDER / name, "rt", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return header[key_count:], [(row[:key_count], [_number(cell) for cell in row[key_count:]]) for row in rows]


def _number(cell: str) -> float:
    return float(cell) if cell else np.nan
