from sre.core.promql import parse
from sre.core.promql_tree import drops_points, used_selectors


def test_selectors_know_what_stands_around_them() -> None:
    query = 'sum by (job) (rate(a_total{x="1"}[5m])) / on (job) max(b offset 1h)'
    first, second = used_selectors(parse(query).ast)
    assert (first.text, first.metric, first.range_seconds) == ('a_total{x="1"}', "a_total", 300.0)
    assert first.names_around == ("sum", "rate")
    assert first.is_now
    assert (second.text, second.range_seconds, second.names_around) == ("b", 0.0, ("max",))
    assert not second.is_now


def test_a_selector_as_text_selects_the_same() -> None:
    for text in ('{__name__=~"a.*",x!="1"}', r'a{x="q\"uo\\te\n"}', '{job="api"}'):
        (used,) = used_selectors(parse(text).ast)
        (again,) = used_selectors(parse(used.text).ast)
        assert used.vector == again.vector


def test_conditions_drop_points_and_bool_does_not() -> None:
    assert drops_points(parse("a > 5").ast)
    assert drops_points(parse("topk(3, a)").ast)
    assert drops_points(parse("a and b").ast)
    assert drops_points(parse("a unless b").ast)
    assert not drops_points(parse("a > bool 5").ast)
    assert not drops_points(parse("sum(a) or b").ast)
