"""The folder of SLOs: found by name, with everything unreadable said."""

from pathlib import Path

import pytest

from connectors.openslo.folder import Registry, SloFolder
from connectors.openslo.saving import SavedDocument
from sre.core.errors import ConfigError, InputError, RefusedError
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


async def test_a_missing_folder_is_an_empty_registry(tmp_path: Path) -> None:
    folder = SloFolder(tmp_path / "none")
    assert await folder.names() == ()
    assert await folder.load_all() == Registry((), ())
    with pytest.raises(InputError, match="among 0"):
        await folder.load("x")


async def test_an_empty_folder_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="among 0") as refused:
        await SloFolder(tmp_path).load("x")
    assert "OpenSLO v1" in refused.value.next_steps[0]


def named(name: str, text: str = GOOD) -> str:
    return text.replace("name: checkout-availability", f"name: {name}")


async def test_all_are_loaded_and_each_broken_one_says_why_and_where(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(named("a") + "---" + named("b"), encoding="utf-8")
    (tmp_path / "c.yaml").write_text(named("c", GOOD.replace("0.999", "7")), encoding="utf-8")
    (tmp_path / "d.yaml").write_text(named("d") + "---" + named("d"), encoding="utf-8")
    (tmp_path / "e.yaml").write_text("a: 1\na: 2\n", encoding="utf-8")
    (tmp_path / "f.yaml").write_text("apiVersion: openslo/v1\nkind: Slo\nmetadata: {name: f}\n", encoding="utf-8")
    (tmp_path / "kustomization.yaml").write_text("kind: Kustomization\nresources: [a.yaml]\n", encoding="utf-8")
    registry = await SloFolder(tmp_path).load_all()
    assert [(one.slo.name, one.file, one.is_own) for one in registry.slos] == [
        ("a", "a.yaml", True),
        ("b", "a.yaml", True),
    ]
    broken = {one.file: (one.name, one.problems[0]) for one in registry.broken}
    assert broken.keys() == {"c.yaml", "d.yaml", "e.yaml", "f.yaml"}
    assert broken["c.yaml"][0] == "c"
    assert "spec.objectives[0].target" in broken["c.yaml"][1]
    assert "2 documents have this name" in broken["d.yaml"][1]
    assert "twice" in broken["e.yaml"][1]
    assert "did you mean SLO?" in broken["f.yaml"][1]


async def test_hidden_copies_do_not_count(tmp_path: Path) -> None:
    """A mounted Kubernetes ConfigMap keeps its files in a hidden folder and links to them."""
    kept = tmp_path / "..2026_11_02"
    kept.mkdir()
    (kept / "slo.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "slo.yaml").symlink_to(kept / "slo.yaml")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "slo.yaml").write_text(GOOD, encoding="utf-8")
    assert (await SloFolder(tmp_path).load("checkout-availability")).objective_ratio == 0.999


async def test_a_second_folder_is_read_and_what_the_first_holds_wins(tmp_path: Path) -> None:
    own, demo = tmp_path / "own", tmp_path / "demo"
    own.mkdir()
    demo.mkdir()
    (demo / "a.yaml").write_text(named("a") + "---" + named("b"), encoding="utf-8")
    (own / "a.yaml").write_text(named("a", GOOD.replace("0.999", "0.9")), encoding="utf-8")
    registry = await SloFolder(own, also=demo).load_all()
    assert [(one.slo.name, one.slo.objective_ratio, one.is_own) for one in registry.slos] == [
        ("a", 0.9, True),
        ("b", 0.999, False),
    ]


async def test_the_text_of_a_document_is_as_it_was_written_and_nothing_beside_it(tmp_path: Path) -> None:
    first = "# Ask the shop's team first.\n" + named("a").lstrip()
    secret = "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: x}\nspec: {connectionDetails: {key: k}}\n"
    (tmp_path / "a.yaml").write_text(first + "--- # next\n" + secret + "---\n" + named("b"), encoding="utf-8")
    folder = SloFolder(tmp_path)
    assert await folder.document_text("a") == first
    assert "DataSource" not in await folder.document_text("b")
    with pytest.raises(InputError, match="no SLO named"):
        await folder.document_text("c")


async def test_a_new_slo_gets_a_file_of_its_own_and_the_folder_is_made(tmp_path: Path) -> None:
    folder = SloFolder(tmp_path / "new" / "slos")
    saved = await folder.save("checkout-availability", GOOD)
    assert saved == SavedDocument(tmp_path / "new" / "slos" / "checkout-availability.yaml", is_replaced=False)
    assert saved.path.read_text(encoding="utf-8") == GOOD
    assert [file.name for file in saved.path.parent.iterdir()] == ["checkout-availability.yaml"]


async def test_saving_the_same_again_changes_nothing(tmp_path: Path) -> None:
    folder = SloFolder(tmp_path)
    await folder.save("checkout-availability", GOOD)
    assert not (await folder.save("checkout-availability", GOOD)).is_changed


async def test_a_taken_name_is_replaced_only_when_asked_and_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "team" / "mine.yml"
    file.parent.mkdir()
    file.write_text(GOOD, encoding="utf-8")
    changed = GOOD.replace("0.999", "0.99")
    folder = SloFolder(tmp_path)
    with pytest.raises(RefusedError, match=r"mine\.yml") as refused:
        await folder.save("checkout-availability", changed)
    assert "overwrite=true" in refused.value.next_steps[0]
    saved = await folder.save("checkout-availability", changed, overwrite=True)
    assert (saved.path, saved.is_replaced) == (file.resolve(), True)
    assert file.read_text(encoding="utf-8") == changed
    assert not (tmp_path / "checkout-availability.yaml").exists()


async def test_a_broken_document_of_the_name_is_replaced_like_a_good_one(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(GOOD.replace("0.999", "7"), encoding="utf-8")
    await SloFolder(tmp_path).save("checkout-availability", GOOD, overwrite=True)
    assert (tmp_path / "x.yaml").read_text(encoding="utf-8") == GOOD


async def test_other_documents_of_a_file_and_their_comments_are_never_lost(tmp_path: Path) -> None:
    other = "# Keep me.\n" + named("other").lstrip()
    file = tmp_path / "both.yaml"
    file.write_text(GOOD.lstrip() + "---\n" + other, encoding="utf-8")
    folder = SloFolder(tmp_path)
    changed = GOOD.replace("0.999", "0.99").lstrip()
    with pytest.raises(RefusedError, match="1 more document"):
        await folder.save("checkout-availability", changed, overwrite=True)
    with pytest.raises(RefusedError, match="1 more document"):
        await folder.save("checkout-availability", changed + "---\n" + named("other"), overwrite=True)
    await folder.save("checkout-availability", changed + "---\n" + other, overwrite=True)
    assert (await folder.load("checkout-availability")).objective_ratio == 0.99


async def test_what_is_no_slo_of_this_name_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(named("b"), encoding="utf-8")
    (tmp_path / "c.yaml").write_text("not: [yaml", encoding="utf-8")
    for name in ("a", "c"):
        with pytest.raises(RefusedError, match="something else"):
            await SloFolder(tmp_path).save(name, named(name), overwrite=True)


@pytest.mark.parametrize("name", ["", "..", "../x", "/etc/x", "a/b", "A", "x\x00"])
async def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        await SloFolder(tmp_path).save(name, GOOD)


async def test_a_link_that_leads_out_is_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(GOOD, encoding="utf-8")
    (tmp_path / "slos").mkdir()
    (tmp_path / "slos" / "checkout-availability.yaml").symlink_to(outside)
    with pytest.raises(RefusedError, match="leads out"):
        await SloFolder(tmp_path / "slos").save("checkout-availability", GOOD.replace("0.999", "0.9"), overwrite=True)
    assert outside.read_text(encoding="utf-8") == GOOD


async def test_a_folder_that_cannot_be_written_is_the_operators_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        await SloFolder(tmp_path / "file" / "slos").save("checkout-availability", GOOD)
    assert refused.value.setting == "SRE_MCP_SLO_DIR"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
