"""OpenSLO v1 documents as our SLO object; everything wrong or not supported is said at once, by its place.

Format: https://github.com/OpenSLO/OpenSLO, specification v1. `docs/concepts/slos.md` says what of it is read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.openslo.extensions import GROUP_BY, read_extensions
from connectors.openslo.fields import (
    API_VERSION,
    DOCUMENT_FIELDS,
    KEPT_KINDS,
    METADATA_FIELDS,
    READ_KINDS,
    SLO_FIELDS,
    check_fields,
    nearest_field,
    part,
    texts,
)
from connectors.openslo.indicators import Companions, read_indicator
from connectors.openslo.objectives import read_budgeting, read_target
from connectors.openslo.time_window import read_window
from sre.core.conventions import SERVICE_LABEL
from sre.core.errors import InputError
from sre.core.problems import Findings
from sre.core.slo.model import Budgeting, Indicator, RatioIndicator, Slo, TimeSlices
from sre.core.slo.windows import RollingWindow, SloWindow
from sre.core.text import cleaned, listed, quoted
from sre.core.yaml_text import yaml_documents
from sre.slo.definition import labels_dropped, queries_of

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
# The specification's limit.
_MAX_DESCRIPTION = 1050
_POLICIES_NOTE = (
    "alertPolicies and the documents they name are kept as they are and not used: alerts are made from burn-rate "
    "tiers, which the annotation sre-mcp/alerting changes."
)


@dataclass(frozen=True, slots=True)
class ReadSlo:
    """An SLO as its document says, and what of the document is not used."""

    slo: Slo
    notes: tuple[str, ...] = ()


def document_name(document: Mapping[str, object]) -> str:
    """Return `metadata.name`, or an empty string."""
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return name if isinstance(name, str) else ""


def companions_of(documents: Sequence[Mapping[str, object]]) -> Companions:
    """Return those of the documents that an SLO may refer to."""
    by_kind = {
        kind: {document_name(document): document for document in documents if document.get("kind") == kind}
        for kind in ("SLI", "DataSource")
    }
    return Companions(indicators=by_kind["SLI"], data_sources=by_kind["DataSource"])


def slo_from_text(text: str) -> Slo:
    """Return the SLO of a YAML text; other OpenSLO documents may stand beside it.

    Raises:
        InputError: Not YAML, no or several SLOs, or an invalid one; lists every problem with its path and mending.
    """
    return read_slo(text).slo


def read_slo(text: str) -> ReadSlo:
    """Return the SLO of a YAML text and what of the text is not used; other OpenSLO documents may stand beside it.

    Raises:
        InputError: Not YAML, no or several SLOs, or an invalid one; lists every problem with its path and mending.
    """
    parsed = yaml_documents(text, what="The SLO document", field="slo")
    documents = [document for document in parsed if isinstance(document, Mapping)]
    slos = [document for document in documents if document.get("kind") == "SLO"]
    if len(slos) != 1 or len(documents) != len(parsed):
        raise InputError(
            f"The text holds {len(slos)} OpenSLO documents of kind SLO; one is needed.",
            field="slo",
            next_steps=("begin with apiVersion: openslo/v1 and kind: SLO; define_slo writes one from its parts.",),
        )
    found = Findings()
    for document in documents:
        _check_kind(document, found)
    found.raise_if_any(what="The text", field_name="slo")
    return slo_read(slos[0], companions=companions_of(documents), beside=documents)


def slo_from_document(
    document: Mapping[str, object], *, indicators: Mapping[str, Mapping[str, object]] | None = None
) -> Slo:
    """Return the SLO that a parsed document of kind SLO describes; `indicators` as in `slo_read`."""
    return slo_read(document, companions=Companions(indicators or {})).slo


def slo_read(
    document: Mapping[str, object],
    *,
    companions: Companions | None = None,
    beside: Sequence[Mapping[str, object]] = (),
) -> ReadSlo:
    """Return the SLO that a document describes.

    Args:
        document: Parsed YAML with `kind: SLO`.
        companions: What it may refer to.
        beside: The documents it stands among, for the note on those that are not used.

    Raises:
        InputError: Invalid or not supported; lists every problem with its path and mending.
    """
    found = Findings()
    name = _checked_head(document, found)
    spec = part(document, "spec", path="$", found=found) or {}
    slo = _slo(name, document, spec, companions or Companions(), found) if spec else None
    found.raise_if_any(what=f"The SLO document {quoted(name or '(no name)')}", field_name="slo")
    if slo is None:  # pragma: no cover - each None comes with a problem
        raise AssertionError("a part is missing without a problem")
    return ReadSlo(slo, _notes(spec, beside))


def _slo(
    name: str, document: Mapping[str, object], spec: Mapping[str, object], companions: Companions, found: Findings
) -> Slo | None:
    check_fields(spec, SLO_FIELDS, path="spec", found=found)
    raw_metadata = document.get("metadata")
    metadata = raw_metadata if isinstance(raw_metadata, Mapping) else {}
    window = read_window(found.first(spec, "timeWindow", path="spec"), found)
    objective = found.first(spec, "objectives", path="spec")
    target = read_target(objective, found)
    budgeting = read_budgeting(spec.get("budgetingMethod"), objective, found)
    indicator = read_indicator(spec, objective, companions, found)
    extensions = read_extensions(metadata, found)
    labels = texts(metadata, "labels", path="metadata", found=found)
    if window is None or indicator is None:
        return None
    service = cleaned(_text(spec, "service", "spec", found))
    _check_slices(budgeting, window, found)
    _check_groups(extensions.group_by, indicator.indicator, service, found)
    return Slo(
        name=name,
        objective_ratio=target,
        window=window,
        indicator=indicator.indicator,
        service=service,
        display_name=cleaned(_text(metadata, "displayName", "metadata", found)),
        description=cleaned(_text(spec, "description", "spec", found), limit=_MAX_DESCRIPTION),
        source_name=indicator.source_name,
        budgeting=budgeting,
        group_by=extensions.group_by,
        maintenance=extensions.maintenance,
        alerting=extensions.alerting,
        labels=labels,
    )


def _checked_head(document: Mapping[str, object], found: Findings) -> str:
    if document.get("apiVersion") != API_VERSION:
        found.add("apiVersion", f"is {quoted(str(document.get('apiVersion')))}", f"only {API_VERSION} is read")
    check_fields(document, DOCUMENT_FIELDS, path="$", found=found)
    metadata = found.mapping(document, "metadata", path="$")
    check_fields(metadata, METADATA_FIELDS, path="metadata", found=found)
    name = found.text(metadata, "name", path="metadata")
    if name and not _NAME.fullmatch(name):
        found.add("metadata.name", f"{quoted(name)} is not a DNS name", "use lower-case letters, digits, - and .")
    return name


def _check_kind(document: Mapping[str, object], found: Findings) -> None:
    kind = str(document.get("kind"))
    known = (*READ_KINDS, *KEPT_KINDS)
    if kind in known:
        return
    nearest = nearest_field(kind, known)
    mending = f"did you mean {nearest}?" if nearest else f"kinds are {listed(known)}"
    found.add("kind", f"{quoted(kind, limit=60)} is not a kind of OpenSLO v1", mending)


def _text(parent: Mapping[str, object], key: str, path: str, found: Findings) -> str:
    value = parent.get(key)
    if value is not None and not isinstance(value, str):
        found.add(f"{path}.{key}", "is not text", "put it in quotes")
        return ""
    return value or ""


def _check_slices(budgeting: Budgeting, window: SloWindow, found: Findings) -> None:
    if not isinstance(budgeting, TimeSlices) or not isinstance(window, RollingWindow):
        return
    if budgeting.slice_window.seconds >= window.duration.seconds:
        found.add("spec.objectives[0].timeSliceWindow", "is as long as the time window", "make slices such as 1m or 5m")


def _check_groups(labels: tuple[str, ...], indicator: Indicator, service: str, found: Findings) -> None:
    path = f"metadata.annotations.{GROUP_BY}"
    if SERVICE_LABEL in labels and service:
        found.add(path, "groups by service, and spec.service sets that label", "leave one of them out")
    is_counter = isinstance(indicator, RatioIndicator)
    for side, query in queries_of(indicator).items():
        lost = labels_dropped(query, labels, is_counter=is_counter)
        if lost:
            found.add(path, f"the {side} query aggregates {listed(lost)} away", f"sum by ({', '.join(labels)}) there")


def _notes(spec: Mapping[str, object], beside: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    kept = {"AlertPolicy", "AlertCondition", "AlertNotificationTarget"}
    has_policies = bool(spec.get("alertPolicies")) or any(document.get("kind") in kept for document in beside)
    return (_POLICIES_NOTE,) if has_policies else ()
