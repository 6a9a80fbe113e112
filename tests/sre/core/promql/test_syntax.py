"""Reading a query: what it asks for, what is wrong with it, what is refused, and what is too much."""

import threading

import pytest

from sre.core.errors import InputError, RefusedError
from sre.core.promql import Matcher, Selector, parse, parse_selector
from sre.core.promql.syntax import MAX_BRACKET_DEPTH, MAX_TEXT_LENGTH


@pytest.mark.parametrize(
    ("text", "value_type"),
    [
        ("up", "vector"),
        ("-up", "vector"),
        ("rate(up[5m])", "vector"),
        ("up + 1", "vector"),
        ("sum(up)", "vector"),
        ("1 + 2", "scalar"),
        ("-time()", "scalar"),
        ("scalar(up)", "scalar"),
        ("up[5m]", "matrix"),
        ("up[5m:1m]", "matrix"),
        ("'text'", "string"),
    ],
)
def test_value_type_is_the_one_promql_gives(text: str, value_type: str) -> None:
    """Source: Prometheus documentation, "Expression language data types"."""
    assert parse(text).value_type == value_type


def test_selectors_name_their_window_offset_and_enclosing_functions() -> None:
    """Our choice: what the query tool needs to warn about counters without rate."""
    query = parse('sum by (job) (rate(requests_total{code=~"5.."}[5m] offset 1h)) / scalar(up)')
    assert query.selectors() == (
        Selector(
            (Matcher("__name__", "=", "requests_total"), Matcher("code", "=~", "5..")),
            300_000,
            3_600_000,
            ("sum", "rate"),
        ),
        Selector((Matcher("__name__", "=", "up"),), None, 0, ("scalar",)),
    )
    assert [selector.metric for selector in query.selectors()] == ["requests_total", "up"]


def test_parse_selector_gives_the_matchers() -> None:
    """Source: Prometheus documentation, "Time series selectors"."""
    assert parse_selector('up{job!="api",zone=~"a|b",rack!~"9"}') == (
        Matcher("__name__", "=", "up"),
        Matcher("job", "!=", "api"),
        Matcher("zone", "=~", "a|b"),
        Matcher("rack", "!~", "9"),
    )


@pytest.mark.parametrize("text", ["sum(up)", "up[5m]", "up offset 5m", "up @ end()", "1"])
def test_parse_selector_takes_nothing_but_a_selector(text: str) -> None:
    """Our choice: an offset would be lost in silence."""
    with pytest.raises(InputError) as caught:
        parse_selector(text)
    assert caught.value.field == "query"


REFUSED = {
    "histogram_avg(a)": "histogram_avg",
    "histogram_count(a)": "histogram_count",
    "histogram_fraction(0, 1, a)": "histogram_fraction",
    "mad_over_time(a[5m])": "mad_over_time",
    "sort_by_label(a, 'x')": "sort_by_label",
    "info(a)": "info",
    "first_over_time(a[5m])": "first_over_time",
    "limitk(2, a)": "limitk",
    "limit_ratio(0.5, a)": "limit_ratio",
    "a + on(x) fill(0) b": "fill",
    'a{x="1" or x="2"}': "or",
    "start()": "start",
    "a @ -5": "negative time",
    'a{x="\\xff"}': "byte",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_carried_out_is_refused_by_name(text: str) -> None:
    """Our choice: never a wrong answer to valid PromQL; the message names the part."""
    with pytest.raises(RefusedError, match=REFUSED[text].replace("\\", r"\\")):
        parse(text)


WRONG = {
    "empty": "",
    "blank": "  \n ",
    "comment only": "# nothing",
    "cut off": "sum(rate(",
    "unknown function": "speed(a[5m])",
    "scalar where a vector is needed": "rate(5)",
    "regular expression": 'a{x=~"("}',
    "no matcher": "{}",
    "control character": "a\x1b[31m",
    "NUL": "a\x00",
    "lone surrogate": 'a{x="\ud800"}',
    "too long": "a" * (MAX_TEXT_LENGTH + 1),
    "duration beyond every clock": "a offset 100000000y",
    "time beyond every calendar": "a @ 1e12",
    "time beyond every number": "a @ 1e300",
    "range that makes the parser panic": "a[1e400]",
    "brackets": "(" * 5000 + "a" + ")" * 5000,
    "calls": "abs(" * (MAX_BRACKET_DEPTH + 1) + "a" + ")" * (MAX_BRACKET_DEPTH + 1),
    "minus signs": "-" * 50_000 + "a",
    "few enough minus signs to parse": "-" * 150 + "a",
    "powers": "^".join(["2"] * 150),
    "sums": "+".join(["a"] * 50_000),
}


@pytest.mark.parametrize("name", WRONG)
def test_broken_and_hostile_text_is_an_input_error(name: str) -> None:
    """Our choice: limits come before the parser, so that nothing overflows a stack."""
    with pytest.raises(InputError) as caught:
        parse(WRONG[name])
    assert caught.value.field == "query"
    assert len(caught.value.explained()) < 1000


def test_deep_text_is_safe_on_the_small_stack_of_a_thread() -> None:
    """Our choice: tools evaluate on worker threads."""
    outcome: list[str] = []

    def work() -> None:
        for text in (
            "-" * 200 + "a",
            "^".join(["2"] * 200),
            "-abs(" * 60 + "-" * 100 + "a" + ")" * 60,
            "(" * 60 + "a" + ")" * 60,
        ):
            try:
                outcome.append(parse(text).value_type)
            except InputError:
                outcome.append("wrong")

    threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
    finally:
        threading.stack_size(0)
    thread.join(timeout=30)
    assert outcome == ["wrong", "wrong", "wrong", "vector"]


@pytest.mark.parametrize(
    "text",
    [
        'a{x="' + "(" * 5000 + '"}',
        "a{x='@ -5'}",
        "a # ((((\n+ b",
        " or ".join(["a"] * 90),
        'a{x=~"' + "|".join(f"pod-{n}" for n in range(5000)) + '"}',
        "a{" + ",".join(f'l{n}="x"' for n in range(500)) + "}",
    ],
)
def test_large_but_sound_queries_are_read(text: str) -> None:
    """Our choice: the limits look at structure, not at what stands in strings and comments."""
    assert parse(text).value_type == "vector"
