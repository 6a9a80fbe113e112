"""Text from outside is cleaned and capped before it goes anywhere (design: untrusted text)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre.core.text import cleaned, cleaned_lines, listed, nearest_names, quoted, without_quotations


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("a\x00b\x08c", "abc"),
        ("two\nlines\tand\r\ntabs", "two lines and tabs"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("tag\U000e0041", "tag"),
        ("naïve 日本", "naïve 日本"),
    ],
)
def test_hidden_characters_go_and_words_stay(raw: str, shown: str) -> None:
    assert cleaned(raw) == shown


@given(st.text(max_size=400), st.integers(min_value=1, max_value=100))
def test_cleaned_text_is_one_short_visible_line(raw: str, limit: int) -> None:
    shown = cleaned(raw, limit=limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(ch) in {"Cc", "Cf", "Cs", "Co"} for ch in shown)


def test_a_huge_text_is_cut_and_marked() -> None:
    assert cleaned("x" * 10_000_000, limit=10) == "x" * 9 + "…"


def test_quotes_inside_cannot_end_the_quotation() -> None:
    assert quoted('say "hi"') == "\"say 'hi'\""


def test_lines_are_kept_where_they_are_wanted_and_nothing_hidden_is() -> None:
    told = " first\r\nsecond\rthird\tcolumn \x1b[31mred\x1b[0m \u202e\u200b\x00end\n"
    assert cleaned_lines(told, limit=100) == "first\nsecond\nthird column red end"
    assert cleaned_lines("abcdef", limit=4) == "abc…"
    assert cleaned_lines("a" * 10_000_000, limit=4) == "aaa…"


@given(st.text(max_size=300), st.integers(1, 50))
def test_lines_are_never_longer_than_allowed(text: str, limit: int) -> None:
    assert len(cleaned_lines(text, limit=limit)) <= limit


def test_nearest_names_prefer_substrings_then_likeness() -> None:
    names = ["http_requests_total", "http_request_duration_seconds", "node_cpu_seconds_total"]
    assert nearest_names("requests_total", names)[0] == "http_requests_total"
    assert nearest_names("htp_requests_totl", names)[0] == "http_requests_total"
    assert nearest_names("zzz", names) == ()


def test_long_lists_say_how_many_more() -> None:
    assert listed(["a", "b", "c"], limit=2) == "a, b and 1 more"
    assert listed(["a", "b"], limit=2) == "a, b"


@given(st.text(max_size=100))
def test_a_message_without_quotations_holds_nothing_from_outside(outside: str) -> None:
    """Whatever is quoted, only the words around it stay."""
    assert without_quotations(f"prod failed with HTTP 500, saying {quoted(outside)}.") == "prod failed with HTTP 500."
    assert without_quotations(f"prod could not answer: {quoted(outside)}.") == "prod could not answer."
