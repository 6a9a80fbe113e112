"""Matchers as people write them, and what they match."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.alerting.silence_matchers import is_narrow, matchers_text, matches, parse_matchers
from sre.core.alerts import LabelMatcher
from sre.core.errors import InputError
from sre.core.labels import Labels

EQUAL = LabelMatcher("alertname", "X")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{alertname="X"}', (EQUAL,)),
        ("alertname=X", (EQUAL,)),
        ("X", (EQUAL,)),
        (" { alertname = 'X' , } ", (EQUAL,)),
        ('X{service="y"}', (EQUAL, LabelMatcher("service", "y"))),
        ('alertname=X service=~"a|b"', (EQUAL, LabelMatcher("service", "a|b", is_regex=True))),
        ("alertname=X, service!=b", (EQUAL, LabelMatcher("service", "b", is_equal=False))),
        ("service!~a.*", (LabelMatcher("service", "a.*", is_regex=True, is_equal=False),)),
        ('{pod="", alertname="X"}', (LabelMatcher("pod", ""), EQUAL)),
        (r'{a="say \"hi\"\\\n", b="{,}"}', (LabelMatcher("a", 'say "hi"\\\n'), LabelMatcher("b", "{,}"))),
        ('{"http.route"="/a"}', (LabelMatcher("http.route", "/a"),)),
        ("{alertname=X,alertname=X}", (EQUAL,)),
        ("alertname=X\nservice=ü", (EQUAL, LabelMatcher("service", "ü"))),
    ],
)
def test_promql_and_amtool_spellings_are_read(text: str, found: tuple[LabelMatcher, ...]) -> None:
    """Source: Prometheus, selectors; Alertmanager, "Matcher" and `amtool silence add`."""
    assert parse_matchers(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "{}", "{", '{alertname="X"', 'alertname="X', "=x", "a==b", "{a=b}}", "a=b,,c=d", "a=b; c=d",
        "x{a=b} or y", "alertname=~(", 'a=~"(?=x)"', " ".join(f"a{index}=b" for index in range(21)), "é=x", 'a="' + "x" * 2_000 + '"', 'a="\ud800"',
        "sum(up)", "1",
    ],
)  # fmt: skip
def test_what_is_no_matcher_is_the_callers_to_mend(text: str) -> None:
    """Our choice: nothing is guessed where alerts are held back."""
    with pytest.raises(InputError) as caught:
        parse_matchers(text)
    assert caught.value.field == "matchers"
    assert len(caught.value.explained()) < 1_500


@pytest.mark.parametrize(
    ("text", "labels", "is_matched"),
    [
        ("a=x", {"a": "x"}, True),
        ("a=x", {"a": "xy"}, False),
        ("a=~x", {"a": "xy"}, False),
        ("a=~x.*", {"a": "xy"}, True),
        ("a!=x", {}, True),
        ("a=x b=y", {"a": "x"}, False),
        ('a="" b=y', {"b": "y"}, True),
        ('a=~"x|"', {}, True),
        ('a=~"x.y"', {"a": "x\ny"}, False),
    ],
)
def test_matching_is_anchored_and_a_missing_label_is_empty(text: str, labels: dict[str, str], is_matched: bool) -> None:
    """Source: Alertmanager, "Matcher"; Go's dot does not take a line break."""
    assert matches(parse_matchers(text), Labels(labels)) is is_matched


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("a=x", True), ('a=~"x|y"', True), ("a=~x.*", True),
        ("a!=x", False), ("a!~x", False), ('a=""', False), ("a=~.*", False), ("a=~.+", False), ('a=~"[^q]*"', False),
        ('a=~"(.|x)+"', False), ('a=~"x|"', False),
    ],
)  # fmt: skip
def test_what_asks_for_anything_or_nothing_is_not_narrow(text: str, is_one: bool) -> None:
    """Our choice: a silence must name something."""
    assert is_narrow(parse_matchers(text)[0]) is is_one


names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
values = st.text(st.characters(codec="utf-8"), max_size=12)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.builds(LabelMatcher, names, values, st.just(False), st.booleans()), min_size=1, max_size=4))
def test_what_is_written_is_read_back(matchers: list[LabelMatcher]) -> None:
    """Our choice: the text of an answer can be passed back in; a line break is written as it is in both."""
    wanted = tuple(dict.fromkeys(matchers))
    text = matchers_text(wanted).replace("\n", "\\n")
    assert parse_matchers(text) == wanted
