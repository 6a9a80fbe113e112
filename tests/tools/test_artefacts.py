"""Generated files: where they may go, and what is never done to the files of others."""

from pathlib import Path

import pytest

from sre.core.errors import ConfigError, InputError, RefusedError
from tests.support.mcp import deps_with
from tools.answer import HARD_LIMIT_CHARS
from tools.artefacts import Artefact, ArtefactAnswer, deliver

pytestmark = pytest.mark.anyio
FILES = (Artefact("rules/a.yml", "yaml", "groups: []\n"), Artefact("b.json", "json", "{}"))


async def _delivered(root: Path | None, output_dir: str, *, overwrite: bool = False, files=FILES) -> ArtefactAnswer:  # type: ignore[no-untyped-def]
    answer = ArtefactAnswer(summary="x")
    await deliver(answer, files, deps=deps_with(output_root=root), output_dir=output_dir, overwrite=overwrite)
    return answer


async def test_without_a_folder_the_content_is_in_the_answer() -> None:
    answer = await _delivered(None, "")
    assert [(file.path, file.content, file.is_written) for file in answer.files] == [
        ("rules/a.yml", "groups: []\n", False),
        ("b.json", "{}", False),
    ]


@pytest.mark.parametrize("output_dir", [".", "team/checkout", "./team"])
async def test_with_a_folder_they_are_written_and_only_paths_return(tmp_path: Path, output_dir: str) -> None:
    answer = await _delivered(tmp_path, output_dir)
    assert (tmp_path / output_dir / "rules" / "a.yml").read_text() == "groups: []\n"
    assert all(file.content is None and file.is_written for file in answer.files)
    assert [(tmp_path / file.path).is_file() for file in answer.files] == [True, True]


async def test_a_file_that_differs_is_not_touched_and_nothing_else_is_written(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text("mine")
    with pytest.raises(RefusedError, match=r"b\.json"):
        await _delivered(tmp_path, ".")
    assert [path.name for path in tmp_path.rglob("*")] == ["b.json"]
    assert (tmp_path / "b.json").read_text() == "mine"


async def test_the_same_content_is_no_obstacle_and_overwrite_replaces(tmp_path: Path) -> None:
    await _delivered(tmp_path, ".")
    await _delivered(tmp_path, ".")
    await _delivered(tmp_path, ".", overwrite=True, files=[Artefact("b.json", "json", "[1]")])
    assert (tmp_path / "b.json").read_text() == "[1]"
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a.yml", "b.json"]


@pytest.mark.parametrize("output_dir", ["..", "a/../../b", "/etc", "C:/x", "a\\..\\..", "~root/../..", "x\x00"])
async def test_a_folder_outside_is_refused(tmp_path: Path, output_dir: str) -> None:
    with pytest.raises(InputError):
        await _delivered(tmp_path / "root", output_dir)


async def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    (root / "b.json").symlink_to(outside / "b.json")
    with pytest.raises(InputError):
        await _delivered(root, "link")
    with pytest.raises(InputError):
        await _delivered(root, ".")
    assert list(outside.iterdir()) == []


async def test_without_an_output_folder_the_setting_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        await _delivered(None, ".")
    assert caught.value.setting == "SRE_MCP_OUTPUT_DIR"


async def test_a_folder_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("a file where a folder should be")
    with pytest.raises(RefusedError):
        await _delivered(tmp_path, ".")


async def test_what_is_too_long_to_show_is_named_and_the_answer_stays_within_its_limit() -> None:
    files = [Artefact(f"{index}.json", "json", '{"a": "b"}\n' * 1500) for index in range(4)]
    answer = await _delivered(None, "", files=[*files, *FILES])
    assert len(answer.model_dump_json()) < HARD_LIMIT_CHARS
    assert [file.path for file in answer.files] == [*(file.path for file in files), "rules/a.yml", "b.json"]
    assert [file.content is None for file in answer.files] == [False, True, True, True, False, False]
    assert "3.json" in answer.left_out[0]
