"""Rows that come back as behaviours: means, error ratios and rates worked out by hand."""

import numpy as np
import pytest

from sre.core.labels import Labels
from sre.core.promql import parse
from sre.core.series import Grid, SeriesSet
from sre.core.times import Duration
from sre.incidents.scan.assembly import Scanned, ScanTable
from sre.incidents.scan.model import ITEM_LABEL, ScanItem, ScanQuery

STEPS = 4
GRID = Grid(0, 60_000, STEPS)


def rows(*found: tuple[dict[str, str], list[float]], grid: Grid = GRID) -> SeriesSet:
    values = np.array([one for _, one in found], dtype=np.float64)
    return SeriesSet(grid, tuple(Labels(labels) for labels, _ in found), values, np.isfinite(values))


def table(*grids: Grid) -> ScanTable:
    return ScanTable(grids or (GRID,), Duration(300), fallback="prod")


def asked(*items: ScanItem) -> ScanQuery:
    return ScanQuery("", {f"m{number}": item for number, item in enumerate(items)})


def by_name(found: tuple[Scanned, ...]) -> dict[tuple[str, str, str], Scanned]:
    return {(one.behaviour.service, one.behaviour.metric, str(one.behaviour.labels)): one for one in found}


def test_a_mean_is_the_sum_over_the_count_of_each_and_of_all() -> None:
    """First (4 + 1) / (1 + 1), then (4 + 6) / (1 + 3), which is not the mean of the means 4 and 2."""
    total = ScanItem("x_seconds_sum", "total", ("service", "route"), family="x_seconds")
    count = ScanItem("x_seconds_count", "count", ("service", "route"), family="x_seconds")
    one = table()
    one.add(
        asked(total, count),
        part=0,
        series=rows(
            ({ITEM_LABEL: "m0", "service": "a", "route": "/1"}, [4, 4, 4, 0]),
            ({ITEM_LABEL: "m0", "service": "a", "route": "/2"}, [1, 1, 6, 0]),
            ({ITEM_LABEL: "m1", "service": "a", "route": "/1"}, [1, 1, 1, 0]),
            ({ITEM_LABEL: "m1", "service": "a", "route": "/2"}, [1, 1, 3, 0]),
        ),
    )
    found = by_name(one.scanned())
    of_all = found["a", "x_seconds (mean)", "{}"]
    # No request, no mean: 0/0 is missing, not 0.
    np.testing.assert_array_equal(of_all.behaviour.values, [2.5, 2.5, 2.5, np.nan])
    assert of_all.behaviour.kind == "latency"
    second = found["a", "x_seconds (mean)", '{route="/2"}']
    np.testing.assert_array_equal(second.behaviour.values, [1, 1, 2, np.nan])
    assert second.query == (
        'sum(rate(x_seconds_sum{route="/2",service="a"}[5m])) / sum(rate(x_seconds_count{route="/2",service="a"}[5m]))'
    )


def test_an_error_ratio_is_failures_over_all_and_zero_before_the_first() -> None:
    item = ScanItem("http_requests_total", "rate", ("service", "code"), status="code", errors="5..")
    one = table()
    one.add(
        asked(item),
        part=0,
        series=rows(
            ({ITEM_LABEL: "m0", "service": "a", "code": "200"}, [8, 8, 6, np.nan]),
            ({ITEM_LABEL: "m0", "service": "a", "code": "404"}, [2, 2, 2, np.nan]),
            ({ITEM_LABEL: "m0", "service": "a", "code": "503"}, [np.nan, np.nan, 2, np.nan]),
        ),
    )
    found = by_name(one.scanned())
    np.testing.assert_array_equal(found["a", "http_requests_total (rate)", "{}"].behaviour.values, [10, 10, 10, np.nan])
    ratio = found["a", "http_requests_total (error ratio)", "{}"]
    np.testing.assert_allclose(ratio.behaviour.values, [0, 0, 0.2, np.nan])
    assert ratio.behaviour.kind == "errors"
    client = found["a", "http_requests_total (client error ratio)", "{}"]
    np.testing.assert_allclose(client.behaviour.values, [0.2, 0.2, 0.2, np.nan])


def test_levels_keep_their_details_and_their_entity() -> None:
    item = ScanItem("pool_in_use", "level", ("service", "pool"))
    one = table()
    one.add(asked(item), part=0, series=rows(({ITEM_LABEL: "m0", "service": "a", "pool": "p"}, [1, 2, 3, 4])))
    (found,) = one.scanned()
    assert (found.behaviour.service, dict(found.behaviour.labels)) == ("a", {"pool": "p"})
    assert found.query == 'avg(pool_in_use{pool="p",service="a"})'


