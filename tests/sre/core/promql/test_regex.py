"""Regular expressions: RE2's meaning, both ends anchored, no exponential time."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.errors import InputError, RefusedError
from sre.core.labels import Labels
from sre.core.promql import Matcher
from sre.core.promql.regex import full_match_regex

# (expression, texts that match, texts that do not)
TABLE = [
    ("", [""], ["a"]),
    ("a|b", ["a", "b"], ["ab", ""]),
    ("api", ["api"], ["api2", "xapi"]),
    ("a.*", ["a", "abc"], ["ba"]),
    ("^a$", ["a"], ["ba", "a\n"]),
    ("a$b", [], ["a", "ab"]),
    (r"\Aa\z", ["a"], ["aa"]),
    (r"\d+", ["42"], ["٤٢", ""]),
    (r"\s", [" ", "\t"], ["\v", "\u00a0"]),
    (r"\w+", ["a_1"], ["é"]),
    (r"[^\d]", ["a"], ["1"]),
    ("[[:alpha:]]+", ["abC"], ["a1"]),
    ("[[:^alpha:]]+", ["12"], ["a"]),
    ("[]a]+", ["]a"], ["b"]),
    ("[a-]", ["a", "-"], ["b"]),
    (r"[\]x]", ["]", "x"], ["\\"]),
    ("a{2,3}", ["aa", "aaa"], ["a", "aaaa"]),
    ("a{,3}", ["a{,3}"], ["", "aaa"]),
    ("a{2}b?", ["aa", "aab"], ["ab"]),
    ("(?i)Ab", ["ab", "AB"], ["ac"]),
    ("a(?i)b|c", ["ab", "aB", "C"], ["AB"]),
    ("(?i:a)b", ["Ab"], ["AB"]),
    ("(?i)k", ["k", "K", "\u212a"], ["j"]),
    ("(?-s).", ["a"], ["\n"]),
    (".", ["a", "\n", "日"], ["ab"]),
    (r"a\bb", [], ["ab"]),
    (r"a\b.b", ["a b"], ["aab"]),
    (r"\x41\x{42}\103", ["ABC"], ["abc"]),
    (r"\Qa.b\E+", ["a.b", "a.bb"], ["axb"]),
    (r"\.\-\/", [".-/"], ["a-/"]),
    ("(a*)*", ["", "aaa"], ["b"]),
    ("(?:a|ab)(?:c|bcd)(d*)", ["abcd", "acd"], ["abd"]),
    (r"\pL+", ["aé日"], ["1"]),
    (r"\p{Greek}", ["λ"], ["l"]),
    ("(?i)[à-ü]", ["É", "é"], ["e"]),
    ("(?m)^a$", ["a"], ["a\nb"]),
    ("(?U)a*", ["", "aa"], ["b"]),
    (r"\Q\C\E", [r"\C"], ["C"]),
    ("a\ud800", ["a\ud800"], ["a"]),
]


@pytest.mark.parametrize(("pattern", "matching", "other"), TABLE, ids=[row[0] or "empty" for row in TABLE])
def test_expressions_mean_what_re2_says(pattern: str, matching: list[str], other: list[str]) -> None:
    """Source: RE2 syntax page; the anchoring is Prometheus', the dot that takes a line break Prometheus 3's."""
    regex = full_match_regex(pattern)
    assert [text for text in matching if not regex.matches(text)] == []
    assert [text for text in other if regex.matches(text)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "[a",
        "a**",
        "a*+",
        "*a",
        "a{2,1}",
        "a{1001}",
        r"\1",
        "(?=a)",
        "(?>a)",
        "[z-a]",
        r"\8",
        "\\",
        "(?P<1-2>a)",
        r"\C",
        r"a\\\C",
        "a)|(b",
        "((a{90}){90}){2}",
    ],
)
def test_what_re2_has_not_is_an_input_error(pattern: str) -> None:
    """Source: RE2 syntax page: no look-around, no back-references, no possessive or stacked quantifiers; one byte, no: Go."""
    with pytest.raises(InputError) as caught:
        full_match_regex(pattern)
    assert caught.value.field == "query"


def test_a_wrong_expression_is_quoted_with_the_reason_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Our choice: the caller sees what to mend; stdout belongs to the protocol."""
    with pytest.raises(InputError, match=r'"a\(\.\*".*"missing \)') as caught:
        full_match_regex("a(.*")
    assert caught.value.next_steps
    with pytest.raises(RefusedError):
        full_match_regex(r"\pL{1000}")
    assert capfd.readouterr() == ("", "")


def test_an_expression_beyond_the_memory_limit_is_refused() -> None:
    """Our choice: valid, but a program of more than a million instructions."""
    with pytest.raises(RefusedError, match="too large"):
        full_match_regex(r"\pL{1000}")


