"""How often `detect_changes` is right, on two weeks of planted noise of seven kinds, through a client.

The table in docs/concepts/dating-changes.md comes from these functions with DRAWS = 20; here a few draws guard it. The
change has 1.5 standard deviations of the noise and lies anywhere in the second week.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from sre.core.series import FloatArray
from tests.support.hand_built import END_MS, series, source_of
from tests.support.mcp import answer_of, deps_with, tool_client

pytestmark = pytest.mark.anyio

DRAWS = 3
EVERY_SECONDS = 300
COUNT = 14 * 288
NOW = datetime.fromtimestamp(END_MS / 1000, UTC)
MINUTES = 5 * np.arange(COUNT)
DAYS = np.sin(2 * np.pi * MINUTES / 1440)
WEEKENDS = 1.0 * ((MINUTES // 1440) % 7 >= 5)
Random = np.random.Generator


def remembering(random: Random) -> FloatArray:
    """Return noise of variance 1 in which a value is like the one before by seven tenths."""
    shocks = random.normal(size=COUNT)
    for place in range(1, COUNT):
        shocks[place] += 0.7 * shocks[place - 1]
    return np.asarray(shocks * np.sqrt(1 - 0.7**2))


def traffic(random: Random) -> FloatArray:
    course = (1 + 0.3 * DAYS) * (1 + 0.2 * WEEKENDS) * (1 + 0.03 * MINUTES / 10_080)
    return np.asarray(100 * course * np.exp(0.05 * random.normal(size=COUNT)))


KINDS: dict[str, Callable[[Random], FloatArray]] = {
    "even": lambda random: 100 + 5 * random.normal(size=COUNT),
    "with memory": lambda random: 100 + 5 * remembering(random),
    "days and weekends": lambda random: 100 + 30 * DAYS + 20 * WEEKENDS + 5 * random.normal(size=COUNT),
    "growing traffic": traffic,
    "skewed": lambda random: 100 * np.exp(0.3 * random.normal(size=COUNT)),
    "counts of few": lambda random: random.poisson(3, size=COUNT).astype(np.float64),
    "with outliers": lambda random: 100 + 5 * random.normal(size=COUNT) + 200.0 * (random.random(COUNT) < 0.005),
}


@dataclass
class Tally:
    """What came of some draws of one kind."""

    false_changes: int = 0
    false_anomalies: int = 0
    found: int = 0
    held: int = 0
    beside: int = 0


async def told(values: FloatArray) -> dict[str, Any]:
    source = source_of([series({"__name__": "m"}, values.tolist(), every_seconds=EVERY_SECONDS)])
    async with tool_client(deps_with(source)) as client:
        return await answer_of(client, "detect_changes", query="m")


async def tallied(kind: str, *, draws: int) -> Tally:
    make, tally = KINDS[kind], Tally()
    for draw in range(draws):
        random = np.random.default_rng(draw)
        values = make(random)
        place = int(random.integers(int(COUNT * 0.55), int(COUNT * 0.95)))
        calm = await told(values)
        tally.false_changes += len(calm["changes"])
        tally.false_anomalies += len(calm["anomalies"])
        pairs = make(np.random.default_rng(1000 + draw)) - make(np.random.default_rng(2000 + draw))
        values[place:] += 1.5 * float(np.std(pairs)) / np.sqrt(2)
        count_changes(tally, (await told(values))["changes"], NOW - timedelta(minutes=5 * (COUNT - 1 - place)))
    return tally


def count_changes(tally: Tally, changes: list[dict[str, Any]], truth: datetime) -> None:
    def apart(row: dict[str, Any]) -> timedelta:
        return abs(datetime.fromisoformat(row["at"]) - truth)

    near = sorted((row for row in changes if apart(row) <= timedelta(hours=3)), key=apart)[:1]
    tally.found += len(near)
    tally.beside += len(changes) - len(near)
    tally.held += sum(
        datetime.fromisoformat(row["earliest"]) <= truth <= datetime.fromisoformat(row["latest"]) for row in near
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_changes_are_found_in_every_kind_of_noise_and_none_is_made_up(kind: str) -> None:
    tally = await tallied(kind, draws=DRAWS)
    assert tally.false_changes == 0
    # Outliers of forty standard deviations are anomalies.
    assert tally.false_anomalies == 0 or kind == "with outliers"
    assert tally.found >= DRAWS - 1
    assert tally.beside <= 1
    assert tally.held >= tally.found - 1
