"""What a `MetricSource` over the Prometheus API answers: the fake and a real Prometheus are asked the same."""

from datetime import UTC, datetime

import numpy as np
import pytest

from connectors.http import Endpoint
from connectors.prometheus import PrometheusClient
from sre.core.errors import InputError, RefusedError
from sre.core.labels import Labels
from sre.core.series import SeriesSet
from sre.core.times import Duration, Window, instant_from_ms

pytestmark = pytest.mark.anyio

START_MS = 1_700_000_100_000
START = instant_from_ms(START_MS)
END = instant_from_ms(START_MS + 3_600_000)
HOUR = Window(START, END)
API = Labels({"__name__": "http_requests_total", "job": "api"})
WEB = Labels({"__name__": "http_requests_total", "job": "web"})
QUEUE = Labels({"__name__": "queue_length", "job": "api", "zone": 'ü\n"x\\'})


def rows(series: SeriesSet) -> dict[Labels, list[float | None]]:
    """Return the values by label set, None where there is none."""
    return {
        labels: [float(value) if there else None for value, there in zip(values, present, strict=True)]
        for labels, values, present in zip(series.labels, series.values, series.present, strict=True)
    }


async def test_an_instant_vector_has_labels_and_values(source: PrometheusClient) -> None:
    """Source: the data itself: the counters grow by 6 and 60 a minute."""
    result = await source.instant_query("http_requests_total", at=END)
    assert result.kind == "vector"
    assert dict(zip(result.labels, result.values, strict=True)) == {API: 360.0, WEB: 3600.0}
    assert result.at_ms == START_MS + 3_600_000


async def test_a_rate_is_per_second(source: PrometheusClient) -> None:
    """Source: the data itself: 60 a minute is 1 a second."""
    result = await source.instant_query("sum by (job) (rate(http_requests_total[5m]))", at=END)
    assert dict(zip(result.labels, result.values, strict=True)) == pytest.approx(
        {Labels({"job": "api"}): 0.1, Labels({"job": "web"}): 1.0}
    )


@pytest.mark.parametrize(
    ("query", "value"),
    [("1 + 1", 2.0), ("-Inf", -np.inf), ("scalar(sum(http_requests_total))", 3960.0), ("time()", 1_700_003_700.0)],
)
async def test_a_scalar_is_one_value(source: PrometheusClient, query: str, value: float) -> None:
    """Source: Prometheus HTTP API, "Scalars"."""
    result = await source.instant_query(query, at=END)
    assert (result.kind, result.values.tolist(), result.labels) == ("scalar", [value], ())


async def test_a_string_is_text(source: PrometheusClient) -> None:
    """Source: Prometheus HTTP API, "Strings"."""
    result = await source.instant_query('"how\\nare you"', at=END)
    assert (result.kind, result.text) == ("string", "how\nare you")


async def test_a_range_selector_gives_raw_samples(source: PrometheusClient) -> None:
    """Source: the data itself; Prometheus 2 counts both ends of the range."""
    result = await source.instant_query('http_requests_total{job="api"}[2m]', at=END)
    assert result.kind == "matrix"
    (samples,) = result.samples
    assert samples.labels == API
    assert samples.timestamps_ms.tolist() == [START_MS + 60_000 * minute for minute in (58, 59, 60)]
    assert samples.values.tolist() == [348.0, 354.0, 360.0]


@pytest.mark.parametrize(("minute", "value"), [(3, np.nan), (4, np.inf), (5, -np.inf)])
async def test_nan_and_infinities_come_through(source: PrometheusClient, minute: int, value: float) -> None:
    """Source: Prometheus HTTP API: such values are the words NaN, +Inf, -Inf."""
    result = await source.instant_query("queue_length", at=instant_from_ms(START_MS + 60_000 * minute))
    assert result.labels == (QUEUE,)
    np.testing.assert_array_equal(result.values, [value])


async def test_nothing_found_is_an_empty_vector(source: PrometheusClient) -> None:
    """Source: Prometheus HTTP API."""
    result = await source.instant_query("no_such_metric", at=END)
    assert (result.kind, result.labels, result.values.size) == ("vector", (), 0)


