"""Completion offers names that work, at most 100, within its time, and never an error."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import anyio
import pytest
from mcp.types import PromptReference, ResourceTemplateReference

import prompts.completions
from prompts.completions import MAX_VALUES, completion_values
from resources.catalogue import completion_choices
from server.deps import Deps
from sre.core.errors import UnavailableError
from sre.core.times import Window
from sre.metrics.model import SignalQueries
from tests.support.mcp import deps_with, tool_client

pytestmark = pytest.mark.anyio

END_OF_DATA = datetime(2026, 1, 31, 12, tzinfo=UTC)


class LabelsOnly:
    """The part of a metric source that completion uses."""

    kind = "snapshot"

    def __init__(self, values: Mapping[str, Sequence[str]], *, name: str = "prod") -> None:
        self.name = name
        self.values = values
        self.windows: list[Window] = []

    async def latest(self) -> datetime | None:
        return END_OF_DATA

    async def label_values(self, label: str, matchers: Sequence[str] = (), *, window: Window) -> tuple[str, ...]:
        self.windows.append(window)
        return tuple(self.values.get(label, ()))

    async def aclose(self) -> None:
        pass


class Failing(LabelsOnly):
    def __init__(self, error: Exception) -> None:
        super().__init__({})
        self.error = error

    async def label_values(self, label: str, matchers: Sequence[str] = (), *, window: Window) -> tuple[str, ...]:
        raise self.error


class SilentAboutJobs(LabelsOnly):
    async def label_values(self, label: str, matchers: Sequence[str] = (), *, window: Window) -> tuple[str, ...]:
        if label == "job":
            await anyio.sleep_forever()
        return await super().label_values(label, matchers, window=window)


def deps(*sources: LabelsOnly, **others: object) -> Deps:
    return deps_with(*sources, **others)  # type: ignore[arg-type]  # completion uses no more than this


async def offered(over: Deps, name: str, prefix: str = "", **others: object) -> list[str]:
    return await completion_values(over, argument_name=name, prefix=prefix, **others)  # type: ignore[arg-type]


async def test_services_come_from_the_service_label_then_from_jobs() -> None:
    """our choice."""
    source = LabelsOnly({"service": ["cart", "checkout"], "job": ["checkout", "node"]})
    assert await offered(deps(source), "service") == ["cart", "checkout", "node"]
    assert {window.end for window in source.windows} == {END_OF_DATA}


async def test_configured_services_are_offered_first_and_without_a_source_too() -> None:
    """our choice: a service with its own queries may have no label of its name."""
    services = {"billing": SignalQueries()}
    assert await offered(deps(LabelsOnly({"job": ["api"]}), services=services), "service") == ["billing", "api"]
    assert await offered(deps(services=services), "service") == ["billing"]


async def test_what_starts_with_the_prefix_comes_before_what_contains_it() -> None:
    """our choice."""
    source = LabelsOnly({"service": ["a-check", "Checkout", "cart"]})
    assert await offered(deps(source), "service", "check") == ["Checkout", "a-check"]


async def test_label_values_a_prompt_would_refuse_are_not_offered() -> None:
    """our choice: label values are outside text."""
    source = LabelsOnly({"service": ['x"}', "two words", "ok", "\x1b[31mred", "", "n" * 500, "`rm`"]})
    assert await offered(deps(source), "service") == ["ok"]


async def test_at_most_a_hundred_values() -> None:
    """source: MCP specification, completion/complete."""
    source = LabelsOnly({"service": [f"s{n:03}" for n in range(500)]})
    assert len(await offered(deps(source), "service")) == MAX_VALUES == 100


async def test_the_source_already_chosen_is_the_one_asked() -> None:
    """our choice."""
    one, two = LabelsOnly({"service": ["a"]}, name="one"), LabelsOnly({"service": ["b"]}, name="two")
    assert await offered(deps(one, two), "service", source="two") == ["b"]
    assert await offered(deps(one, two), "service", source="three") == []
    assert await offered(deps(one, two), "source") == ["one", "two"]


async def test_fixed_values_of_prompts_and_topics_of_the_handbook() -> None:
    """our choice."""
    choices = completion_choices()
    assert await offered(deps(), "topic", "perf", choices=choices) == ["performance"]
    assert await offered(deps(), "template", "post", choices=choices) == ["postmortem"]
    assert await offered(deps(), "severity") == ["P0", "P1", "P2", "P3"]
    assert await offered(deps(), "persona", "cap") == ["capacity_planner"]
    assert await offered(deps(), "no_such_argument", choices=choices) == []


@pytest.mark.parametrize(
    "error",
    [UnavailableError("down", system="prod"), OSError("socket"), ValueError("bug"), TimeoutError()],
    ids=lambda error: type(error).__name__,
)
async def test_a_failing_source_offers_nothing(error: Exception) -> None:
    """our choice: a form stays usable."""
    assert await offered(deps(Failing(error)), "service") == []


async def test_what_a_source_said_in_time_is_offered_and_the_rest_is_not_awaited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """our choice: two seconds, shortened here."""
    assert prompts.completions.TIME_LIMIT_SECONDS == 2.0
    monkeypatch.setattr(prompts.completions, "TIME_LIMIT_SECONDS", 0.05)
    with anyio.fail_after(10):
        assert await offered(deps(SilentAboutJobs({"service": ["cart"]})), "service") == ["cart"]


async def test_a_client_completes_topics_services_and_sources_on_the_product_server() -> None:
    """our choice: the server wires completion to its sources and to the handbook."""
    over = deps(LabelsOnly({"service": ["a"]}, name="one"), LabelsOnly({"service": ["b"]}, name="two"))
    topic = ResourceTemplateReference(type="ref/resource", uri="sre://handbook/{topic}")
    prompt = PromptReference(type="ref/prompt", name="respond_to_incident")
    async with tool_client(over) as client:
        topics = await client.complete(topic, {"name": "topic", "value": "chaos"})
        services = await client.complete(prompt, {"name": "service", "value": ""})
        chosen = await client.complete(prompt, {"name": "service", "value": ""}, context_arguments={"source": "two"})
        sources = await client.complete(prompt, {"name": "source", "value": "t"})
    assert topics.completion.values == ["chaos-engineering"]
    assert services.completion.values == ["a"]
    assert chosen.completion.values == ["b"]
    assert sources.completion.values == ["two"]
