"""What a forecast costs: CPU and memory of the first one in a fresh server, CPU of a large one. Linux only."""

import math
import os
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

from bench.row import Row, spread
from bench.stdio import BARE_SERVER, OUR_SERVER, StdioServer, stdio_server
from sre.capacity.forecast import forecast
from sre.capacity.history import regular_history
from sre.capacity.model import Request

RUNS = 5
FIRST_CPU_SECONDS, FIRST_BYTES, LARGE_CPU_SECONDS = 0.25, 60_000_000, 0.1
START = 1_767_571_200
# Four weeks by the hour, a week ahead: what is asked most.
USUAL_POINTS, USUAL_STEP, USUAL_HORIZON = 672, 3600, 168
# Two weeks of five minutes, a day ahead.
LARGE_POINTS, LARGE_STEP, LARGE_HORIZON = 4000, 300, 288


def rows() -> list[Row]:
    """Measure the first forecast of several fresh servers, and a large one in this process."""
    if not sys.platform.startswith("linux"):
        return []
    firsts = [_first_forecast() for _ in range(RUNS)]
    cpu, memory = [one[0] for one in firsts], [float(one[1]) for one in firsts]
    with stdio_server(BARE_SERVER) as server:
        server.request("tools/list")
        bare = server.memory_bytes()[0]
    over = [used - bare for used in memory]
    large = _large_forecasts()
    return [
        Row(
            "CPU time of the first forecast in a fresh server",
            ours=median(cpu),
            unit="s",
            limit=FIRST_CPU_SECONDS,
            detail=spread(cpu),
        ),
        Row(
            "Memory after it, over a bare server",
            ours=median(over),
            unit="bytes",
            limit=FIRST_BYTES,
            detail={**spread(over), "bare": bare},
        ),
        Row(
            f"CPU time of a forecast of {LARGE_HORIZON} steps from {LARGE_POINTS:,} points",
            ours=median(large),
            unit="s",
            limit=LARGE_CPU_SECONDS,
            detail=spread(large),
        ),
    ]


def _first_forecast() -> tuple[float, int]:
    """Return CPU seconds of the first call, and resident bytes after it."""
    with stdio_server(OUR_SERVER) as server:
        server.request("tools/list")
        before = _cpu_seconds(server)
        arguments = {"series": _series(), "horizon": USUAL_HORIZON, "threshold": 400}
        result = server.call("forecast_capacity", arguments)
        if result.get("isError"):
            raise RuntimeError(str(result)[:500])
        return _cpu_seconds(server) - before, server.memory_bytes()[0]


def _cpu_seconds(server: StdioServer) -> float:
    """Return the CPU time of a server so far, all its threads, user and system."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _values(count: int, step: int) -> list[float]:
    """A daily pattern that grows, with noise."""
    noise = np.random.default_rng(7).normal(0, 8, count)
    a_day = 86_400 / step
    return [200 + 60 * math.sin(2 * math.pi * i / a_day) + 40 * i / count + float(noise[i]) for i in range(count)]


def _series() -> dict[str, object]:
    values = _values(USUAL_POINTS, USUAL_STEP)
    return {"timestamps": [START + USUAL_STEP * i for i in range(len(values))], "values": values}


def _large_forecasts() -> list[float]:
    times = 1000 * (START + LARGE_STEP * np.arange(LARGE_POINTS, dtype=np.int64))
    history = regular_history(times, np.array(_values(LARGE_POINTS, LARGE_STEP)))
    request = Request(LARGE_HORIZON, threshold=400.0)
    forecast(history, request)
    spent = []
    for _ in range(RUNS):
        started = time.process_time()
        forecast(history, request)
        spent.append(time.process_time() - started)
    return spent
