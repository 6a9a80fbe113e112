"""The official conformance suite against our wiring, and against the product as it is.

Our wiring must lose nothing of what the protocol allows: `fixture_server` is the product's server with the suite's
fixtures in it, and passes whole. The product lacks the fixtures, so it is held to reviewed lists of what may fail.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.suite import (
    EDITIONS,
    NEW_2025,
    NEW_2026,
    OLD_2025,
    Edition,
    edition_name,
    listed_scenarios,
    run_suite,
)
from tests.support.node import require_client
from tests.support.real_process import free_port
from tests.support.served import product_over_http, served

pytestmark = pytest.mark.node_client
HERE = Path(__file__).parent

# The suite of 2025 looks for events of 2025-11-25 in a request whose header says 2025-03-26, where they must not be.
MISTAKEN_WARNINGS = {OLD_2025: {"server-sse-priming-event", "server-sse-retry-field"}}
# Checks of `server-stateless` that call a fixture tool.
NEEDS_FIXTURE_TOOL = {"sep-2575-server-rejects-undeclared-capability", "sep-2575-missing-capability-http-400"}


def _fixture_server(*options: str) -> Iterator[str]:
    require_client("conformance-2026")
    port = free_port()
    with served([sys.executable, "-m", "tests.conformance.fixture_server", str(port), *options], port=port) as url:
        yield url


@pytest.fixture(scope="module")
def with_sessions() -> Iterator[str]:
    yield from _fixture_server("--sessions")


@pytest.fixture(scope="module")
def without_sessions() -> Iterator[str]:
    yield from _fixture_server()


@pytest.fixture(scope="module")
def product() -> Iterator[str]:
    require_client("conformance-2026")
    with product_over_http("--demo") as url:
        yield url


@pytest.mark.parametrize("edition", EDITIONS, ids=edition_name)
def test_our_wiring_passes_every_scenario(edition: Edition, with_sessions: str, tmp_path: Path) -> None:
    """Source: the suite's own verdict on every scenario it lists for the revision, warnings included."""
    verdict = run_suite(edition, with_sessions, tmp_path)
    assert verdict.failed == []
    assert {warning.split(": ")[1] for warning in verdict.warned} == MISTAKEN_WARNINGS.get(edition, set())
    assert verdict.command.exit_code == 0, verdict.command.output
    assert set(verdict.checks) == listed_scenarios(edition, tmp_path)


def test_our_wiring_without_sessions_passes_every_scenario_of_2026(without_sessions: str, tmp_path: Path) -> None:
    """Our choice: HTTP without sessions, which is what 2026-07-28 means by stateless."""
    verdict = run_suite(NEW_2026, without_sessions, tmp_path)
    assert (verdict.failed, verdict.warned) == ([], [])
    assert set(verdict.checks) == listed_scenarios(NEW_2026, tmp_path)


def test_our_wiring_without_sessions_lacks_only_requests_to_the_client(without_sessions: str, tmp_path: Path) -> None:
    """Known gap: an older client is never asked anything over HTTP, since its reply would need a session."""
    expected = HERE / "expected-failures-2025-11-25-without-sessions.yml"
    verdict = run_suite(NEW_2025, without_sessions, tmp_path, expected_failures=expected)
    assert verdict.command.exit_code == 0, verdict.command.output


@pytest.mark.parametrize("edition", EDITIONS, ids=edition_name)
def test_the_product_fails_only_what_is_on_the_reviewed_list(edition: Edition, product: str, tmp_path: Path) -> None:
    """Source: the suite, with lists whose every entry says why; it fails on stale entries too."""
    expected = HERE / f"expected-failures-{edition.version}.yml"
    verdict = run_suite(edition, product, tmp_path, expected_failures=expected)
    assert verdict.command.exit_code == 0, verdict.command.output
    assert set(verdict.checks) == listed_scenarios(edition, tmp_path)


@pytest.mark.parametrize("edition", [NEW_2025, NEW_2026], ids=edition_name)
def test_every_message_of_the_product_obeys_the_schema(edition: Edition, product: str, tmp_path: Path) -> None:
    """Source: the suite checks each message against the revision's JSON schema, also where the scenario may fail."""
    verdict = run_suite(edition, product, tmp_path)
    assert verdict.checks
    assert [failure for failure in verdict.failed if ": wire-schema-" in failure] == []
    stateless = {failure.split(": ")[1] for failure in verdict.failed if failure.startswith("server-stateless: ")}
    assert stateless <= NEEDS_FIXTURE_TOOL
