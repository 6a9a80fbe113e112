"""Label sets. Source: Prometheus documentation, "Data model": an empty label value is the same as no label."""

import pytest

from sre.core.labels import Labels


def test_label_sets_are_equal_whatever_the_order_and_hash_alike() -> None:
    one, other = Labels({"b": "2", "a": "1"}), Labels([("a", "1"), ("b", "2")])
    assert one == other
    assert hash(one) == hash(other)
    assert list(one) == ["a", "b"]


def test_an_empty_value_is_no_label() -> None:
    assert Labels({"a": "", "b": "2"}) == Labels({"b": "2"})
    assert Labels({"a": "1"}).replaced(a="") == Labels()


def test_parts_of_a_label_set() -> None:
    labels = Labels({"__name__": "up", "job": "api", "instance": "i"})
    assert labels.metric == "up"
    assert labels.only(["job"]) == Labels({"job": "api"})
    assert labels.without("job", "instance") == Labels({"__name__": "up"})


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ({"__name__": "up"}, "up"),
        ({"__name__": "up", "job": "api"}, 'up{job="api"}'),
        ({"job": "api"}, '{job="api"}'),
        ({}, "{}"),
        ({"__name__": "not a name", "job": "x"}, '{__name__="not a name", job="x"}'),
        ({"job": 'a"b\\c\nd'}, '{job="a\\"b\\\\c\\nd"}'),
    ],
)
def test_the_text_of_a_label_set_is_its_selector(pairs: dict[str, str], text: str) -> None:
    assert str(Labels(pairs)) == text
