"""`backtest_slo` over 30 days of one-minute history: from a recording, and from a real Prometheus.

    python -m bench.slo_backtest

The baseline is what Prometheus itself needs to say the same: the error ratio over each of the seven windows of the
tiers, at every minute, by range queries as large as it accepts, in the same run on the same data. What a user waits for
is measured on our side: the call through an MCP client, from the question to the answer.
"""

import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
from mcp.client import Client

from bench.row import Row, table
from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.prometheus.split import MAX_POINTS
from connectors.snapshot import RecordedSource
from connectors.snapshot.recording import Recording
from server.app import build
from sre.core.labels import Labels
from sre.core.series import Samples
from sre.core.slo.sli_queries import sli_queries
from sre.core.times import instant_from_ms
from sre.slo.alert_tiers import alert_tiers
from tests.support.mcp import FixedClock, deps_with
from tests.support.openmetrics_file import written
from tests.support.real_prometheus import running_prometheus
from tests.support.slo_documents import slo_document

END_MS = 1_793_620_800_000
DAYS, RUN_UP_DAYS = 30, 3
INSTANCES = 10
# One every four days from the first day on; that one lies in the run-up.
OUTAGE_EVERY_DAYS, OUTAGES = 4, 8
RUNS = 5
# promtool reads a file once for every two hours it spans.
FILE_DAYS = 2
MOST_SECONDS = 5.0
MOST_OF_BASELINE = 0.5
MOST_FOR_CANDIDATES = 2.0
CANDIDATES = "\n".join(
    f"- {{name: c{number}, objective: {objective}, min_bad_events: {number}}}"
    for number, objective in enumerate((0.99, 0.995, 0.998, 0.9985, 0.9995, 0.9999), 1)
)
DOCUMENT = slo_document(window="30d")

Asked = Callable[[], Awaitable[Any]]


def rows() -> list[Row]:
    """Return all measurements."""
    return anyio.run(_measured)


async def _measured() -> list[Row]:
    samples = _samples()
    recorded = RecordedSource(name="bench", load=lambda: Recording(tuple(samples), {}))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        paths = list(_files(samples, Path(folder)))
        alone, with_six = await _calls(recorded)
        with running_prometheus(openmetrics_path=paths) as url:
            client = PrometheusClient(Endpoint(url, timeout_seconds=60.0), name="bench")
            live, live_with_six = await _calls(client)
            await client.aclose()
            baseline = _baseline_seconds(url)
    what = f"backtest of an SLO: {DAYS} d at 1 m, {2 * INSTANCES} series"
    peer = "Prometheus: the 7 windows by range queries"
    return [
        Row(f"{what}, from a recording", alone, "s", limit=MOST_SECONDS),
        Row(f"{what}, from Prometheus", live, "s", baseline, peer, MOST_OF_BASELINE, is_ratio_limited=True),
        Row("The same with 6 candidates, recording", with_six, "s", alone, "without", MOST_FOR_CANDIDATES, True),
        Row("The same with 6 candidates, Prometheus", live_with_six, "s", live, "without", MOST_FOR_CANDIDATES, True),
    ]


def _samples() -> list[Samples]:
    """Return requests with a daily wave, background errors, and an outage of half an hour every four days."""
    rng = np.random.default_rng(3)
    minutes = (DAYS + RUN_UP_DAYS) * 1_440
    times = END_MS - 60_000 * np.arange(minutes - 1, -1, -1, dtype=np.int64)
    wave = 60 + 40 * np.sin(2 * np.pi * np.arange(minutes) / 1_440)
    is_out = np.arange(minutes) % (OUTAGE_EVERY_DAYS * 1_440) < 30
    made = []
    for number in range(INSTANCES):
        good = rng.poisson(np.where(is_out, 0.8 * wave, wave))
        bad = rng.poisson(np.where(is_out, 0.2 * wave, 0.0003 * wave))
        for code, counts in (("200", good), ("500", bad)):
            labels = {"__name__": "reqs_total", "code": code, "instance": f"host-{number}:80"}
            made.append(Samples(Labels(labels), times, np.cumsum(counts).astype(np.float64)))
    return made


def _files(samples: Sequence[Samples], folder: Path) -> list[Path]:
    paths = []
    first, span = int(samples[0].timestamps_ms[0]), FILE_DAYS * 86_400_000
    for number, start in enumerate(range(first, END_MS + 1, span)):
        part = [
            Samples(one.labels, one.timestamps_ms[inside], one.values[inside])
            for one in samples
            for inside in [(one.timestamps_ms >= start) & (one.timestamps_ms < start + span)]
        ]
        paths.append(folder / f"part-{number}.om")
        written(part, paths[-1])
    return paths


async def _calls(source: Any) -> tuple[float, float]:
    """Return the seconds of a call without and with candidates."""
    server = build(deps_with(source, clock=FixedClock(instant_from_ms(END_MS))))
    async with Client(server) as client:
        arguments = {"slo": DOCUMENT, "start": f"now-{DAYS}d"}
        plain = await _seconds(lambda: client.call_tool("backtest_slo", arguments))
        six = await _seconds(lambda: client.call_tool("backtest_slo", {**arguments, "candidates": CANDIDATES}))
    return plain, six


async def _seconds(ask: Asked) -> float:
    taken = []
    for _ in range(RUNS + 1):
        begin = time.perf_counter()
        result = await ask()
        taken.append(time.perf_counter() - begin)
        pages = result.structured_content["page_count"]
        if pages != OUTAGES:
            raise RuntimeError(f"{pages} pages, not one an outage")
    return statistics.median(taken[1:])


def _baseline_seconds(url: str) -> float:
    from connectors.openslo.document import slo_from_text

    slo = slo_from_text(DOCUMENT)
    queries = sli_queries(slo)
    windows = sorted({seconds for tier in alert_tiers(slo).used for seconds in (tier.long_seconds, tier.short_seconds)})
    start = END_MS // 1000 - DAYS * 86_400
    begin = time.perf_counter()
    with httpx.Client(base_url=url, timeout=600.0, trust_env=False) as client:
        for seconds in windows:
            for first in range(0, DAYS * 1_440 + 1, MAX_POINTS):
                last = min(first + MAX_POINTS - 1, DAYS * 1_440)
                bounds = {"start": start + 60 * first, "end": start + 60 * last, "step": 60}
                parameters = {"query": queries.error_ratio_over(seconds), **bounds}
                client.post("/api/v1/query_range", data=parameters).raise_for_status().json()
    return time.perf_counter() - begin


if __name__ == "__main__":
    print(table(rows()))
