"""How metrics are read. Rates, means and levels as Prometheus' naming conventions want them; the rest *our choice*."""

import pytest

from sre.core.labels import Labels
from sre.core.promql import parse
from sre.core.times import Duration
from sre.incidents.scan.model import ScanItem
from sre.incidents.scan.packing import halved, packed
from sre.incidents.scan.plan import planned_items


def series(metric: str, **labels: str) -> Labels:
    return Labels({"__name__": metric, **labels})


def only_item(*found: Labels, type_: str = "unknown") -> ScanItem:
    (item,) = (
        one
        for one in planned_items(found, types={one.metric: type_ for one in found})
        if one.part not in ("highest", "lowest")
    )
    return item


@pytest.mark.parametrize(
    ("metric", "type_", "part"),
    [
        ("jobs_total", "unknown", "rate"),
        ("pg_stat_database_xact_commit", "counter", "rate"),
        ("queue_depth", "unknown", "level"),
        ("documents_count", "gauge", "level"),
        ("documents_count", "unknown", "rate"),
    ],
)
def test_counters_are_read_as_rates_and_gauges_as_they_are(metric: str, type_: str, part: str) -> None:
    assert only_item(series(metric, service="a"), type_=type_).part == part


def test_sum_and_count_are_halves_of_one_mean() -> None:
    items = planned_items([series("x_seconds_sum", service="a"), series("x_seconds_count", service="a")], types={})
    assert [(one.part, one.family) for one in items] == [("count", "x_seconds"), ("total", "x_seconds")]


def test_copies_are_summed_up_and_details_are_kept() -> None:
    item = only_item(
        *(
            series("pool_in_use", service=service, pool=pool, pod=f"{service}-{pod}", instance=f"10.0.0.{pod}:80")
            for service in ("cart", "mail")
            for pool in ("orders", "stock")
            for pod in range(3)
        )
    )
    assert item.by == ("service", "pool")
    assert item.series_count == 12
    assert item.expression(Duration(300)) == "avg by (service, pool) (pool_in_use)"


@pytest.mark.parametrize(
    ("metric", "expression"),
    [
        ("pool_connections_in_use", "max by (service) (pool_connections_in_use)"),
        ("disk_free_bytes", "min by (service) (disk_free_bytes)"),
        ("node_memory_MemAvailable_bytes", None),
        ("sessions", None),
    ],
)
def test_of_several_copies_of_a_resource_the_one_that_stands_out_is_read_too(
    metric: str, expression: str | None
) -> None:
    """A host is no copy, and of what is no resource the mean is enough."""
    found = [series(metric, service="a", job="a", instance=f"10.0.0.{n}:80") for n in range(3)]
    _, *outlying = planned_items(found, types={})
    assert [one.expression(Duration(300)) for one in outlying] == ([expression] if expression else [])
    single = planned_items(found[:1], types={})
    assert len(single) == 1


def test_a_detail_with_too_many_values_is_summed_up() -> None:
    """A path per user would be a thousand rows of one service."""
    found = [series("hits_total", service="a", path=f"/u/{n}", zone=f"z{n % 2}") for n in range(50)]
    assert only_item(*found).by == ("service",)
    few = [series("hits_total", service="a", path=f"/u/{n}", kind=f"k{n % 3}") for n in range(50)]
    assert only_item(*few).by == ("service", "kind")


def test_a_detail_that_another_implies_is_left_out() -> None:
    found = [
        series("hits_total", service="a", route=r, verb=v) for r, v in (("/a", "GET"), ("/b", "GET"), ("/c", "POST"))
    ]
    assert only_item(*found).by == ("service", "route")


def test_the_status_of_requests_is_kept_whatever_else_is_summed_up() -> None:
    found = [
        series("http_requests_total", service="a", path=f"/u/{n}", code=code)
        for n in range(50)
        for code in ("200", "503")
    ]
    item = only_item(*found)
    assert (item.by, item.status, item.errors) == (("service", "code"), "code", "5..")


