"""Arguments of prompts: what is accepted, how it is spelt afterwards, and what is refused by name."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.arguments import (
    OBJECTIVE,
    SERVICE,
    as_data,
    read_duration,
    read_instant,
    read_name,
    read_ratio,
    read_severity,
    read_text,
)
from sre.core.errors import InputError


@pytest.mark.parametrize(
    ("sent", "ratio"),
    [
        ("0.999", "0.999"),
        ("99.9", "0.999"),
        ("99.9%", "0.999"),
        (" 99.99 % ", "0.9999"),
        ("0.5%", "0.005"),
        ("50", "0.5"),
        ("99.999", "0.99999"),
    ],
)
def test_a_ratio_is_read_from_share_or_percent(sent: str, ratio: str) -> None:
    """our choice: people write objectives both ways."""
    assert read_ratio(sent, "objective") == ratio


@pytest.mark.parametrize("sent", ["0", "1", "100", "100%", "-0.5", "nan", "inf", "1e-3", "99,9", "five nines", "0x1"])
def test_a_ratio_outside_zero_to_one_is_refused_by_name(sent: str) -> None:
    """our choice: an objective of 0 or 1 leaves nothing to decide."""
    with pytest.raises(InputError) as caught:
        read_ratio(sent, "objective")
    assert caught.value.field == "objective"
    assert "99.9%" in caught.value.valid


@pytest.mark.parametrize("sent", ["checkout", "shop/checkout", "team.checkout-v2", "größe", "a:b", "x" * 100])
def test_usual_names_pass_unchanged(sent: str) -> None:
    """our choice: label values of services are not only letters."""
    assert read_name(sent, "service") == sent


@pytest.mark.parametrize(
    "sent",
    ['a"b', "a'b", "a`b", "a b", "a\nb", "a{b}", "a\\b", "{{ 7 * 7 }}", "{% raw %}", "x" * 101, "\u202e", "..\x00 .."],
)
def test_names_that_could_leave_their_place_are_refused(sent: str) -> None:
    """our choice: a name stands inside PromQL and inside quotes."""
    with pytest.raises(InputError) as caught:
        read_name(sent, "service")
    assert caught.value.field == "service"


@pytest.mark.parametrize(
    "sent", ["now", "now-1h", "-30m", "2026-01-31T12:00:00Z", "1767225600", "2026-01-31T12:00:00+01:00"]
)
def test_times_of_the_one_grammar_pass(sent: str) -> None:
    """our choice: design, section 3."""
    assert read_instant(sent, "start") == sent


@pytest.mark.parametrize("sent", ["yesterday", "now-1h; drop", '"now"', "2026-01-31 12:00", "9" * 100, "now`"])
def test_other_times_are_refused(sent: str) -> None:
    """our choice."""
    with pytest.raises(InputError, match="start is not a time"):
        read_instant(sent, "start")


def test_durations_and_severities_are_spelt_one_way() -> None:
    """our choice."""
    assert read_duration("1w", "window") == "7d"
    assert read_severity(" p1", "severity") == "P1"
    with pytest.raises(InputError, match="severity"):
        read_severity("sev1", "severity")
    with pytest.raises(InputError, match="window"):
        read_duration("soon", "window")


def test_a_missing_argument_is_named_with_what_it_is() -> None:
    """our choice."""
    for sent in (None, "", "  "):
        with pytest.raises(InputError, match="service is missing: Name of the service"):
            SERVICE.value_of(sent)
    assert OBJECTIVE.value_of(None) == "0.999"


@given(st.text(max_size=400))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_free_text_stays_one_quoted_line_whatever_it_holds(sent: str) -> None:
    """our choice: text cannot end a line, a quotation, a code span or a fence."""
    shown = as_data(read_text(sent, "notes"))
    assert "\n" not in shown
    assert "\r" not in shown
    assert "`" not in shown
    assert isinstance(json.loads(shown), str)
