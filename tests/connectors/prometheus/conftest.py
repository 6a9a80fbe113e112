"""The same samples in a fake and in a real Prometheus."""

from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from connectors.prometheus.fake import FakePrometheus
from sre.core.labels import Labels
from sre.core.series import Samples
from tests.support.real_prometheus import running_prometheus

START_MS = 1_700_000_100_000
STEP_MS = 60_000
COUNT = 61


def world() -> list[Samples]:
    """One hour of a counter of two jobs, and a gauge with NaN and both infinities that ends after half an hour."""
    times = START_MS + STEP_MS * np.arange(COUNT, dtype=np.int64)
    gauge = np.linspace(-1.0, 2.0, 31)
    gauge[[3, 4, 5]] = np.nan, np.inf, -np.inf
    return [
        Samples(Labels({"__name__": "http_requests_total", "job": "api"}), times, 6.0 * np.arange(COUNT)),
        Samples(Labels({"__name__": "http_requests_total", "job": "web"}), times, 60.0 * np.arange(COUNT)),
        Samples(Labels({"__name__": "queue_length", "job": "api", "zone": 'ü\n"x\\'}), times[:31], gauge),
    ]


@pytest.fixture(scope="session")
def real_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    file = tmp_path_factory.mktemp("world") / "world.om"
    file.write_text(openmetrics(world()), encoding="utf-8")
    with running_prometheus(openmetrics_path=file) as url:
        yield url


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real_prometheus)])
async def source(request: pytest.FixtureRequest) -> AsyncIterator[PrometheusClient]:
    if request.param == "fake":
        client = PrometheusClient(Endpoint("http://fake.invalid"), transport=FakePrometheus(world()).transport())
    else:
        client = PrometheusClient(Endpoint(request.getfixturevalue("real_url")))
    yield client
    await client.aclose()


def openmetrics(series: list[Samples]) -> str:
    """Return the samples as OpenMetrics text, the families together."""
    lines: list[str] = []
    for one in series:
        family = one.labels.metric.removesuffix("_total")
        kind = "counter" if one.labels.metric.endswith("_total") else "gauge"
        header = f"# TYPE {family} {kind}"
        if header not in lines:
            lines.append(header)
        # OpenMetrics wants no space after the comma between labels.
        selector = str(one.labels).replace('", ', '",')
        for at, value in zip(one.timestamps_ms, one.values, strict=True):
            spelt = "NaN" if np.isnan(value) else str(value).replace("inf", "Inf")
            lines.append(f"{selector} {spelt} {at / 1000:.3f}")
    return "\n".join([*lines, "# EOF", ""])