async def test_a_range_query_is_dense_on_the_grid_asked_for(source: PrometheusClient) -> None:
    """Source: the data itself: the gauge ends after 30 minutes and is looked back at for less than 5 more."""
    result = await source.range_query('{job="api"}', window=HOUR, step=Duration(600))
    assert (result.series.grid.start_ms, result.series.grid.step_ms, result.series.grid.count) == (START_MS, 600_000, 7)
    found = rows(result.series)
    assert found[API] == [0.0, 60.0, 120.0, 180.0, 240.0, 300.0, 360.0]
    assert found[QUEUE] == [-1.0, 0.0, 1.0, 2.0, None, None, None]
    assert result.series.values.shape == (2, 7)
    assert np.isnan(result.series.values[~result.series.present]).all()


async def test_a_present_nan_differs_from_a_gap(source: PrometheusClient) -> None:
    """Source: `SeriesSet` in sre/core/series.py."""
    window = Window(instant_from_ms(START_MS + 180_000), instant_from_ms(START_MS + 300_000))
    result = await source.range_query("queue_length", window=window, step=Duration(60))
    np.testing.assert_array_equal(result.series.values, [[np.nan, np.inf, -np.inf]])
    assert result.series.present.all()


async def test_a_scalar_over_time_is_a_series_without_labels(source: PrometheusClient) -> None:
    """Source: Prometheus evaluates a scalar as a matrix of one series in a range query."""
    result = await source.range_query("time()", window=HOUR, step=Duration(1800))
    assert rows(result.series) == {Labels(): [1_700_000_100.0, 1_700_001_900.0, 1_700_003_700.0]}


async def test_the_step_is_chosen_so_that_about_250_points_come(source: PrometheusClient) -> None:
    """Source: connectors/base.py: an hour gives steps of 15 s, 241 points."""
    result = await source.range_query("vector(1)", window=HOUR)
    assert (result.series.grid.step_ms, result.series.grid.count) == (15_000, 241)
    assert result.series.point_count == 241


async def test_a_window_too_long_for_one_request_is_asked_in_pieces_and_joined(source: PrometheusClient) -> None:
    """Source: Prometheus refuses more than 11,000 points a series; one day in steps of 5 s has 17,281."""
    window = Window(instant_from_ms(START_MS - 82_800_000), END)
    result = await source.range_query("time()", window=window, step=Duration(5))
    times = result.series.grid.times_ms()
    assert times.size == 17_281
    assert result.series.present.all()
    np.testing.assert_array_equal(result.series.values[0], times / 1000)


async def test_pieces_line_up_series_that_live_in_one_of_them_only(source: PrometheusClient) -> None:
    """Our choice: steps of 0.25 s give 14,401 points; the gauge lives for half of them."""
    result = await source.range_query('{job=~"api|web"}', window=HOUR, step=Duration(0.25))
    found = dict(zip(result.series.labels, result.series.present.sum(axis=1).tolist(), strict=True))
    # The last sample is looked back at for five minutes; Prometheus 2 counts the far end too.
    assert found == {API: 14_401, WEB: 14_401, QUEUE: 4 * (30 + 5) * 60 + 1}


async def test_samples_read_are_told(source: PrometheusClient) -> None:
    """Source: Prometheus HTTP API, `stats`; the exact count differs between engines."""
    assert (await source.instant_query("http_requests_total", at=END)).samples_read
    assert (await source.range_query("http_requests_total", window=HOUR)).samples_read


@pytest.mark.real_prometheus
async def test_samples_read_are_added_up_over_pieces(real_url: str) -> None:
    """Source: Prometheus counts one sample a step for an instant selector."""
    source = PrometheusClient(Endpoint(real_url))
    result = await source.range_query('http_requests_total{job="api"}', window=HOUR, step=Duration(0.25))
    await source.aclose()
    assert result.samples_read == 14_401


@pytest.mark.parametrize("query", ["up{", "sum(", "", "rate(up)", "no_such_function(up)", "up[5m"])
async def test_promql_that_does_not_parse_is_the_callers_to_mend(source: PrometheusClient, query: str) -> None:
    """Source: connectors/base.py."""
    with pytest.raises(InputError) as caught:
        await source.instant_query(query, at=END)
    assert caught.value.field == "query"
    with pytest.raises(InputError):
        await source.range_query(query, window=HOUR)


