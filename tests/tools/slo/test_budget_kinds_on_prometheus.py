"""Every kind of SLO over the same samples in a real Prometheus and in memory: the same budget, to the last digit shown."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.snapshot import RecordedSource
from connectors.snapshot.recording import Recording
from sre.core.series import Samples
from tests.support.mcp import answer_of, deps_with, tool_client
from tests.support.openmetrics_file import written
from tests.support.real_prometheus import running_prometheus
from tests.support.slo_documents import slo_document
from tests.tools.slo.test_budget_kinds import DAY, END, ago, counter, gauge, with_errors

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]

MINUTES = 4 * DAY
MAINTENANCE = [(ago(700), ago(655), "move"), (ago(2 * DAY), ago(2 * DAY - 7), "restart")]

DOCUMENTS: dict[str, dict[str, Any]] = {
    "groups": {"group_by": ["region"], "objective": 0.99, "window": "3d"},
    "groups, maintenance": {"group_by": ["region"], "window": "3d", "maintenance": MAINTENANCE},
    "maintenance": {"objective": 0.99, "window": "3d", "maintenance": MAINTENANCE},
    "much maintenance": {
        "objective": 0.99,
        "window": "2d",
        "maintenance": [(ago(60 * hour + 7), ago(60 * hour), "job") for hour in range(1, 24)],
    },
    "good of total": {"ratio": {"good": 'reqs_total{code="200"}', "total": "reqs_total"}, "window": "3d"},
    "good and bad": {"ratio": {"good": 'reqs_total{code="200"}', "bad": 'reqs_total{code="500"}'}, "window": "3d"},
    "threshold": {"threshold": ("level", "lte", 0.5), "objective": 0.9, "window": "3d", "maintenance": MAINTENANCE},
    "threshold by group": {
        "threshold": ("level", "lt", 0.5),
        "objective": 0.9,
        "window": "3d",
        "group_by": ["region"],
    },
    "raw": {"raw": ("success", "1 - level / 2"), "objective": 0.6, "window": "3d"},
    "slices": {"slices": ("5m", 0.95), "objective": 0.98, "window": "3d", "maintenance": MAINTENANCE},
    "slices of a threshold": {
        "threshold": ("level", "lte", 0.5),
        "slices": ("10m", 0.8),
        "objective": 0.9,
        "window": "3d",
    },
    "a month in Berlin": {"window": "1M", "time_zone": "Europe/Berlin", "objective": 0.99, "group_by": ["region"]},
}


def samples() -> list[Samples]:
    """Two regions: one with a restart and two outages, one whose failures begin half an hour ago; a level that swings."""
    eu = counter([100 + (minute % 60) for minute in range(MINUTES)], minutes=MINUTES, region="eu")
    values = eu.values.copy()
    values[2_000:] -= values[1_999]
    levels = [0.3 + 0.3 * ((minute // 7) % 3 == 0) for minute in range(MINUTES)]
    return [
        Samples(eu.labels, eu.timestamps_ms, values),
        counter(
            with_errors((720, 690, 40), (3_000, 2_950, 9), minutes=MINUTES), minutes=MINUTES, code="500", region="eu"
        ),
        counter(20, minutes=MINUTES, region="us"),
        counter(1, minutes=30, first=5, code="500", region="us"),
        gauge(levels, region="eu"),
        gauge(levels[100:], region="us"),
    ]


@pytest.fixture(scope="module")
def prometheus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("kinds") / "world.om"
    written(samples(), path)
    with running_prometheus(openmetrics_path=path) as url:
        yield url


@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
async def test_prometheus_and_a_recording_give_the_same_budget(kind: str, prometheus_url: str) -> None:
    """Debian's Prometheus is version 2, whose ranges are closed on the left, so the recording is asked the same way."""
    document = slo_document(**DOCUMENTS[kind])
    live = PrometheusClient(Endpoint(base_url=prometheus_url), name="live")
    memory = RecordedSource(name="memory", load=lambda: Recording(tuple(samples()), {}), left_open=False)
    async with tool_client(deps_with(live, memory)) as client:
        said, expected = [
            await answer_of(client, "compute_error_budget", slo=document, at=END.isoformat(), source=source)
            for source in ("live", "memory")
        ]
    assert _comparable(said) == _comparable(expected)
    assert said["total_events"] > 0


def _comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """All but the names of the sources and the number of samples read, which the two count differently."""
    queries = [row["query"] for row in answer["queries"]]
    warnings = [warning for warning in answer["warnings"] if "Recorded data" not in warning]
    return {**answer, "queries": queries, "warnings": warnings, "source": None}


async def test_both_versions_of_ranges_count_samples_and_slices_alike(prometheus_url: str) -> None:
    """A recording asked as Prometheus 3 would be, whose ranges are open on the left."""
    new = RecordedSource(name="new", load=lambda: Recording(tuple(samples()), {}))
    live = PrometheusClient(Endpoint(base_url=prometheus_url), name="live")
    async with tool_client(deps_with(live, new)) as client:
        for kind in ("threshold", "raw", "threshold by group"):
            document = slo_document(**DOCUMENTS[kind])
            said, expected = [
                await answer_of(client, "compute_error_budget", slo=document, at=END.isoformat(), source=source)
                for source in ("live", "new")
            ]
            assert (said["total_events"], said["bad_events"]) == (expected["total_events"], expected["bad_events"])
