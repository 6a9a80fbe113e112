"""Documents cannot go stale: generated pages equal the code, and every setting is explained."""

from pathlib import Path

import pytest

from server import catalogue
from server.environment import ENVIRONMENT_VARIABLES
from tests.support.reference import FOLDER, pages
from tools.registry import TOOLS

PAGES = ("tools.md", "resources-and-prompts.md", "errors.md", "settings.md")


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return pages()


@pytest.mark.parametrize("name", PAGES)
def test_the_generated_reference_is_up_to_date(name: str, generated: dict[str, str]) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == generated[name], "run `make docs`"


def test_the_catalogue_that_clients_are_told_is_up_to_date() -> None:
    assert catalogue.FILE.read_text(encoding="utf-8") == catalogue.catalogue_json(TOOLS), "run `make docs`"


def test_no_generated_page_is_forgotten(generated: dict[str, str]) -> None:
    assert set(generated) == set(PAGES) == {path.name for path in FOLDER.glob("*.md")}


def test_every_environment_variable_is_explained() -> None:
    page = Path("docs/configuration.md").read_text(encoding="utf-8")
    assert [name for name in ENVIRONMENT_VARIABLES if f"`{name}`" not in page] == []
