"""An OpenSLO v1 document of kind SLO as our SLO object; what is not supported yet is refused by name.

Format: https://github.com/OpenSLO/OpenSLO, specification v1, sections SLO and SLI.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sre.core.errors import InputError
from sre.core.problems import Findings
from sre.core.slo.budget import budget_ratio
from sre.core.slo.count_query import parse_count_query
from sre.core.slo.model import RatioIndicator, Slo
from sre.core.slo.windows import CalendarUnit, CalendarWindow, RollingWindow, SloWindow, parse_slo_window, zone_of
from sre.core.text import cleaned, quoted

API_VERSION = "openslo/v1"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
# OpenSLO's duration shorthand; M, Q and Y have no fixed length, so they only make calendar windows.
_CALENDAR_DURATIONS: dict[str, CalendarUnit] = {
    "1w": "week",
    "7d": "week",
    "1M": "month",
    "1Q": "quarter",
    "1Y": "year",
}
_SIDES: tuple[Literal["good", "bad", "total"], ...] = ("good", "bad", "total")
_START_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d")


def document_name(document: Mapping[str, object]) -> str:
    """Return `metadata.name`, or an empty string."""
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return name if isinstance(name, str) else ""


def slo_from_text(text: str) -> Slo:
    """Return the SLO of a YAML text; it may hold documents of kind SLI beside the one of kind SLO.

    Raises:
        InputError: Not YAML, no or several SLOs, or an invalid one; lists every problem with its path and mending.
    """
    import yaml

    try:
        parsed = [document for document in yaml.safe_load_all(text) if document is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(f"The SLO document is not YAML: {quoted(str(error))}.", field="slo") from None
    documents = [document for document in parsed if isinstance(document, Mapping)]
    slos = [document for document in documents if document.get("kind") == "SLO"]
    if len(slos) != 1 or len(documents) != len(parsed):
        raise InputError(
            f"The text holds {len(slos)} OpenSLO documents of kind SLO; one is needed.",
            field="slo",
            next_steps=("begin with apiVersion: openslo/v1 and kind: SLO; define_slo writes one from its parts.",),
        )
    indicators = {document_name(document): document for document in documents if document.get("kind") == "SLI"}
    return slo_from_document(slos[0], indicators=indicators)


def slo_from_document(
    document: Mapping[str, object], *, indicators: Mapping[str, Mapping[str, object]] | None = None
) -> Slo:
    """Return the SLO that a document describes.

    Args:
        document: Parsed YAML with `kind: SLO`.
        indicators: Documents of `kind: SLI` by name, for `indicatorRef`.

    Raises:
        InputError: Invalid or not supported; lists every problem with its path and mending.
    """
    found = Findings()
    name = _checked_name(document, found)
    spec = found.mapping(document, "spec", path="$")
    window = _window(found.first(spec, "timeWindow", path="spec"), found)
    objective = _objective(found.first(spec, "objectives", path="spec"), found)
    _check_method(spec, found)
    indicator, source_name = _indicator(_indicator_spec(spec, indicators or {}, found), found)
    found.raise_if_any(what=f"The SLO document {quoted(name or '(no name)')}", field_name="slo")
    if window is None or indicator is None:  # pragma: no cover - each None comes with a problem
        raise AssertionError("a part is missing without a problem")
    metadata = found.mapping(document, "metadata", path="$")
    return Slo(
        name=name,
        objective_ratio=objective,
        window=window,
        indicator=indicator,
        service=cleaned(str(spec.get("service") or "")),
        display_name=cleaned(str(metadata.get("displayName") or "")),
        description=cleaned(str(spec.get("description") or ""), limit=1050),
        source_name=source_name,
    )


def _checked_name(document: Mapping[str, object], found: Findings) -> str:
    if document.get("apiVersion") != API_VERSION:
        found.add("apiVersion", f"is {quoted(str(document.get('apiVersion')))}", f"only {API_VERSION} is read")
    metadata = found.mapping(document, "metadata", path="$")
    name = found.text(metadata, "name", path="metadata")
    if name and not _NAME.fullmatch(name):
        found.add("metadata.name", f"{quoted(name)} is not a DNS name", "use lower-case letters, digits, - and .")
    return name


def _window(spec: Mapping[str, object], found: Findings) -> SloWindow | None:
    path = "spec.timeWindow[0]"
    if not spec:
        return None
    duration = found.text(spec, "duration", path=path)
    calendar = spec.get("calendar")
    if spec.get("isRolling") is True and calendar is None:
        return _rolling(duration, path, found) if duration else None
    if spec.get("isRolling") is True or not isinstance(calendar, Mapping):
        found.add(path, "is neither rolling nor calendar", "set isRolling: true, or isRolling: false with a calendar")
        return None
    return _calendar(duration, calendar, path, found)


def _rolling(duration: str, path: str, found: Findings) -> SloWindow | None:
    try:
        window = parse_slo_window(duration)
    except InputError as error:
        found.add(f"{path}.duration", error.message, "use 7d, 28d, 30d, 90d or 4w")
        return None
    if isinstance(window, RollingWindow):
        return window
    found.add(f"{path}.duration", "names a calendar period", "use 30d, or isRolling: false with a calendar")
    return None


def _calendar(duration: str, calendar: Mapping[str, object], path: str, found: Findings) -> SloWindow | None:
    unit = _CALENDAR_DURATIONS.get(duration)
    if unit is None:
        found.add(f"{path}.duration", f"{quoted(duration)} is not a calendar period", "use 1w, 1M, 1Q or 1Y")
    zone = found.text(calendar, "timeZone", path=f"{path}.calendar")
    try:
        zone_of(zone or "UTC")
    except InputError as error:
        found.add(f"{path}.calendar.timeZone", error.message, "use an IANA name such as Europe/Berlin")
    if unit and not _starts_a_period(calendar.get("startTime"), unit):
        found.add(
            f"{path}.calendar.startTime",
            f"is not the start of a calendar {unit}",
            f"only windows that begin with the {unit} at 00:00 are supported",
        )
    return CalendarWindow(unit, zone) if unit and zone else None


def _starts_a_period(start: object, unit: CalendarUnit) -> bool:
    at = _start_time(start)
    if at is None or (at.hour, at.minute, at.second) != (0, 0, 0):
        return False
    if unit == "week":
        return at.weekday() == 0
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    return at.day == 1 and (at.month - 1) % months == 0


def _start_time(start: object) -> datetime | None:
    if isinstance(start, datetime):
        return start
    for pattern in _START_FORMATS:
        try:
            return datetime.strptime(str(start), pattern)  # noqa: DTZ007  # wall-clock time, its zone is beside it
        except ValueError:
            continue
    return None


def _objective(spec: Mapping[str, object], found: Findings) -> float:
    path = "spec.objectives[0]"
    if not spec:
        return 0.0
    for key in ("timeSliceTarget", "timeSliceWindow", "op", "value", "indicator", "indicatorRef", "compositeWeight"):
        if key in spec:
            found.add(f"{path}.{key}", "is not supported yet", "use a ratioMetric with target and Occurrences")
    target, percent = spec.get("target"), spec.get("targetPercent")
    if (target is None) == (percent is None):
        found.add(path, "needs one of target and targetPercent", "for example target: 0.999")
        return 0.0
    value = target if percent is None else percent
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        found.add(path, "target is not a number", "for example target: 0.999")
        return 0.0
    ratio = float(value) if percent is None else float(Decimal(str(value)) / 100)
    try:
        budget_ratio(ratio, field="target")
    except InputError as error:
        found.add(f"{path}.target", error.message, "give a share of good events between 0 and 1")
    return ratio


def _check_method(spec: Mapping[str, object], found: Findings) -> None:
    method = spec.get("budgetingMethod")
    if method != "Occurrences":
        found.add("spec.budgetingMethod", f"{quoted(str(method))} is not supported yet", "use Occurrences")


def _indicator_spec(
    spec: Mapping[str, object], indicators: Mapping[str, Mapping[str, object]], found: Findings
) -> Mapping[str, object]:
    reference = spec.get("indicatorRef")
    if isinstance(reference, str):
        if reference not in indicators:
            found.add(
                "spec.indicatorRef",
                f"{quoted(reference)} is not a document of kind SLI in the folder",
                f"known: {', '.join(sorted(indicators)) or 'none'}",
            )
            return {}
        return found.mapping(indicators[reference], "spec", path=f"SLI {reference}")
    return found.mapping(found.mapping(spec, "indicator", path="spec"), "spec", path="spec.indicator")


def _indicator(spec: Mapping[str, object], found: Findings) -> tuple[RatioIndicator | None, str | None]:
    path = "indicator.spec"
    if "thresholdMetric" in spec:
        found.add(f"{path}.thresholdMetric", "is not supported yet", "use a ratioMetric of good (or bad) and total")
        return None, None
    if not spec:
        return None, None
    ratio = found.mapping(spec, "ratioMetric", path=path)
    for key in ("raw", "rawType"):
        if key in ratio:
            found.add(f"{path}.ratioMetric.{key}", "is not supported yet", "give good (or bad) and total counters")
    sides = {side: _query(ratio, side, found) for side in _SIDES if side in ratio}
    if ratio and len(sides) < 2:
        found.add(f"{path}.ratioMetric", "needs two of good, bad and total", "add the missing one")
        return None, None
    if ratio.get("counter") is False and not all("$window" in query for query, _ in sides.values()):
        found.add(f"{path}.ratioMetric.counter", "false is not supported yet", "count with [$window] in each query")
    references = {reference for _, reference in sides.values() if reference}
    queries = {side: query for side, (query, _) in sides.items()}
    if not all(queries.values()) or len(queries) < 2:
        return None, None
    return RatioIndicator(**queries), min(references, default=None)


def _query(ratio: Mapping[str, object], side: str, found: Findings) -> tuple[str, str | None]:
    path = f"indicator.spec.ratioMetric.{side}"
    metric_source = found.mapping(found.mapping(ratio, side, path="ratioMetric"), "metricSource", path=path)
    kind = metric_source.get("type")
    if kind is not None and str(kind).lower() != "prometheus":
        found.add(f"{path}.metricSource.type", f"{quoted(str(kind))} is not supported yet", "use Prometheus")
        return "", None
    spec = found.mapping(metric_source, "spec", path=f"{path}.metricSource")
    query = found.text(spec, "query", path=f"{path}.metricSource.spec") if spec else ""
    if query:
        try:
            parse_count_query(query, field="query")
        except InputError as error:
            found.add(
                f"{path}.metricSource.spec.query", error.message, "; ".join(error.next_steps) or "mend the PromQL"
            )
    reference = metric_source.get("metricSourceRef")
    return query, reference if isinstance(reference, str) else None