def test_many_groups_are_refused_only_where_groups_are_wanted() -> None:
    """Our choice: measured without the limit, the second takes 16 GB and a quarter of an hour."""
    regex = full_match_regex("|".join(["(a|b)*"] * 12_000))
    assert regex.matches("ab" * 100)
    with pytest.raises(RefusedError, match="too large"):
        regex.groups("ab" * 100)


def test_a_large_expression_on_a_long_text_is_refused() -> None:
    """Our choice: RE2 holds the interpreter while it matches, so the product of both sizes is bounded."""
    regex = full_match_regex("|".join(["(?:a|b)*c"] * 4000))
    assert regex.matches("abc")
    with pytest.raises(RefusedError, match="too large"):
        regex.matches("ab" * 50_000)


def test_a_long_list_of_names_is_carried_out() -> None:
    """Source: dashboards write the values of a variable as `a|b|c`; a query holds 100,000 characters."""
    names = [f"pod-{index:x}-{index * 7919 % 100_003:x}" for index in range(7000)]
    regex = full_match_regex("|".join(names))
    assert all(regex.matches(name) for name in names)
    assert not regex.matches("pod-0")


def test_the_dot_takes_a_line_break_in_prometheus_3_only() -> None:
    """Source: Prometheus 3.0 migration guide, "Regular expressions match newlines"; 2.42 itself in the differential."""
    assert full_match_regex("a.b").matches("a\nb")
    assert not full_match_regex("a.b", dot_newline=False).matches("a\nb")
    assert full_match_regex("(?s)a.b", dot_newline=False).matches("a\nb")


def test_names_stand_at_the_index_of_their_group() -> None:
    """Source: RE2 syntax page, both ways to name a group."""
    assert full_match_regex("(a)(?P<first>b)(?:c)(?<last>d)").names == ("", "", "first", "last")


def test_one_name_for_two_groups_is_refused() -> None:
    """Known gap: Go accepts it; RE2 reports the first group only. A literal `(?P<` is no group."""
    with pytest.raises(RefusedError, match="same name"):
        _ = full_match_regex("(?P<x>a)|(?P<x>b)").names
    assert full_match_regex(r"\(?P<x>(?P<x>a)").names == ("", "x")


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(a*)*b", "(.*)(.*)(.*)(.*)(.*)(.*)x", "(a?){50}a{50}b", "(a+)+$b"]
)
def test_hostile_expressions_take_linear_time(pattern: str) -> None:
    """Our choice: a backtracking matcher would not come back from these within a lifetime."""
    regex = full_match_regex(pattern)
    assert not regex.matches("a" * 3000)
    assert regex.groups("a" * 300) is None


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        ("(.*):(.*)", "host:9090", ("host:9090", "host", "9090")),
        ("(a)|(b)", "b", ("b", "", "b")),
        ("(a+)(a*)", "aaa", ("aaa", "aaa", "")),
        ("(a+?)(a*)", "aaa", ("aaa", "a", "aa")),
        ("(?P<first>.)(?:.)(.)", "xyz", ("xyz", "x", "z")),
        ("(a|b)*", "abab", ("abab", "b")),
        ("a", "b", None),
        ("(é+)(.)(.*)", "ééx日本", ("ééx日本", "éé", "x", "日本")),
        ("(😀)?(.*)", "😀\U0001d11e", ("😀\U0001d11e", "😀", "\U0001d11e")),
        ("(a+)+$", "aab", None),
    ],
)
def test_groups_hold_what_the_preferred_match_gave_them(
    pattern: str, text: str, groups: tuple[str, ...] | None
) -> None:
    """Source: RE2 syntax page: leftmost-first preference, greedy unless marked."""
    assert full_match_regex(pattern).groups(text) == groups


_ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", "ab"])
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        inner.map("({})".format),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "*?", "??"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_PATTERNS, st.text("abcd", max_size=8))
def test_matching_agrees_with_an_independent_engine(pattern: str, text: str) -> None:
    """Source: Python's `re` in the part of the syntax where it means the same."""
    wanted = re.compile(pattern, re.DOTALL).fullmatch(text) is not None
    regex = full_match_regex(pattern)
    assert regex.matches(text) == wanted
    assert (regex.groups(text) is not None) == wanted


@pytest.mark.parametrize(
    ("op", "value", "passes"),
    [("=", "api", True), ("!=", "api", False), ("=~", "a.*", True), ("=~", "a", False), ("!~", "web", True)],
)
def test_matchers_look_at_the_whole_value(op: str, value: str, passes: bool) -> None:
    """Source: Prometheus documentation, "Regex-matches are fully anchored"."""
    assert Matcher("job", op, value).matches(Labels({"job": "api"})) is passes  # type: ignore[arg-type]


def test_a_missing_label_counts_as_empty() -> None:
    """Source: Prometheus documentation: matchers that match empty also select series without the label."""
    labels = Labels({"job": "api"})
    assert Matcher("zone", "=", "").matches(labels)
    assert Matcher("zone", "=~", ".*").matches(labels)
    assert not Matcher("zone", "!=", "").matches(labels)
