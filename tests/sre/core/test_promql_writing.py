"""What is written parses to the same tree, also for the queries that real Prometheus is compared on."""

from pathlib import Path

import pytest

from sre.core.errors import InputError, RefusedError
from sre.core.promql import parse
from sre.core.promql_writing import exchanged, promql_of
from tests.differential.oracle import written_queries

QUERIES = Path(__file__).parents[2] / "differential" / "queries.txt"


@pytest.mark.parametrize(
    "text",
    [
        "1 + 2 * 3",
        "(1 + 2) * 3",
        "2 ^ 3 ^ 2",
        "(2 ^ 3) ^ 2",
        "-x ^ 2",
        "(-x) ^ 2",
        "-(a + b)",
        "a - (b - c)",
        "a and (b or c)",
        'sum without () (rate(x{a=~"b\\\\.c",d="\\"q\\""}[5m] offset 1h30m))',
        "a / on (b) group_left () (c > 0)",
        "a > bool 0.001",
        "max_over_time((a / b)[1h:5m] @ 1600000000 offset -5m)",
        "topk by (a) (3, b)",
        'label_replace(x, "a", "$1", "b", "(.*)")',
        "x @ end()",
    ],
)
def test_expressions_survive_being_written(text: str) -> None:
    assert promql_of(parse(text).ast) == text


def test_every_query_of_the_differential_tests_parses_to_the_same_tree() -> None:
    seen = 0
    for text in written_queries(QUERIES):
        try:
            node = parse(text).ast
        except (InputError, RefusedError):
            continue
        assert repr(parse(promql_of(node)).ast) == repr(node), text
        seen += 1
    assert seen > 500


@pytest.mark.parametrize(
    ("text", "old", "new", "changed"),
    [
        ("sum( rate(x[1m]) )  >  5 # why", "rate(x[1m])", "rate(x[5m])", "sum( rate(x[5m]) )  >  5 # why"),
        ('a{ b = "c" } > 1', 'a{b="c"}', "rate(a[5m])", "rate(a[5m]) > 1"),
        ("a / b", "b", "b > 0", "a / (b > 0)"),
        # Twice the same: which text is meant cannot be told, so the whole is written anew.
        ("x  + x", "x", "y", "y + y"),
        ("a{b='c'} > 1", 'a{b="c"}', "d", "d > 1"),
    ],
)
def test_a_part_is_exchanged_and_the_rest_stays_as_it_was_written(text: str, old: str, new: str, changed: str) -> None:
    assert exchanged(text, old=parse(old).ast, new=parse(new).ast) == changed
