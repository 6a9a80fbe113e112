"""The PromQL evaluator beside a real Prometheus, as lines of the table; `bench.evaluator` does the measuring."""

from bench import evaluator
from bench.row import Row

PEER = "Prometheus over HTTP"


def rows() -> list[Row]:
    """Return all queries together, and the one that does worst."""
    found = evaluator.run()
    worst = max(found, key=lambda row: row.ratio)
    return [
        Row(
            f"{len(found)} PromQL range queries, our evaluator, one after the other",
            ours=sum(row.evaluator_seconds for row in found),
            unit="s",
            peer=sum(row.prometheus_seconds for row in found),
            peer_name=PEER,
            detail={row.query: [row.evaluator_seconds, row.prometheus_seconds] for row in found},
        ),
        Row(
            f"The worst of them: `{worst.query}`",
            ours=worst.evaluator_seconds,
            unit="s",
            peer=worst.prometheus_seconds,
            peer_name=PEER,
        ),
    ]
