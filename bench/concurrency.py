"""Ten queries at once against a backend that takes a second for each request."""

import time
from collections.abc import Mapping, Sequence
from statistics import median

from bench.peer import NAME, peer_command, why_absent
from bench.row import Row, spread
from bench.stdio import OUR_SERVER, stdio_server
from bench.world import END_SECONDS, slow_backend

CALLS = 10
BACKEND_SECONDS = 1.0
MOST_SECONDS = 1.3
OUR_RUNS, PEER_RUNS = 3, 1


def rows() -> list[Row]:
    """Measure from the first request sent to the last answer read, in a session that has answered one before."""
    window = {"start": str(END_SECONDS - 900), "end": str(END_SECONDS)}
    with slow_backend(BACKEND_SECONDS) as url:
        ours = _seconds(OUR_SERVER, url, "query_prometheus", {**window, "step": "15s"}, runs=OUR_RUNS)
        peer = peer_command()
        theirs = _seconds(peer, url, "execute_range_query", {**window, "step": "15s"}, runs=PEER_RUNS) if peer else None
    return [
        Row(
            f"{CALLS} queries at once, backend takes {BACKEND_SECONDS:g} s",
            ours=median(ours),
            unit="s",
            peer=median(theirs) if theirs else None,
            peer_name=NAME if theirs else why_absent(),
            limit=MOST_SECONDS,
            detail={"ours": spread(ours), "peer": spread(theirs) if theirs else None},
        )
    ]


def _seconds(command: Sequence[str], url: str, tool: str, arguments: Mapping[str, str], *, runs: int) -> list[float]:
    seconds = []
    with stdio_server(command, PROMETHEUS_URL=url) as server:
        _checked(server.call(tool, {"query": "up", **arguments}))
        for run in range(runs):
            # No query is asked twice, in case somebody keeps answers.
            queries = [f'up{{run="{run}",call="{number}"}}' for number in range(CALLS)]
            calls = [("tools/call", {"name": tool, "arguments": {"query": query, **arguments}}) for query in queries]
            started = time.perf_counter()
            results = server.requests(calls)
            seconds.append(time.perf_counter() - started)
            for result in results:
                _checked(result)
    return seconds


def _checked(result: Mapping[str, object]) -> None:
    if result.get("isError"):
        raise RuntimeError(f"a query failed: {result}")
