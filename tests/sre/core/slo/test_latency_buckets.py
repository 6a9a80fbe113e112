"""Bounds of buckets: every spelling of a number, and no other number."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.errors import InputError
from sre.core.promql import parse
from sre.core.promql.regex import full_match_regex
from sre.core.slo.latency_buckets import bounds_of, bucket_match, bucket_matcher, checked_bound

SPELT = {
    0.2: ["0.2", "0.20", "0.200", ".2", "2e-1", "2E-1", "2e-01", "2.0e-1", "2.0E-1"],
    0.25: ["0.25", "0.250", "2.5e-1", "2.5e-01", "2.50E-01", "25e-2"],
    1.0: ["1", "1.0", "1.", "1.00", "1e0", "1e+00", "1E0", "1.0e+00", "01"],
    2.5: ["2.5", "2.50", "2.5e0", "2.5e+00", "2.5E0", "25e-1"],
    10.0: ["10", "10.0", "1e1", "1e+01", "1.0E1"],
    1e-05: ["0.00001", "0.000010", "1e-05", "1e-5", "1.0E-5"],
    1e6: ["1000000", "1000000.0", "1e6", "1e+06", "1.0E6"],
    1200.0: ["1200", "1200.0", "1.2e3", "1.2e+03", "12e2"],
    math.inf: ["+Inf", "Inf", "+inf", "inf"],
}
EVERY_SPELLING = [spelt for spellings in SPELT.values() for spelt in spellings]
# No numbers, or numbers that are close in their letters only.
NO_BOUND = ["", "x", "0x2", "0125", "0_2", "-0.2", "-1", "NaN", "1e", "e1", "100", "0.25.0", "11", "12", "2.51", "1e-1"]


def matches(bound: float, spelt: str) -> bool:
    return full_match_regex(bucket_match(bound)[2]).matches(spelt)


@pytest.mark.parametrize("bound", SPELT)
def test_every_spelling_matches_and_that_of_no_other_number(bound: float) -> None:
    """Source: Go's 'g' and 'f' formats, Java's Double.toString, Python's repr, and the Prometheus 3 migration guide."""
    for spelt in SPELT[bound]:
        assert matches(bound, spelt), spelt
    for spelt in EVERY_SPELLING + NO_BOUND:
        if spelt not in SPELT[bound]:
            assert not matches(bound, spelt), spelt


FORMATS = ["{:f}", "{:.12f}", "{:e}", "{:E}", "{:g}", "{!r}", "{:.3e}", "{:.1f}", "0{!r}"]
# Bounds as people choose them: up to five digits, at any scale.
BOUNDS = st.builds(lambda digits, power: float(f"{digits}e{power}"), st.integers(1, 99_999), st.integers(-7, 4))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(bound=BOUNDS, other=BOUNDS, template=st.sampled_from(FORMATS))
def test_a_formatted_number_matches_exactly_when_it_reads_back_as_the_bound(
    bound: float, other: float, template: str
) -> None:
    for number in (bound, other):
        spelt = template.format(number)
        assert matches(bound, spelt) == (float(spelt) == bound), (bound, spelt)


@pytest.mark.parametrize("bound", SPELT)
def test_the_matcher_is_promql(bound: float) -> None:
    parse(f"sum(increase(http_request_duration_seconds_bucket{{{bucket_matcher(bound)}}}[5m]))")


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, -math.inf])
def test_what_is_no_bound_is_refused(wrong: float) -> None:
    with pytest.raises(InputError):
        bucket_matcher(wrong)


def test_bounds_are_read_from_labels_in_any_spelling() -> None:
    assert bounds_of(["+Inf", "1.0", "1", "0.25", "2.5e-1", "x", "NaN"]) == (0.25, 1.0)


def test_a_threshold_between_two_buckets_is_refused_with_the_real_ones() -> None:
    with pytest.raises(InputError, match=r"0\.35") as refused:
        checked_bound(0.35, (0.1, 0.3, 0.4))
    assert refused.value.valid == ("0.1", "0.3", "0.4")
    assert "0.3 or 0.4" in refused.value.next_steps[0]
    assert checked_bound(0.1 + 0.2, (0.1, 0.3)) == 0.3
