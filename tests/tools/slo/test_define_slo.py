"""`define_slo` through the client: from a service, a histogram, counters or a document; checked, then saved."""

from pathlib import Path
from typing import Any

import pytest

from connectors.base import MetricSource
from connectors.demo import DemoSource
from connectors.openslo.document import slo_from_text
from connectors.snapshot import RecordedSource
from sre.core.slo.model import RatioIndicator
from sre.core.telemetry import MetricMetadata
from tests.connectors.openslo.test_document import GOOD
from tests.support.hand_built import series, source_of
from tests.support.mcp import answer_of, deps_with, error_of, tool_client

pytestmark = pytest.mark.anyio

TOOL = "define_slo"
# Two hours, once a minute.
MINUTES = 120


@pytest.fixture(scope="module")
def demo() -> DemoSource:
    return DemoSource()


async def defined(folder: Path, *sources: MetricSource, **arguments: Any) -> dict[str, Any]:
    async with tool_client(deps_with(*sources, slo_folder=folder)) as client:
        return await answer_of(client, TOOL, **arguments)


async def refused(folder: Path, *sources: MetricSource, **arguments: Any) -> str:
    async with tool_client(deps_with(*sources, slo_folder=folder)) as client:
        return await error_of(client, TOOL, **arguments)


def growing(name: str, per_minute: float, **labels: str) -> Any:
    values = [per_minute * minute for minute in range(MINUTES + 1)]
    return series({"__name__": name, **labels}, values, every_seconds=60.0)


def checks(answer: dict[str, Any]) -> dict[str, bool | None]:
    return {check["name"]: check["ok"] for check in answer["checks"]}


async def test_a_service_and_a_number_are_enough(tmp_path: Path, demo: DemoSource) -> None:
    """The demo's truth: 18,651 of 10,058,488 requests failed, so 99.9 % is broken by 85 %."""
    answer = await defined(tmp_path, demo, service="checkout", objective=0.999, window="30d")
    slo = slo_from_text((tmp_path / "checkout-availability.yaml").read_text(encoding="utf-8"))
    assert slo.indicator == RatioIndicator(
        bad='http_requests_total{service="checkout",code=~"5.."}', total='http_requests_total{service="checkout"}'
    )
    assert (slo.service, slo.objective_ratio) == ("checkout", 0.999)
    assert "Prometheus HTTP counter" in answer["convention"]
    assert set(checks(answer).values()) == {True}
    assert answer["standing"]["bad_events"] == pytest.approx(18_651, rel=1e-3)
    assert answer["standing"]["remaining_ratio"] == pytest.approx(-0.854, abs=2e-3)
    assert any("broken already" in warning for warning in answer["warnings"])
    assert answer["saved_to"] == str(tmp_path / "checkout-availability.yaml")
    assert answer["summary"].startswith("checkout-availability: 99.9 % over 30d. Saved.")


async def test_a_threshold_makes_a_latency_slo_of_any_bucket_spelling(tmp_path: Path) -> None:
    """By hand: 95 of 100 requests a minute end in the bucket; one pod spells it 0.2, the other 2e-1."""
    store = source_of(
        [
            growing("http_request_duration_seconds_bucket", 57.0, service="a", pod="1", le="0.2"),
            growing("http_request_duration_seconds_bucket", 38.0, service="a", pod="2", le="2e-1"),
            growing("http_request_duration_seconds_bucket", 60.0, service="a", pod="1", le="+Inf"),
            growing("http_request_duration_seconds_bucket", 40.0, service="a", pod="2", le="+Inf"),
            growing("http_request_duration_seconds_count", 60.0, service="a", pod="1"),
            growing("http_request_duration_seconds_count", 40.0, service="a", pod="2"),
        ]
    )
    answer = await defined(tmp_path, store, service="a", objective=0.9, threshold_seconds=0.2, window="1h")
    assert answer["standing"]["sli_ratio"] == pytest.approx(0.95, abs=1e-6)
    assert answer["standing"]["remaining_ratio"] == pytest.approx(0.5, abs=1e-4)
    assert answer["slo"]["name"] == "a-latency"