def test_rows_of_several_windows_stand_behind_one_another() -> None:
    day_ago, now = Grid(0, 60_000, 2), Grid(600_000, 60_000, 3)
    item = ScanItem("depth", "level", ("service",))
    one = table(day_ago, now)
    labels = {ITEM_LABEL: "m0", "service": "a"}
    one.add(asked(item), part=1, series=rows((labels, [3, 4, 5]), grid=now))
    one.add(asked(item), part=0, series=rows((labels, [1, 2]), grid=day_ago))
    np.testing.assert_array_equal(one.scanned()[0].behaviour.values, [1, 2, 3, 4, 5])
    assert one.point_count == 5


def test_a_counter_that_nobody_calls_one_is_told_by_its_growth() -> None:
    """60 a minute are 1 a second; the step between two windows tells nothing."""
    one = table(Grid(0, 60_000, 3), Grid(6_000_000, 60_000, 3))
    item = ScanItem("bytes_written", "level", ("service",), may_count=True)
    labels = {ITEM_LABEL: "m0", "service": "a"}
    one.add(asked(item), part=0, series=rows((labels, [0, 60, 120]), grid=one.grids[0]))
    one.add(asked(item), part=1, series=rows((labels, [9000, 9060, 9240]), grid=one.grids[1]))
    (found,) = one.scanned()
    np.testing.assert_array_equal(found.behaviour.values, [np.nan, 1, 1, np.nan, 1, 3])
    assert found.measure == "rate"
    assert "rate(bytes_written" in found.query


def test_a_gauge_that_metadata_name_stays_a_level_even_if_it_only_grows() -> None:
    one = table()
    item = ScanItem("disk_used_bytes", "level", ("service",), may_count=False)
    one.add(asked(item), part=0, series=rows(({ITEM_LABEL: "m0", "service": "a"}, [1, 2, 3, 4])))
    np.testing.assert_array_equal(one.scanned()[0].behaviour.values, [1, 2, 3, 4])


def test_infinity_and_nan_are_missing() -> None:
    one = table()
    item = ScanItem("depth", "level", ("service",))
    one.add(asked(item), part=0, series=rows(({ITEM_LABEL: "m0", "service": "a"}, [1, np.inf, -np.inf, 4])))
    np.testing.assert_array_equal(one.scanned()[0].behaviour.values, [1, np.nan, np.nan, 4])


def test_columns_without_labels_belong_to_whom_their_names_say_or_to_the_source() -> None:
    items = [ScanItem(name, "level", ()) for name in ("cart_cpu", "cart_mem", "mail_cpu", "mail_mem", "answer")]
    one = table()
    query = ScanQuery("", {item.metric: item for item in items})
    one.add(query, part=0, series=rows(*(({"__name__": item.metric}, [1.0, 2, 1, 2]) for item in items)))
    assert [found.behaviour.service for found in one.scanned()] == ["cart", "cart", "mail", "mail", "prod"]


@pytest.mark.parametrize(
    ("metric", "part", "kind"),
    [
        ("queue_waiting", "level", "resource"),
        ("http_request_duration_seconds_count", "count", "traffic"),
        ("pool_timeouts_total", "rate", "errors"),
        ("up", "level", "errors"),
        ("sessions_count", "level", "other"),
    ],
)
def test_kinds_follow_the_words_of_the_name_and_what_is_read(metric: str, part: str, kind: str) -> None:
    item = ScanItem(metric, part, ("service",), family="f")  # type: ignore[arg-type]
    one = table()
    one.add(asked(item), part=0, series=rows(({ITEM_LABEL: "m0", "service": "a"}, [1, 2, 1, 2])))
    assert one.scanned()[0].behaviour.kind == kind


def test_queries_to_look_again_parse_whatever_labels_hold() -> None:
    items = [
        ScanItem("x_sum", "total", ("service",), family="x"),
        ScanItem("x_count", "count", ("service",), family="x"),
        ScanItem("hits_total", "rate", ("service", "code"), status="code", errors="5.."),
        ScanItem("depth", "level", ("service",)),
        ScanItem("b_bucket", "quantile", ("service",), family="b"),
    ]
    hostile = 'x"} or up{a=\\"\n'
    one = table()
    found = [
        ({ITEM_LABEL: f"m{n}", "service": hostile, "code": "500" if n == 2 else ""}, [1.0, 2, 1, 2]) for n in range(5)
    ]
    one.add(asked(*items), part=0, series=rows(*found))
    queries = [scanned.query for scanned in one.scanned()]
    assert len(queries) == 6
    for query in queries:
        parse(query)
