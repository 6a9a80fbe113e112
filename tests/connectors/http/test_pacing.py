"""When to try again, and how long to wait first."""

from datetime import UTC, datetime

import pytest

from connectors.http import Pacing
from connectors.http.pacing import rate_limit_reset_seconds, retry_after_seconds

NOW = datetime(2015, 10, 21, 7, 27, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2015 07:26:00 GMT", 0.0),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 60.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    """Source: RFC 9110, 10.2.3 and 5.6.7."""
    assert retry_after_seconds(value, now=NOW) == seconds


def test_a_number_of_any_length_is_survived() -> None:
    """Our choice: a hostile header costs nothing; what it says is beyond all patience anyway."""
    waited = retry_after_seconds("9" * 100_000, now=NOW)
    assert waited is not None
    assert waited > 1e8


@pytest.mark.parametrize("drawn", [0.0, 0.5, 1.0])
def test_without_a_request_to_wait_the_ceiling_doubles_and_jitter_is_full(drawn: float) -> None:
    """Source: Brooker (2015), "Exponential Backoff And Jitter": uniform between 0 and base * 2 ** attempt."""
    pacing = Pacing(uniform=lambda: drawn)
    pauses = [pacing.pause_seconds(attempt=attempt, asked_seconds=None) for attempt in (1, 2, 3, 4, 9)]
    assert pauses == [0.5 * drawn, 1.0 * drawn, 2.0 * drawn, 4.0 * drawn, 4.0 * drawn]


def test_what_the_server_asks_for_is_never_undercut() -> None:
    """Source: RFC 9110, 10.2.3: how long the client ought to wait."""
    for drawn in (0.0, 1.0):
        assert Pacing(uniform=lambda drawn=drawn: drawn).pause_seconds(attempt=1, asked_seconds=7.0) >= 7.0


@pytest.mark.parametrize(
    ("value", "seconds"), [("42", 42.0), (" 0 ", 0.0), ("1794700000", None), ("", None), ("soon", None), ("-1", None)]
)
def test_a_rate_limit_reset_is_seconds_and_an_epoch_is_none(value: str, seconds: float | None) -> None:
    """Source: PagerDuty, "REST API Rate Limits"; GitLab writes the epoch of the moment in the same header."""
    assert rate_limit_reset_seconds(value) == seconds