async def test_a_histogram_in_milliseconds_takes_seconds_and_lists_seconds(tmp_path: Path) -> None:
    store = source_of(
        [
            growing("rpc_server_duration_milliseconds_bucket", 9.0, job="a", le="250"),
            growing("rpc_server_duration_milliseconds_bucket", 10.0, job="a", le="+Inf"),
            growing("rpc_server_duration_milliseconds_count", 10.0, job="a"),
        ]
    )
    wanted = {"latency_metric": "rpc_server_duration_milliseconds", "service": "a", "objective": 0.8, "window": "1h"}
    answer = await defined(tmp_path, store, threshold_seconds=0.25, **wanted)
    assert answer["standing"]["sli_ratio"] == pytest.approx(0.9, abs=1e-6)
    assert 'rpc_server_duration_milliseconds_count{job="a"}' in answer["files"][0]["content"]
    error = await refused(tmp_path, store, threshold_seconds=0.3, **wanted)
    assert "Valid: 0.25" in error


async def test_a_threshold_between_buckets_is_refused_with_the_real_bounds(tmp_path: Path, demo: DemoSource) -> None:
    error = await refused(tmp_path, demo, service="catalog", objective=0.95, threshold_seconds=0.22)
    assert "0.15, 0.2, 0.25, 0.3" in error
    assert "0.2 or 0.25" in error
    assert not list(tmp_path.iterdir())


async def test_groups_each_have_a_budget(tmp_path: Path, demo: DemoSource) -> None:
    answer = await defined(tmp_path, demo, service="web", objective=0.998, window="28d", group_by="handler")
    assert answer["standing"]["group_count"] == 4
    assert answer["standing"]["worst_group"] == {"handler": "/checkout"}
    assert "for each handler" in answer["summary"]


async def test_a_document_is_saved_as_it_was_written_comments_and_all(tmp_path: Path, demo: DemoSource) -> None:
    text = "# Agreed with the shop's team.\n" + GOOD.lstrip()
    answer = await defined(tmp_path, demo, document=text)
    assert (tmp_path / "checkout-availability.yaml").read_text(encoding="utf-8") == text
    assert any("not configured here" in warning for warning in answer["warnings"]), "it names the source main"


async def test_a_dry_run_writes_nothing(tmp_path: Path, demo: DemoSource) -> None:
    answer = await defined(tmp_path / "none", demo, service="checkout", objective=0.99, dry_run=True)
    assert "Not saved" in answer["summary"]
    assert answer["saved_to"] is None
    assert not (tmp_path / "none").exists()


async def test_a_taken_name_is_asked_about_and_the_same_text_again_is_fine(tmp_path: Path, demo: DemoSource) -> None:
    first = {"service": "checkout", "objective": 0.999, "window": "7d"}
    await defined(tmp_path, demo, **first)
    assert "unchanged" in (await defined(tmp_path, demo, **first))["summary"]
    changed = {**first, "objective": 0.99}
    assert "overwrite=true" in await refused(tmp_path, demo, **changed)
    assert "in place of the former" in (await defined(tmp_path, demo, **changed, overwrite=True))["summary"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "Pass document, or objective"),
        ({"objective": 0.99}, "Pass document, or service"),
        ({"objective": 99.9, "service": "checkout"}, "pass 0.999"),
        ({"objective": 0.99, "good": "a_total", "name": "a"}, "Pass two of"),
        ({"objective": 0.99, "good": "a_total", "bad": "b_total"}, "Pass name"),
        ({"objective": 0.99, "good": "a_total", "total": "b_total", "threshold_seconds": 1}, "not both"),
        ({"objective": 0.99, "latency_metric": "a_seconds"}, "needs threshold_seconds"),
        ({"objective": 0.99, "latency_metric": "sum(a)", "threshold_seconds": 1}, "selector"),
        ({"objective": 0.99, "latency_metric": "nope_seconds", "threshold_seconds": 1, "name": "a"}, "no buckets"),
        (
            {"objective": 0.99, "latency_metric": "up", "service": "x", "threshold_seconds": 1},
            "no buckets of a service",
        ),
        ({"objective": 0.99, "service": "chekout"}, 'Nearest that exist: "checkout"'),
        ({"objective": 0.99, "service": "checkout", "window": "1x"}, "window"),
        ({"objective": 0.99, "service": "checkout", "name": "Not A Name"}, "DNS name"),
        ({"objective": 0.99, "service": "checkout", "group_by": "le"}, "rules set themselves"),
        ({"objective": 0.99, "bad": "rate(a[5m])", "total": "b_total", "name": "a"}, "cannot be counted"),
        ({"document": GOOD, "objective": 0.99}, "document already says objective"),
        ({"document": GOOD.replace("0.999", "7")}, "spec.objectives[0].target"),
    ],
)
async def test_what_cannot_be_an_slo_is_refused_and_nothing_is_saved(
    tmp_path: Path, demo: DemoSource, arguments: dict[str, Any], said: str
) -> None:
    assert said in await refused(tmp_path, demo, **arguments)
    assert not list(tmp_path.iterdir())


