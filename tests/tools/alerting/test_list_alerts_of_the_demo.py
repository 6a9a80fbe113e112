"""`list_alerts` on the demo world."""

import pytest

from connectors.demo import DemoSource
from tests.support.mcp import answer_of, deps_with, tool_client

pytestmark = pytest.mark.anyio


async def test_the_demo_has_alerts_of_its_own() -> None:
    """Source: docs/concepts/demo-world.md: a disk that is filling."""
    async with tool_client(deps_with(DemoSource())) as client:
        answer = await answer_of(client, "list_alerts")
    assert "DiskSpaceLow" in {row["alert"] for group in answer["groups"] for row in group["alerts"]}
    assert any(warning.startswith("Recorded data") for warning in answer["warnings"])
