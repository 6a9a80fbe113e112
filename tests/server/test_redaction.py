"""The net under the connectors: known secrets, credential shapes and hidden characters do not leave."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.redaction import Redactor


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abcdef0123456789abcdef", "abcdef0123456789abcdef"),
        ("http://admin:hunter2secret@10.0.0.1/x", "hunter2secret"),
        (
            "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            "dozjgNryP4J3",
        ),
        ("key AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("password=correct-horse", "correct-horse"),
        ("glsa_0123456789abcdefghijklmnopqrstuvwx", "0123456789abcdefghij"),
        ("ghp_0123456789abcdefghijklmnopqrstuvwx", "0123456789abcdefghij"),
        ("xoxb-0123456789-abc", "0123456789-abc"),
        ("sk-0123456789abcdefghijkl", "0123456789abcdefghijkl"),
        ("ACCESS_TOKEN=0123456789", "0123456789"),
        ("client-secret: 0123456789", "0123456789"),
        ("Passwd = 0123456789", "0123456789"),
        ("api_key: 0123456789abcdef", "0123456789abcdef"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "MIIEow"),
    ],
)
def test_credential_shapes_are_taken_out(text: str, secret: str) -> None:
    shown = Redactor().text(text)
    assert secret not in shown
    assert "[redacted]" in shown
    assert not Redactor().is_clean(json.dumps({"a": text}))


def test_configured_secrets_are_taken_out_wherever_they_turn_up() -> None:
    redactor = Redactor(["tenant-secret-1", "tenant-secret-12"])
    tree = redactor.tree({"rows": [["x tenant-secret-12 y", 1, None]], "tenant-secret-1": "k"})
    assert tree == {"rows": [["x [redacted] y", 1, None]], "[redacted]": "k"}


@pytest.mark.parametrize(
    "text",
    [
        'sum by (service) (rate(http_requests_total{code=~"5.."}[5m]))',
        "http://prometheus:9090/graph?g0.expr=up",
        "p95 is 0.42 s; the basic idea is unchanged",
        "# Title\n\n- a list\twith a tab",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert Redactor(["short"]).text(text) == text


def test_hidden_characters_go() -> None:
    assert Redactor().text("a\x1b[31mb\u202ec\x00d\ne") == "abcd\ne"


SECRET_WITH_ESCAPES = 'se"cr\\et-1'


@pytest.mark.parametrize(
    "value",
    [
        {"a": "Bearer abcdef0123456789abcdef"},
        {"a": "Bearer\nabcdef0123456789abcdef"},
        {"a": f"x {SECRET_WITH_ESCAPES} y"},
        {"a": ["b", {"c": "esc\x1b[31m"}]},
        {"a": "bidi\u202e"},
        {"zero\u200bwidth": 1},
        {"a": "password=correct-horse"},
    ],
)
def test_a_text_that_is_called_clean_is_one_that_nothing_would_be_taken_out_of(value: dict[str, object]) -> None:
    redactor = Redactor([SECRET_WITH_ESCAPES])
    assert redactor.tree(value) != value  # type: ignore[arg-type]
    assert not redactor.is_clean(json.dumps(value, ensure_ascii=False))


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_is_called_clean_stays_as_it_is(value: object) -> None:
    redactor = Redactor(["tenant-secret-1"])
    if redactor.is_clean(json.dumps(value, ensure_ascii=False)):
        assert redactor.tree(value) == value  # type: ignore[arg-type]


def test_an_ordinary_answer_is_clean() -> None:
    assert Redactor(["tenant-secret-1"]).is_clean('{"summary":"3 series, ▁▂█","query":"rate(up[5m])"}')
