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
    ],
)
def test_what_re2_has_not_is_an_input_error(pattern: str) -> None:
    """Source: RE2 syntax page: no look-around, no back-references, no possessive or stacked quantifiers."""
    with pytest.raises(InputError):
        full_match_regex(pattern)


@pytest.mark.parametrize("pattern", [r"\pL", r"\p{Greek}", "(?m)^a", "(?U)a*", "(?i)[à-ü]", "((a{90}){90}){2}"])
def test_what_is_not_carried_out_is_refused(pattern: str) -> None:
    """Known gap: Unicode classes and two flags."""
    with pytest.raises(RefusedError):
        full_match_regex(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a*)*b", "(.*)(.*)(.*)(.*)(.*)(.*)x", "(a?){50}a{50}b"])
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
