"""What an alert compares, read from expressions as people write them."""

import pytest

from sre.core.alert_conditions import conditions_of
from sre.core.errors import InputError


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("up == 0", [("up{}", "==", 0)]),
        ("0 == up", [("up{}", "==", 0)]),
        ("100 < x", [("x{}", ">", 100)]),
        ("(a > 1 and b < 2) or c >= 3", [("a{}", ">", 1), ("b{}", "<", 2), ("c{}", ">=", 3)]),
        ("a > 1 unless on () b > 2", [("a{}", ">", 1)]),
        ("a > (14.4 * 0.001)", [("a{}", ">", 0.0144)]),
        ("a > -(1 / 2)", [("a{}", ">", -0.5)]),
        ("a > b", [("a{}", ">", None)]),
        ("absent(up)", [("absent(up{})", "", None)]),
        ("(a > bool 1) == 1", [("a{} > bool 1", "==", 1)]),
        ("a > bool 1", [("a{} > bool 1", "", None)]),
        ("a / 0 > 1 / 0", [("a{} / 0", ">", None)]),
    ],
)
def test_each_comparison_is_a_signal_and_its_limit(expr: str, expected: list[tuple[str, str, float | None]]) -> None:
    found = [(c.signal, c.op, c.limit_value) for c in conditions_of(expr)]
    assert [(signal, op) for signal, op, _ in found] == [(signal, op) for signal, op, _ in expected]
    assert [value for *_, value in found] == [
        pytest.approx(value) if value is not None else None for *_, value in expected
    ]


@pytest.mark.parametrize("expr", ["", "a >", "(" * 200 + "a" + ")" * 200, "sum(", "x" * 200_000])
def test_what_is_no_promql_is_an_error_of_the_caller(expr: str) -> None:
    with pytest.raises(InputError):
        conditions_of(expr)