@pytest.mark.parametrize("query", ["http_requests_total[5m]", '"text"'])
async def test_what_cannot_be_drawn_over_time_is_the_callers_to_mend(source: PrometheusClient, query: str) -> None:
    """Source: Prometheus HTTP API, range queries take scalars and instant vectors."""
    with pytest.raises(InputError):
        await source.range_query(query, window=HOUR)


async def test_vectors_that_do_not_match_are_the_callers_to_mend(source: PrometheusClient) -> None:
    """Source: Prometheus answers 422 execution; the query says the wrong thing all the same."""
    with pytest.raises(InputError):
        await source.instant_query("http_requests_total * on () http_requests_total", at=END)


async def test_steps_without_end_are_refused_with_a_step_that_works(source: PrometheusClient) -> None:
    """Our choice."""
    with pytest.raises(RefusedError) as caught:
        await source.range_query("up", window=HOUR, step=Duration(0.001))
    assert "step of" in caught.value.next_steps[0]


async def test_ends_of_the_request_are_not_moved_by_pieces(source: PrometheusClient) -> None:
    """Source: Prometheus, "@ modifier": start() and end() are those of the request."""
    with pytest.raises(RefusedError, match="@ start"):
        await source.range_query("http_requests_total @ end()", window=HOUR, step=Duration(0.25))
    whole = await source.range_query("http_requests_total @ end()", window=HOUR)
    assert {values[0] for values in rows(whole.series).values()} == {360.0, 3600.0}


async def test_series_are_found_by_selectors(source: PrometheusClient) -> None:
    """Source: Prometheus HTTP API, "Finding series by label matchers"."""
    found = await source.series(["http_requests_total", 'queue_length{zone!=""}'], window=HOUR)
    assert set(found) == {API, WEB, QUEUE}
    assert len(await source.series(['{job=~".+"}'], window=HOUR, limit=2)) == 2


async def test_series_outside_the_window_are_not_found(source: PrometheusClient) -> None:
    """Source: the data itself."""
    assert await source.series(["up"], window=Window(datetime(2020, 1, 1, tzinfo=UTC), START)) == ()


async def test_label_names_and_values_are_sorted(source: PrometheusClient) -> None:
    """Source: connectors/base.py."""
    assert await source.label_names(window=HOUR) == ("__name__", "job", "zone")
    assert await source.label_names(["http_requests_total"], window=HOUR) == ("__name__", "job")
    assert await source.label_values("job", window=HOUR) == ("api", "web")
    assert await source.label_values("job", ["queue_length"], window=HOUR) == ("api",)
    assert await source.label_values("__name__", window=HOUR) == ("http_requests_total", "queue_length")
    assert await source.label_values("zone", window=HOUR) == ('ü\n"x\\',)


@pytest.mark.parametrize("matchers", [["{"], ["up", "sum(up)"]])
async def test_a_selector_that_does_not_parse_is_the_callers_to_mend(
    source: PrometheusClient, matchers: list[str]
) -> None:
    """Source: connectors/base.py."""
    with pytest.raises(InputError):
        await source.series(matchers, window=HOUR)


async def test_no_selector_at_all_is_the_callers_to_mend(source: PrometheusClient) -> None:
    """Source: Prometheus HTTP API: at least one is needed."""
    with pytest.raises(InputError):
        await source.series([], window=HOUR)


async def test_a_very_long_query_arrives_whole(source: PrometheusClient) -> None:
    """Source: issue 2, GET/POST by length."""
    query = 'http_requests_total{job="web",' + ",".join(f'job!="nobody{number}"' for number in range(800)) + "}"
    assert len(query) > 10_000
    assert (await source.instant_query(query, at=END)).values.tolist() == [3600.0]


async def test_it_says_what_it_is(source: PrometheusClient) -> None:
    """Source: Prometheus HTTP API, build information."""
    info = await source.build_info()
    assert info.product == "prometheus"
    assert info.version.startswith("2.")
    assert (source.kind, await source.latest(), await source.coverage()) == ("prometheus", None, None)


async def test_there_is_no_metadata_without_scrapes(source: PrometheusClient) -> None:
    """Source: Prometheus keeps metadata of active targets only."""
    assert await source.metadata() == {}
    assert await source.metadata("http_requests_total") == {}
