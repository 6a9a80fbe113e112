"""The runbook of an alert as a resource: the file as people have left it, and nothing outside its folder."""

from pathlib import Path

import pytest
from mcp import MCPError

from tests.resources.test_live import text_at
from tests.support.mcp import deps_with, tool_client

pytestmark = pytest.mark.anyio


def _written(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("path", ["runbooks/Down.md", "shop/runbooks/Down.md"])
async def test_the_page_is_the_file_with_what_people_added(tmp_path: Path, path: str) -> None:
    _written(tmp_path, path, "# Runbook\n\nadded by\u202e hand\x1b[2J\n")
    async with tool_client(deps_with(output_root=tmp_path)) as client:
        assert await text_at(client, "sre://runbooks/Down") == "# Runbook\n\nadded by hand[2J\n"


@pytest.mark.parametrize("alert", ["Dow", "..%2F..%2Fsecret", "secret", "Down.md"])
async def test_another_name_is_answered_with_the_names_there_are(tmp_path: Path, alert: str) -> None:
    _written(tmp_path, "secret.md", "s3cret")
    _written(tmp_path, "root/runbooks/Down.md", "x")
    async with tool_client(deps_with(output_root=tmp_path / "root")) as client:
        with pytest.raises(MCPError) as caught:
            await text_at(client, f"sre://runbooks/{alert}")
    assert "s3cret" not in str(caught.value)


async def test_a_link_out_of_the_folder_is_no_runbook(tmp_path: Path) -> None:
    _written(tmp_path, "secret.md", "s3cret")
    (tmp_path / "root/runbooks").mkdir(parents=True)
    (tmp_path / "root/runbooks/Down.md").symlink_to(tmp_path / "secret.md")
    async with tool_client(deps_with(output_root=tmp_path / "root")) as client:
        with pytest.raises(MCPError, match="none yet"):
            await text_at(client, "sre://runbooks/Down")


async def test_without_an_output_folder_there_are_none() -> None:
    async with tool_client(deps_with()) as client:
        with pytest.raises(MCPError, match="generate_runbook"):
            await text_at(client, "sre://runbooks/Down")
