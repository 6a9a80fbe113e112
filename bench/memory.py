"""Resident memory: after the start, and after a backend has poured 200 MB into a query. Linux only."""

import os
import sys
from collections.abc import Sequence

from bench.peer import NAME, peer_command, why_absent
from bench.row import Row
from bench.stdio import BARE_SERVER, OUR_SERVER, stdio_server
from tests.support.broken_server import HUGE_BYTES, broken_server

# Twice the largest body that is read by default.
MOST_GROWTH_BYTES = 64_000_000
# What the peer was seen to take, and some more; with less to spare its row is left out.
PEER_NEEDS_BYTES = 8_000_000_000
WINDOW = {"start": "1793617200", "end": "1793620800", "step": "15s"}


def rows() -> list[Row]:
    """Measure both."""
    if not sys.platform.startswith("linux"):
        return []
    ours, our_growth = _memory(OUR_SERVER, "query_prometheus")
    with stdio_server(BARE_SERVER) as server:
        server.request("tools/list")
        bare = server.memory_bytes()[0]
    peer = peer_command() if _free_bytes() > PEER_NEEDS_BYTES else None
    their_growth = _memory(peer, "execute_range_query")[1] if peer else None
    return [
        Row("Memory after the start", ours=ours, unit="bytes", peer=bare, peer_name="bare MCPServer, no tools"),
        Row(
            f"Memory a body of {HUGE_BYTES / 1e6:.0f} MB costs at its highest",
            ours=our_growth,
            unit="bytes",
            peer=their_growth,
            peer_name=NAME if their_growth is not None else f"{why_absent()}, or too little memory is free",
            limit=MOST_GROWTH_BYTES,
        ),
    ]


def _free_bytes() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _memory(command: Sequence[str], tool: str) -> tuple[int, int]:
    """Return resident memory after the start, and how far its peak rose over that of a small failed query."""
    with broken_server("404") as small, stdio_server(command, PROMETHEUS_URL=small) as server:
        server.request("tools/list")
        start = server.memory_bytes()[0]
        server.call(tool, {"query": "up", **WINDOW})
        before = server.memory_bytes()[1]
    with broken_server("huge") as huge, stdio_server(command, PROMETHEUS_URL=huge) as server:
        server.request("tools/list")
        result = server.call(tool, {"query": "up", **WINDOW})
        if tool == "query_prometheus" and not result.get("isError"):
            raise RuntimeError(f"200 MB were taken for an answer: {str(result)[:500]}")
        return start, server.memory_bytes()[1] - before
