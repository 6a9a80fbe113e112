"""What the tools cost a client before any is called: names, descriptions and input schemas."""

import json

from mcp.client import Client

from bench.row import Row
from server.app import SystemClock, build
from server.deps import Deps, Sources

MOST_BYTES_A_TOOL = 1200
MOST_BYTES = 30_000


async def rows() -> list[Row]:
    """Measure the list as clients get it, output schemas and hints left out: clients keep those from models."""
    async with Client(build(Deps(sources=Sources(), clock=SystemClock()))) as client:
        tools = (await client.list_tools()).tools
    sizes = {tool.name: _bytes_of(tool.name, tool.description or "", tool.input_schema) for tool in tools}
    largest = max(sizes, key=lambda name: sizes[name])
    return [
        Row(
            f"Bytes of the largest tool's name, description and input schema ({largest})",
            ours=sizes[largest],
            unit="bytes",
            limit=MOST_BYTES_A_TOOL,
            detail={"bytes": sizes},
        ),
        Row(
            f"The same of all {len(sizes)} tools",
            ours=sum(sizes.values()),
            unit="bytes",
            limit=min(MOST_BYTES, MOST_BYTES_A_TOOL * len(sizes)),
        ),
    ]


def _bytes_of(name: str, description: str, schema: dict[str, object]) -> int:
    return len((name + description + json.dumps(schema, ensure_ascii=False, separators=(",", ":"))).encode())