def requests(**metadata: str) -> RecordedSource:
    kinds: Any = {name: MetricMetadata(type=kind) for name, kind in metadata.items()}  # type: ignore[arg-type]
    return source_of([growing("jobs", 10.0, job="a"), growing("jobs_done_total", 9.0, job="a")], metadata=kinds)


async def test_a_gauge_is_no_counter(tmp_path: Path) -> None:
    answer = await defined(
        tmp_path, requests(jobs="gauge"), name="a", objective=0.5, window="1h", good="jobs_done_total", total="jobs"
    )
    assert checks(answer)["counters"] is False
    assert "cannot be measured as it is: jobs is a gauge" in answer["summary"]


async def test_a_name_that_does_not_exist_is_said_with_the_nearest(tmp_path: Path) -> None:
    answer = await defined(
        tmp_path, requests(), name="a", objective=0.5, window="1h", good="jobs_done", total="jobs_done_total"
    )
    assert checks(answer)["series"] is False
    assert '"jobs_done_total"' in next(check["detail"] for check in answer["checks"] if check["name"] == "series")


async def test_a_failure_that_never_happened_counts_as_none(tmp_path: Path) -> None:
    answer = await defined(
        tmp_path, requests(), name="a", objective=0.5, window="1h", bad="jobs_failed_total", total="jobs_done_total"
    )
    assert checks(answer)["series"] is True
    assert answer["standing"]["sli_ratio"] == 1


async def test_a_service_scraped_once_is_too_young_to_count_and_that_is_no_fault(tmp_path: Path) -> None:
    """Source: Prometheus documentation, increase(): it takes two samples in the range."""
    name = {"__name__": "http_requests_total", "service": "new", "code": "200"}
    born = await defined(tmp_path, source_of([series(name, [5.0])]), service="new", objective=0.999)
    assert checks(born) == {"document": True, "queries": True, "series": True, "counters": True, "measured": None}
    assert "its counters have one sample each so far" in born["summary"]
    assert "cannot be measured" not in born["summary"]
    assert not any("no such series" in warning for warning in born["warnings"])
    idle = await defined(tmp_path, source_of([series(name, [5.0, 5.0])]), service="new", objective=0.999)
    assert checks(idle)["measured"] is False
    assert "Nothing was counted in 30d" in idle["summary"]


async def test_without_a_source_an_slo_of_counters_is_saved_unchecked(tmp_path: Path) -> None:
    answer = await defined(tmp_path, name="a", objective=0.9, bad="b_total", total="t_total")
    assert (tmp_path / "a.yaml").exists()
    assert any("nothing could be checked" in warning for warning in answer["warnings"])
    assert "PROMETHEUS_URL" in await refused(tmp_path, service="a", objective=0.9)


async def test_without_a_folder_the_operator_is_told_what_to_set() -> None:
    async with tool_client(deps_with()) as client:
        assert "SRE_MCP_SLO_DIR" in await error_of(client, TOOL, document=GOOD)
