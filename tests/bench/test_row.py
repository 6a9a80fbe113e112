"""What a line of the benchmark says, and when it says that a promise was broken."""

import pytest

from bench.row import Row, shown, spread, table


@pytest.mark.parametrize(
    ("row", "is_met"),
    [
        (Row("small enough", ours=4096, unit="bytes", limit=4096), True),
        (Row("a byte too many", ours=4097, unit="bytes", limit=4096), False),
        (Row("fast beside the peer", ours=1.3, unit="s", peer=1.0, limit=1.3, is_ratio_limited=True), True),
        (Row("slow beside the peer", ours=1.4, unit="s", peer=1.0, limit=1.3, is_ratio_limited=True), False),
        (Row("over the limit, whatever the peer", ours=2, unit="s", peer=10, limit=1.3), False),
        (Row("at least that much", ours=0.92, unit="ratio", at_least=0.92), True),
        (Row("less than that", ours=0.91, unit="ratio", at_least=0.92), False),
        (Row("between both", ours=0.8, unit="ratio", at_least=0.75, limit=0.87), True),
        (Row("more than both", ours=0.88, unit="ratio", at_least=0.75, limit=0.87), False),
        (Row("less than both", ours=0.74, unit="ratio", at_least=0.75, limit=0.87), False),
        (Row("nothing promised", ours=5, unit="s", peer=1), None),
        (Row("no peer to compare with", ours=5, unit="s", limit=1.3, is_ratio_limited=True), None),
    ],
    ids=lambda value: value.what if isinstance(value, Row) else str(value),
)
def test_a_promise_is_judged_on_what_it_is_about(row: Row, is_met: bool | None) -> None:
    """Our choice: a limit is about our figure or about the ratio, and says so."""
    assert row.is_met is is_met


def test_a_broken_promise_stands_out_in_the_table() -> None:
    """Our choice: one line a row, the verdict last."""
    rows = [
        Row("slow", ours=2.06, unit="s", peer=10.07, peer_name="peer", limit=1.3),
        Row("absent peer", ours=120, unit="bytes", peer_name="peer could not be installed"),
    ]
    assert table(rows).splitlines()[2:] == [
        "| slow | 2.06 s | 10.07 s (peer) | 0.205 | <= 1.30 s | NO |",
        "| absent peer | 120 B | peer could not be installed | - | - | - |",
    ]


def test_a_promise_with_two_ends_names_both() -> None:
    """Our choice."""
    lines = table(
        [
            Row("held", ours=0.8, unit="ratio", at_least=0.75, limit=0.87),
            Row("found", ours=0.9, unit="ratio", at_least=0.92),
        ]
    ).splitlines()
    assert lines[2].endswith("| 75 % to 87 % | yes |")
    assert lines[3].endswith("| >= 92 % | NO |")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0125, "s", "12.5 ms"),
        (1.0, "s", "1.00 s"),
        (999, "bytes", "999 B"),
        (582_613, "bytes", "583 kB"),
        (0.125, "ratio", "12.5 %"),
        (0.9512, "number", "0.951"),
    ],
)
def test_figures_are_shown_in_a_unit_that_fits(value: float, unit: str, text: str) -> None:
    """Our choice."""
    assert shown(value, unit) == text  # type: ignore[arg-type]


def test_the_record_keeps_the_spread() -> None:
    """Source: arithmetic."""
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "min": 1.0, "max": 3.0, "count": 3}
