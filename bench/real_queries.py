"""Queries against a real Prometheus: how much comes back, and how long it takes, beside the bare HTTP API."""

import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import httpx
from mcp.client import Client

from bench.peer import NAME, peer_command, why_absent
from bench.row import Row, spread
from bench.stdio import stdio_server
from bench.world import (
    END_SECONDS,
    EVERY_SERIES,
    FIVE_SERIES,
    POINTS,
    SERIES,
    START_SECONDS,
    Question,
    write_openmetrics,
)
from server.app import build, deps_from
from server.settings import load_settings
from tests.support.real_prometheus import running_prometheus

MOST_BYTES = 4096
MOST_TIMES_BARE = 1.5
WARM_UP, RUNS = 10, 60
API = "/api/v1/query_range"


async def rows() -> list[Row]:
    """Measure over one Prometheus with the same data."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data = Path(folder) / "shop.om"
        write_openmetrics(data)
        with running_prometheus(openmetrics_path=data) as url:
            server = build(deps_from(load_settings({"PROMETHEUS_URL": url})))
            async with Client(server) as client, httpx.AsyncClient(base_url=url, trust_env=False) as bare:
                sizes = await _sizes(client, bare, url)
                times = [await _times(client, bare, question) for question in (EVERY_SERIES, FIVE_SERIES)]
    return [*sizes, *times]


async def _sizes(client: Client, bare: httpx.AsyncClient, url: str) -> list[Row]:
    raw = await bare.get(API, params=EVERY_SERIES.parameters())
    result = raw.json()["data"]["result"]
    if (len(result), len(result[0]["values"])) != (SERIES, POINTS):
        raise RuntimeError("the data is not what the row says")
    answer = await _answer(client, EVERY_SERIES)
    theirs = _peer_bytes(url)
    what = f"Bytes of the answer to {SERIES} series x {POINTS} points"
    return [
        Row(
            what,
            ours=len(answer.encode()),
            unit="bytes",
            peer=len(raw.content),
            peer_name="raw API body",
            limit=MOST_BYTES,
            detail={"answer": json.loads(answer)},
        ),
        Row(
            f"{what}, beside a peer",
            ours=len(answer.encode()),
            unit="bytes",
            peer=theirs,
            peer_name=NAME if theirs else why_absent(),
        ),
    ]


def _peer_bytes(url: str) -> int | None:
    command = peer_command()
    if command is None:
        return None
    arguments = {"query": EVERY_SERIES.query, "start": str(START_SECONDS), "end": str(END_SECONDS), "step": "15s"}
    with stdio_server(command, PROMETHEUS_URL=url) as server:
        result = server.call("execute_range_query", arguments)
    if result.get("isError"):
        raise RuntimeError(f"the peer failed: {str(result)[:500]}")
    return sum(len(part.get("text", "").encode()) for part in result["content"])


async def _answer(client: Client, question: Question) -> str:
    result = await client.call_tool("query_prometheus", dict(question.arguments()))
    if result.is_error or result.structured_content is None:
        raise RuntimeError(f"query_prometheus failed: {result.content}")
    return json.dumps(result.structured_content, ensure_ascii=False, separators=(",", ":"))


async def _times(client: Client, bare: httpx.AsyncClient, question: Question) -> Row:
    async def ask_us() -> object:
        return await client.call_tool("query_prometheus", dict(question.arguments()))

    async def ask_prometheus() -> object:
        return (await bare.get(API, params=question.parameters())).json()

    for _ in range(WARM_UP):
        await ask_us()
        await ask_prometheus()
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(await _seconds(ask_us))
        theirs.append(await _seconds(ask_prometheus))
    return Row(
        f"p50 of `{question.query}`, {POINTS} points, through an in-memory MCP client",
        ours=median(ours),
        unit="s",
        peer=median(theirs),
        peer_name="bare httpx and json()",
        limit=MOST_TIMES_BARE,
        is_ratio_limited=True,
        detail={"ours": spread(ours), "bare": spread(theirs)},
    )


async def _seconds(ask: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await ask()
    return time.perf_counter() - started
