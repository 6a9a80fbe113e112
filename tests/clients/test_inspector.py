"""The MCP Inspector against the product: both transports, both eras of the protocol, its strict gate on schemas."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from prompts.registry import PROMPTS
from tests.clients.inspector import TOOL_SAID_NO, Inspector, write_servers
from tests.support.node import require_client
from tests.support.served import product_over_http, stdio_command
from tools.registry import TOOLS

pytestmark = pytest.mark.node_client
REVISIONS = {"legacy": "2025-11-25", "modern": "2026-07-28"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    require_client("inspector")
    path = tmp_path_factory.mktemp("inspector")
    with product_over_http("--demo") as url:
        write_servers(path, stdio=stdio_command("--demo"), http_url=url)
        yield path


@pytest.fixture(params=[("stdio", "legacy"), ("stdio", "modern"), ("http", "legacy"), ("http", "modern")], ids="-".join)
def inspector(request: pytest.FixtureRequest, folder: Path) -> Inspector:
    return Inspector(folder, *request.param)


def test_it_speaks_the_revision_of_its_era(inspector: Inspector) -> None:
    """Source: the revisions the two eras stand for."""
    greeting = inspector.result("initialize")
    assert greeting["protocolVersion"] == REVISIONS[inspector.era]
    assert greeting["serverInfo"]["name"] == "sre-mcp"


def test_every_tool_is_listed_with_a_schema_that_travels(inspector: Inspector) -> None:
    """Source: the Inspector's own gate on what clients and models are known to choke on."""
    listed = inspector.result("tools/list", "--strict")["tools"]
    assert [tool["name"] for tool in listed] == [spec.name for spec in TOOLS if not spec.needs_writes]
    assert all(tool["outputSchema"]["type"] == "object" for tool in listed)


def test_a_query_on_the_demo_world_is_answered(inspector: Inspector) -> None:
    """Our choice: text and structured content carry the same answer, since clients show one or the other."""
    done = inspector.call("query_prometheus", {"query": "sum by (job) (up)", "start": "now-1h"})
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)["result"]
    answer = result["structuredContent"]
    assert json.loads(result["content"][0]["text"]) == answer
    assert answer["summary"]
    assert answer["series_total"] == len(answer["series"]) > 0


def test_a_wrong_argument_is_an_error_that_names_the_right_ones(inspector: Inspector) -> None:
    """Our choice: unknown arguments are refused, where the SDK would drop them in silence."""
    done = inspector.call("query_prometheus", {"query": "up", "strat": "now-1h"})
    assert done.exit_code == TOOL_SAID_NO, done.output
    text = json.loads(done.stdout)["result"]["content"][0]["text"]
    assert '"strat"' in text
    assert "Did you mean start?" in text


def test_the_handbook_is_listed_and_read(inspector: Inspector) -> None:
    """Source: design, nine topics and an index."""
    listed = {resource["uri"] for resource in inspector.result("resources/list")["resources"]}
    assert {"sre://handbook", "sre://handbook/fundamentals", "sre://templates/postmortem"} <= listed
    page = inspector.result("resources/read", "--uri", "sre://handbook")["contents"][0]
    assert page["mimeType"] == "text/markdown"
    assert all(uri in page["text"] for uri in listed if uri.startswith("sre://handbook/"))


def test_a_prompt_is_listed_and_filled_in(inspector: Inspector) -> None:
    """Source: design, four personas and four workflows."""
    listed = {prompt["name"] for prompt in inspector.result("prompts/list")["prompts"]}
    assert listed == {spec.name for spec in PROMPTS}
    messages = inspector.result(
        "prompts/get", "--prompt-args", "service=checkout", "--prompt-name", "incident_responder"
    )["messages"]
    assert "checkout" in messages[0]["content"]["text"]


def test_many_calls_at_once_all_succeed(folder: Path) -> None:
    """Our choice: forty calls, ten at a time, none refused."""
    load = ("--load", "--load-requests", "40", "--load-concurrency", "10")
    arguments = json.dumps({"query": "up", "start": "now-15m"})
    done = Inspector(folder, "http", "modern").ask(
        "tools/call", "--tool-name", "query_prometheus", "--tool-args-json", arguments, *load
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)["result"]
    assert (report["ok"], report["toolErrors"], report["errors"]) == (40, 0, 0)
