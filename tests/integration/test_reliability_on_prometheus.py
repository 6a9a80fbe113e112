"""`report_reliability` over ten days of a real Prometheus: SLO counts, gaps, and alerts as it recorded them."""

from pathlib import Path

import numpy as np
import pytest

from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from sre.core.labels import Labels
from sre.core.series import Samples
from tests.support.hand_built import END_MS
from tests.support.mcp import answer_of, deps_with, tool_client
from tests.support.memory_journal import MemoryJournal
from tests.support.openmetrics_file import written
from tests.support.real_prometheus import running_prometheus
from tests.support.slo_documents import slo_document

pytestmark = pytest.mark.anyio

DAYS, EVERY_MS, MINUTE_MS, DAY_MS = 10, 600_000, 60_000, 86_400_000
START_MS = END_MS - DAYS * DAY_MS
SERVICES = 3
# Days after the start and minutes of firing, of each of the services' alerts; two firings 10 minutes apart are two calls.
FIRED = ((1.0, 4), (1.0 + 14 / 1440, 6), (3.5, 60), (8.0, 30))
GAP_DAYS = (5, 6)


def world() -> list[Samples]:
    times = START_MS + EVERY_MS * np.arange(DAYS * DAY_MS // EVERY_MS + 1, dtype=np.int64)
    day = (times - START_MS) // DAY_MS
    there = (day < GAP_DAYS[0]) | (day >= GAP_DAYS[1])
    found = []
    for number in range(SERVICES):
        for code, each in (("200", 999.0), ("500", 1.0)):
            labels = Labels({"__name__": "http_requests_total", "service": f"svc-{number}", "code": code})
            found.append(Samples(labels, times[there], each * np.arange(times.size, dtype=np.float64)[there]))
        found.append(firing(number))
    return found


def firing(number: int) -> Samples:
    begins = [START_MS + round(days * DAY_MS) + number * MINUTE_MS for days, _ in FIRED]
    parts = [
        begin + MINUTE_MS * np.arange(minutes, dtype=np.int64)
        for begin, (_, minutes) in zip(begins, FIRED, strict=True)
    ]
    labels = {
        "__name__": "ALERTS", "alertname": f"Svc{number}Fails", "alertstate": "firing", "severity": "critical",
        "service": f"svc-{number}",
    }  # fmt: skip
    times = np.concatenate(parts)
    return Samples(Labels(labels), times, np.ones(times.size))


async def test_ten_days_are_read_as_they_were_written(tmp_path: Path) -> None:
    """By hand: 1 of 1,000 fails; a day of ten has no data; three alerts that fire four times each."""
    slos = tmp_path / "slos"
    slos.mkdir()
    ratio = {"bad": 'http_requests_total{code="500"}', "total": "http_requests_total"}
    (slos / "all.yaml").write_text(slo_document(name="all", ratio=ratio, objective=0.995))
    path = tmp_path / "days.om"
    written(world(), path)
    with running_prometheus(openmetrics_path=path) as url:
        source = PrometheusClient(Endpoint(url))
        async with tool_client(deps_with(source, journal=MemoryJournal(), slo_folder=slos)) as client:
            answer = await answer_of(client, "report_reliability", window="10d")
            one = await answer_of(client, "report_reliability", service="svc-2", window="10d")
    (row,) = answer["availability"]
    assert (row["slo"], row["is_met"]) == ("all", True)
    assert row["ratio"] == pytest.approx(0.999, abs=1e-5)
    assert row["total"] == pytest.approx(9 * 144_000 * SERVICES, rel=0.005)
    assert row["gaps"] == ["2026-10-28T12:00:00Z/2026-10-29T12:00:00Z"]
    assert (answer["alerts"]["origin"], answer["alerts"]["count"]) == ("recorded", 12)
    assert answer["alerts"]["pages"] == answer["pages"][0]["count"] == 12
    assert one["alerts"]["top"] == {"Svc2Fails": 4}
    assert one["availability"][0]["ratio"] == pytest.approx(0.999, abs=1e-5)
