"""Which fields OpenSLO v1 has, so that a misspelt one is an error and not a wish that nobody hears.

Format: https://github.com/OpenSLO/OpenSLO, specification v1.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from sre.core.problems import Findings
from sre.core.text import listed, quoted

API_VERSION: Final = "openslo/v1"
# Documents that are read, and those that are accepted beside them and left as they are.
READ_KINDS: Final = ("SLO", "SLI", "DataSource")
KEPT_KINDS: Final = ("Service", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")

DOCUMENT_FIELDS: Final = ("apiVersion", "kind", "metadata", "spec")
METADATA_FIELDS: Final = ("name", "displayName", "labels", "annotations")
SLO_FIELDS: Final = (
    "description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives",
    "alertPolicies",
)  # fmt: skip
INDICATOR_FIELDS: Final = ("metadata", "spec")
SLI_FIELDS: Final = ("description", "thresholdMetric", "ratioMetric")
RATIO_FIELDS: Final = ("counter", "good", "bad", "total", "raw", "rawType")
METRIC_FIELDS: Final = ("metricSource",)
METRIC_SOURCE_FIELDS: Final = ("metricSourceRef", "type", "spec")
ROLLING_FIELDS: Final = ("duration", "isRolling", "calendar")
CALENDAR_FIELDS: Final = ("startTime", "timeZone")
OBJECTIVE_FIELDS: Final = (
    "displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow", "indicator",
    "indicatorRef", "compositeWeight",
)  # fmt: skip

# Of difflib's ratio; lower, and unlike words count as misspelt ones (our choice).
_SIMILAR = 0.6


def check_fields(mapping: Mapping[str, object], known: tuple[str, ...], *, path: str, found: Findings) -> None:
    """Record a problem for each field that is not known there, with the nearest that is."""
    for key in mapping:
        if key in known:
            continue
        nearest = nearest_field(str(key), known)
        mending = f"did you mean {nearest}?" if nearest else f"fields are {listed(known, limit=12)}"
        found.add(f"{path}.{quoted(str(key), limit=60)}", "is not a field here", mending)


def nearest_field(spelt: str, known: tuple[str, ...]) -> str | None:
    """Return the most similar of the known names, whatever its capitals; None if none is close."""
    by_folded = {name.casefold(): name for name in known}
    close = get_close_matches(spelt[:200].casefold(), by_folded, n=1, cutoff=_SIMILAR)
    return by_folded[close[0]] if close else None


def part(parent: Mapping[str, object], key: str, *, path: str, found: Findings) -> Mapping[str, object] | None:
    """Return a mapping below `parent`, or None with a problem where it is missing, empty or something else."""
    value = parent.get(key)
    if isinstance(value, Mapping) and value:
        return value
    what = "is missing" if value is None else "is empty" if value == {} else "is not a mapping"
    found.add(f"{path}.{key}", what, "give a mapping")
    return None


def texts(parent: Mapping[str, object], key: str, *, path: str, found: Findings) -> dict[str, str]:
    """Return a mapping of texts below `parent`, empty if there is none; a list of texts becomes one with commas."""
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        found.add(f"{path}.{key}", "is not a mapping", "give names and texts")
        return {}
    read = {str(name): _text(item) for name, item in value.items()}
    for name, text in read.items():
        if text is None:
            found.add(f"{path}.{key}.{quoted(name, limit=80)}", "is not text", "put it in quotes")
    return {name: text for name, text in read.items() if text is not None}


def _text(value: object) -> str | None:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return value if isinstance(value, str) else None
