"""YAML from outside: read as written, or refused before it can do harm."""

import pytest

from sre.core.errors import InputError
from sre.core.yaml_text import MAX_CHARS, MAX_DEPTH, yaml_documents, yaml_value


def read(text: str) -> list[object]:
    return yaml_documents(text, what="The text", field="slo")


def test_documents_come_as_plain_values_and_empty_ones_are_left_out() -> None:
    assert read("---\na: [1, x]\n---\n---\nb: {c: true}\n") == [{"a": [1, "x"]}, {"b": {"c": True}}]
    assert read("") == []
    assert read("# only a comment\n") == []


def test_a_time_stays_the_text_it_was_written_as() -> None:
    """Our choice: YAML 1.1 would drop the zone of some and the text of all."""
    times = "a: 2026-01-31T12:00:00+02:00\nb: 2026-01-31 12:00:00\nc: 2026-01-31\n"
    assert read(times) == [{"a": "2026-01-31T12:00:00+02:00", "b": "2026-01-31 12:00:00", "c": "2026-01-31"}]


def test_aliases_may_repeat_what_stands_once() -> None:
    assert read("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n") == [{"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}]


LAUGHS = "\n".join(["a0: &a0 [lol, lol]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30))])
MERGES = "\n".join(
    ["a0: &a0 {k: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 30))]
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not YAML"),
        ("a: 1\na: 2\n", 'the key "a" twice (line 2)'),
        ("x: {b: {c: 1, c: 2}}\n", 'the key "c" twice'),
        (LAUGHS, "aliases written out"),
        (MERGES, "aliases written out"),
        ("a: &a [*a]\n", "refers to itself"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested more than"),
        ("[" * 400_000, "nested more than"),
        ("- " * 100_000, "nested more than"),
        ("x" * (MAX_CHARS + 1), "longer than"),
        ("[" + "1," * 300_000 + "]", "aliases written out"),
        ("[&a " + "x" * 100_000 + ", *a" * 20 + "]", "2,000,000 characters, aliases written out"),
        ("a: !!python/object/apply:os.system [ls]\n", "not YAML"),
        ("a: \x00\n", "not YAML"),
        ("a: " + "9" * 5_000, "not YAML"),
        ("? [a, b]\n: 1\n? {c: d}\n: 2\n", "not YAML"),
        ("%YAML 9\n---\na", "not YAML"),
    ],
)
def test_what_would_do_harm_or_lose_something_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read(text)
    assert said in refused.value.message
    assert refused.value.field == "slo"
    assert len(refused.value.message) < 500


def test_one_value_is_one_document() -> None:
    assert yaml_value("[1]", what="The text", field="x") == [1]
    assert yaml_value("", what="The text", field="x") is None
    with pytest.raises(InputError, match="2 YAML documents"):
        yaml_value("a\n---\nb\n", what="The text", field="x")
