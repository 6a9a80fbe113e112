import math

import pytest

from sre.core.figures import figure_text, plain_text, seconds_text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0123, "ratio", "1.23 %"),
        (1.0, "ratio", "100 %"),
        (42.5, "percent", "42.5 %"),
        (0.4123, "seconds", "412 ms"),
        (412.3, "milliseconds", "412 ms"),
        (1536.0, "bytes", "1.5 KiB"),
        (3.0 * 1024**3, "bytes_per_second", "3 GiB/s"),
        (0.0, "bytes", "0 B"),
        (-2048.0, "bytes", "-2 KiB"),
        (2140.4, "per_second", "2,140/s"),
        (21.5, "celsius", "21.5 celsius"),
        (1234567.0, "count", "1,234,567"),
        (None, "seconds", "no value"),
        (math.nan, "", "no value"),
        (math.inf, "seconds", "infinite"),
        (-math.inf, "", "minus infinite"),
    ],
)
def test_a_number_reads_as_people_write_it(value: float | None, unit: str, text: str) -> None:
    assert figure_text(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0000025, "2.5 µs"),
        (0.25, "250 ms"),
        (1.0, "1 s"),
        (90.0, "90 s"),
        (600.0, "10 min"),
        (7200.0, "2 h"),
        (432_000.0, "5 d"),
        (-0.25, "-250 ms"),
        (0.0, "0 s"),
    ],
)
def test_time_is_in_the_unit_people_would_choose(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (7.0, "7"),
        (0.123456, "0.123"),
        (99.96, "100"),
        (1234.56, "1,235"),
        (4_766_099.6, "4,766,100"),
        (999_999_999.6, "1,000,000,000"),
        (1.2345e9, "1,230,000,000"),
        (2e16, "2.00e+16"),
        (1e-9, "1.00e-09"),
    ],
)
def test_plain_numbers_have_three_significant_digits_and_never_lose_their_whole_part(value: float, text: str) -> None:
    assert plain_text(value) == text
