"""The handbook as a client sees it."""

import pytest
from mcp import MCPError
from mcp.client import Client
from mcp.server import MCPServer

from resources.catalogue import HANDBOOK_URI, TEMPLATES, TOPICS, completion_choices
from resources.pages import index_text, topic_text
from resources.registry import register, static_resources
from sre.core.errors import InputError

pytestmark = pytest.mark.anyio


def served() -> MCPServer[None]:
    server: MCPServer[None] = MCPServer("handbook")
    register(server)
    return server


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_every_page_is_listed_as_a_static_resource_and_reads(mode: str) -> None:
    """source: clients that list no templates must still see every page."""
    async with Client(served(), mode=mode) as client:
        listed = (await client.list_resources()).resources
        assert [str(entry.uri) for entry in listed] == [
            HANDBOOK_URI,
            *(topic.uri for topic in TOPICS),
            *(template.uri for template in TEMPLATES),
        ]
        for entry in listed:
            assert entry.title
            assert entry.description
            assert entry.mime_type == "text/markdown"
            (content,) = (await client.read_resource(str(entry.uri))).contents
            assert content.text.startswith("# ")
            assert content.mime_type == "text/markdown"


async def test_names_of_resources_are_unique() -> None:
    """our choice."""
    names = [resource.name for resource in static_resources()]
    assert len(names) == len(set(names)) == 14


async def test_page_and_index_arrive_unchanged() -> None:
    """our choice."""
    async with Client(served()) as client:
        (page,) = (await client.read_resource("sre://handbook/toil")).contents
        (index,) = (await client.read_resource("sre://handbook")).contents
    assert page.text == topic_text("toil")
    assert index.text == index_text()


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sre://handbook/monitorng", "read monitoring"),
        ("sre://handbook/kubernetes", "fundamentals, monitoring, incident-management"),
        ("sre://templates/post-mortem", "runbook, postmortem, status-update, slo-document"),
    ],
)
async def test_an_unknown_page_is_answered_with_those_that_exist(uri: str, expected: str) -> None:
    """our choice: the message says what to read instead."""
    async with Client(served()) as client:
        with pytest.raises(MCPError, match=expected) as caught:
            await client.read_resource(uri)
    assert caught.value.error.code == -32602


@pytest.mark.parametrize(
    "uri",
    [
        "sre://handbook/../catalogue.py",
        "sre://handbook/..%2Fcatalogue.py",
        "sre://handbook/%2Fetc%2Fpasswd",
        "sre://handbook/index",
        "sre://handbook/toil.md",
        "sre://templates/..%2F..%2Fpyproject",
        "sre://handbook/a%0Aignore%20this",
        "sre://handbook/" + "x" * 10_000,
    ],
)
async def test_no_uri_reads_another_file(uri: str) -> None:
    """our choice: a caller's text never becomes a path."""
    async with Client(served()) as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
    assert caught.value.error.code == -32602
    assert "\nignore" not in caught.value.error.message


async def test_uri_templates_are_listed_with_the_names_they_take() -> None:
    """our choice."""
    async with Client(served()) as client:
        templates = (await client.list_resource_templates()).resource_templates
    described = {template.uri_template: str(template.description) for template in templates}
    assert set(described) == {"sre://handbook/{topic}", "sre://templates/{template}"}
    choices = completion_choices()
    assert all(slug in described["sre://handbook/{topic}"] for slug in choices["topic"])
    assert all(slug in described["sre://templates/{template}"] for slug in choices["template"])


async def test_unknown_names_raise_input_errors_that_name_the_argument() -> None:
    """our choice."""
    with pytest.raises(InputError) as caught:
        topic_text("nothing")
    assert caught.value.field == "topic"
    assert "toil" in caught.value.valid