def test_without_a_failure_there_is_no_status() -> None:
    found = [series("http_requests_total", service="a", code=code) for code in ("200", "201")]
    assert only_item(*found).status == ""


def test_grpc_codes_are_told_by_their_words() -> None:
    found = [
        series("grpc_server_handled_total", service="a", grpc_code=code) for code in ("OK", "NotFound", "Internal")
    ]
    item = only_item(*found)
    assert item.status == "grpc_code"
    assert "Internal" in item.errors
    assert "NotFound" not in item.errors


def test_the_same_name_in_two_namespaces_is_two_things() -> None:
    apart = [series("depth", service="a", namespace=name) for name in ("prod", "staging")]
    assert only_item(*apart).by == ("service", "namespace")
    together = [series("depth", service="a", namespace="prod"), series("depth", service="b", namespace="staging")]
    assert only_item(*together).by == ("service",)


def test_one_quantile_of_a_summary_is_read() -> None:
    found = [series("rtt_seconds", service="a", quantile=q) for q in ("0.5", "0.9", "0.99")]
    item = only_item(*found)
    assert item.expression(Duration(300)) == 'max by (service) (rtt_seconds{quantile="0.99"})'


def test_containers_of_the_pause_image_and_whole_pods_are_not_counted_twice() -> None:
    name = "container_memory_working_set_bytes"
    found = [series(name, container=container, pod="web-0", job="kubelet") for container in ("web", "POD")]
    item = only_item(*found, series(name, pod="web-0", job="kubelet"))
    assert item.by == ("container",)
    assert ("container", "!=", "") in item.only


def test_every_metric_of_a_hostile_source_is_asked_for_in_promql_that_parses() -> None:
    """Names and values may hold anything; what cannot be spelt as a label is left out of the grouping."""
    found = [
        series("a_total", service='x"} or up{a="', detail="\\"),
        series("weird name|with.(regex)*", service="b"),
        series("b", **{"a label": "v", "service": "a"}),
        series("c", service="a\nb", kind="{{}}"),
    ]
    items = planned_items(found, types={})
    for query in packed(items, rate_window=Duration(300)):
        parse(query.text)
    for item in items:
        parse(item.expression(Duration(300), ("service", "=", 'x"} or up{a="')))


def test_levels_alike_are_asked_by_name_and_rates_one_after_another() -> None:
    found = [series(name, service="a") for name in ("pool_size", "pool_used", "pool_hits_total", "pool_misses_total")]
    levels, rates = (query.text for query in packed(planned_items(found, types={}), rate_window=Duration(300)))
    assert levels == 'avg by (__name__, service) ({__name__=~"pool_size|pool_used"})'
    assert rates == (
        'label_replace(sum by (service) (rate(pool_hits_total[5m])), "scan_item", "m0", "", "")'
        ' or label_replace(sum by (service) (rate(pool_misses_total[5m])), "scan_item", "m1", "", "")'
    )


def test_a_question_is_never_too_large() -> None:
    found = [series(f"m{n}_total", service="a", pod=f"p{pod}") for n in range(200) for pod in range(30)]
    queries = packed(planned_items(found, types={}), rate_window=Duration(300))
    assert sum(len(query.items) for query in queries) == 200
    assert max(query.series_count for query in queries) <= 2_000
    assert max(len(query.text) for query in queries) <= 20_000


def test_halves_of_a_question_read_the_same_items() -> None:
    found = [series(f"m{n}_total", service="a") for n in range(5)]
    (query,) = packed(planned_items(found, types={}), rate_window=Duration(300))
    halves = halved(query, rate_window=Duration(300))
    assert sorted(item.metric for half in halves for item in half.items.values()) == [f"m{n}_total" for n in range(5)]
    (single,) = packed(planned_items(found[:1], types={}), rate_window=Duration(300))
    assert halved(single, rate_window=Duration(300)) == ()
