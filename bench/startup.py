"""CPU time from spawn to tools listed, against a server of the same SDK that has no tools."""

from statistics import median

from bench.row import Row, spread
from bench.stdio import BARE_SERVER, OUR_SERVER, cpu_seconds_to_tools

RUNS = 15
MOST_TIMES_BARE = 1.3
# Configured as it would be in earnest; nothing is asked of it before a tool is called.
ENVIRONMENT = {"PROMETHEUS_URL": "http://127.0.0.1:9090"}


def rows() -> list[Row]:
    """Measure in turns, so that whatever else the machine does hits both."""
    cpu_seconds_to_tools(OUR_SERVER, **ENVIRONMENT)
    cpu_seconds_to_tools(BARE_SERVER)
    ours, bare = [], []
    for _ in range(RUNS):
        ours.append(cpu_seconds_to_tools(OUR_SERVER, **ENVIRONMENT))
        bare.append(cpu_seconds_to_tools(BARE_SERVER))
    return [
        Row(
            "CPU time from spawn to tools listed",
            ours=median(ours),
            unit="s",
            peer=median(bare),
            peer_name="bare MCPServer, no tools",
            limit=MOST_TIMES_BARE,
            is_ratio_limited=True,
            detail={"ours": spread(ours), "bare": spread(bare), "environment": ENVIRONMENT},
        )
    ]
