"""Grafana's identifiers of units, from the words that `sre.core.figures` uses."""

from typing import Final

REQUESTS_PER_SECOND: Final = "reqps"
RATIO: Final = "percentunit"
SECONDS: Final = "s"
PLAIN: Final = "short"

# Source: Grafana, packages/grafana-data/src/valueFormats/categories.ts.
_GRAFANA_UNITS: Final = {
    "seconds": SECONDS,
    "milliseconds": "ms",
    "bytes": "bytes",
    "bytes_per_second": "binBps",
    "ratio": RATIO,
    "percent": "percent",
    "per_second": "cps",
    "count": PLAIN,
    "°C": "celsius",
    "V": "volt",
    "A": "amp",
    "J": "joule",
    "W": "watt",
    "m": "lengthm",
    "g": "massg",
    "Hz": "hertz",
}


def grafana_unit(unit: str) -> str:
    """Return Grafana's identifier for a unit, a plain number where it has none."""
    return _GRAFANA_UNITS.get(unit, PLAIN)
