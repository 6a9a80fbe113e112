"""The folder of SLOs: found by name, with everything unreadable said."""

from pathlib import Path

import pytest

from connectors.openslo.folder import SloFolder
from sre.core.errors import ConfigError, InputError
from tests.connectors.openslo.test_document import GOOD

pytestmark = pytest.mark.anyio


async def test_documents_are_found_below_the_folder_in_any_yaml_file_and_among_others(tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    other = "apiVersion: openslo/v1\nkind: Service\nmetadata: { name: checkout }\nspec: {}\n"
    (tmp_path / "team" / "slos.yml").write_text(other + "---" + GOOD, encoding="utf-8")
    folder = SloFolder(tmp_path)
    assert await folder.names() == ("checkout-availability",)
    assert (await folder.load("checkout-availability")).objective_ratio == 0.999


async def test_an_edit_counts_at_once(tmp_path: Path) -> None:
    file = tmp_path / "slo.yaml"
    file.write_text(GOOD, encoding="utf-8")
    folder = SloFolder(tmp_path)
    await folder.load("checkout-availability")
    file.write_text(GOOD.replace("0.999", "0.99"), encoding="utf-8")
    assert (await folder.load("checkout-availability")).objective_ratio == 0.99


async def test_an_unknown_name_gets_the_nearest_and_what_could_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("a: [", encoding="utf-8")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError) as refused:
        await SloFolder(tmp_path).load("checkout")
    assert refused.value.valid == ("checkout-availability",)
    assert [step.split('"')[1] for step in refused.value.next_steps] == ["bad.yaml", "binary.yaml"]


async def test_one_name_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD + "\n---\n" + GOOD, encoding="utf-8")
    with pytest.raises(InputError, match="Several"):
        await SloFolder(tmp_path).load("checkout-availability")


async def test_an_indicator_in_another_file_is_found(tmp_path: Path) -> None:
    indicator = GOOD.split("  indicator:\n")[1].split("  timeWindow:")[0]
    own = "apiVersion: openslo/v1\nkind: SLI\n" + indicator.replace("\n    ", "\n").replace(
        "    metadata", "metadata", 1
    )
    (tmp_path / "sli.yaml").write_text(own, encoding="utf-8")
    head, tail = GOOD.split("  indicator:\n")
    referring = head + "  indicatorRef: checkout-errors\n  timeWindow:" + tail.split("  timeWindow:")[1]
    (tmp_path / "slo.yaml").write_text(referring, encoding="utf-8")
    slo = await SloFolder(tmp_path).load("checkout-availability")
    assert slo.indicator.total == 'http_requests_total{service="checkout"}'


async def test_a_missing_folder_is_the_operators_to_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        await SloFolder(tmp_path / "none").load("x")


async def test_an_empty_folder_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="among 0") as refused:
        await SloFolder(tmp_path).load("x")
    assert "OpenSLO v1" in refused.value.next_steps[0]
