"""Run every benchmark, print one table, and keep the figures.

    python -m bench [PART ...]      # all parts by default; --help lists them

Ratios are of figures from this run on this machine; a promise that was not kept makes the exit status 1.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import anyio

from bench.row import Row, table

RESULTS = Path(__file__).parent / "results"


def _startup() -> list[Row]:
    from bench.startup import rows

    return rows()


def _catalogue() -> list[Row]:
    from bench.catalogue import rows

    return anyio.run(rows)


def _queries() -> list[Row]:
    from bench.real_queries import rows

    return anyio.run(rows)


def _concurrency() -> list[Row]:
    from bench.concurrency import rows

    return rows()


def _evaluator() -> list[Row]:
    from bench.evaluator_rows import rows

    return rows()


def _memory() -> list[Row]:
    from bench.memory import rows

    return rows()


def _rules() -> list[Row]:
    from bench.slo_rules import rows

    return rows()


def _backtest() -> list[Row]:
    from bench.slo_backtest import rows

    return rows()


def _root_causes() -> list[Row]:
    from bench.root_causes import rows

    return rows()


def _verdicts() -> list[Row]:
    from bench.verdicts import rows

    return rows()


def _changes() -> list[Row]:
    from bench.changes import rows

    return rows()


def _records() -> list[Row]:
    from bench.records import rows

    return rows()


def _forecasts() -> list[Row]:
    from bench.forecasts import rows

    return rows()


def _forecast_cost() -> list[Row]:
    from bench.forecast_cost import rows

    return rows()


PARTS: Mapping[str, Callable[[], list[Row]]] = {
    "startup": _startup,
    "catalogue": _catalogue,
    "queries": _queries,
    "concurrency": _concurrency,
    "evaluator": _evaluator,
    "memory": _memory,
    "rules": _rules,
    "backtest": _backtest,
    "root_causes": _root_causes,
    "verdicts": _verdicts,
    "changes": _changes,
    "records": _records,
    "forecasts": _forecasts,
    "forecast_cost": _forecast_cost,
}


def main() -> int:
    """Run the parts asked for, all by default."""
    # As the launcher of the server sets it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks beside peers, in one run.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    wanted = parser.parse_args().parts or list(PARTS)
    if unknown := [part for part in wanted if part not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    rows: list[Row] = []
    for part in wanted:
        print(f"{part} ...", file=sys.stderr, flush=True)
        rows += PARTS[part]()
    print(table(rows))
    _keep(rows)
    return 1 if any(row.is_met is False for row in rows) else 0


def _keep(rows: list[Row]) -> None:
    now = datetime.now(tz=UTC)
    record = {
        "at": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "rows": [row.as_json() for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"kept in {path}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
