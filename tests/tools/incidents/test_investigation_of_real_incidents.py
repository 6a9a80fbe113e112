"""`investigate_incident` on recorded fault injections, read from a table as a user would export it."""

import csv
from pathlib import Path

import numpy as np
import pytest

from connectors.snapshot.source import SnapshotSource
from sre.core.times import format_instant, instant_from_ms
from tests.support.mcp import answer_of, deps_with, tool_client
from tests.support.root_cause_cases import FOLDER, Case, cases

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the development data are not here")

START_MS = 1_767_571_200_000


def written(case: Case, path: Path) -> tuple[str, str]:
    """Write the fault-free steps and then the incident, one after the other; return the window of the incident."""
    line = case.timeline
    chosen = np.flatnonzero(~line.is_incident if case.system.startswith("petshop") else line.is_normal)
    order = np.concatenate([chosen, np.flatnonzero(line.is_incident)])
    seconds = [(START_MS + line.step_ms * step) // 1000 for step in range(len(order) + 1)]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["time", *(_name(one.metric, one.service) for one in case.behaviours)])
        for second, step in zip(seconds, order, strict=False):
            cells = [one.values[step] for one in case.behaviours]
            table.writerow([second, *("" if np.isnan(cell) else float(cell) for cell in cells)])
    first = len(chosen)
    return tuple(format_instant(instant_from_ms(seconds[step] * 1000)) for step in (first, len(order)))  # type: ignore[return-value]


def _name(metric: str, service: str) -> str:
    family, _, statistic = metric.partition("|")
    clean = "".join(letter if letter.isalnum() else "_" for letter in family)
    return f'{clean}{{service="{service}",statistic="{statistic}"}}'


@pytest.mark.anyio
async def test_the_true_service_is_among_the_first_that_are_named(tmp_path: Path) -> None:
    """Our choice: a third of the visible cases; measured on all 38, first in 68 %, among three in 95 %."""
    ranks = []
    for number, case in enumerate([case for case in cases() if case.is_visible][::3]):
        path = tmp_path / f"{number}.csv"
        start, end = written(case, path)
        async with tool_client(deps_with(SnapshotSource(name="recorded", path=path))) as client:
            answer = await answer_of(client, "investigate_incident", start=start, end=end)
        services = [row["service"] for row in answer["services"]]
        ranks.append(services.index(case.culprit) + 1 if case.culprit in services else 99)
    assert len(ranks) == 13
    assert sum(rank == 1 for rank in ranks) >= 7, ranks
    assert sum(rank <= 3 for rank in ranks) >= 11, ranks
