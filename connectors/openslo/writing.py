"""An SLO as the OpenSLO v1 document that reads back as it, the way a person would write it."""

from connectors.openslo.extensions import Extensions, written_extensions
from connectors.openslo.fields import API_VERSION
from connectors.openslo.time_window import duration_text, written_window
from sre.core.rules.writing import YamlValue, yaml_document
from sre.core.slo.model import RatioIndicator, RawRatioIndicator, Slo, ThresholdIndicator, TimeSlices

# A counter that only grows is counted with increase(); this one adds up what a gauge held at each scrape.
_GAUGE_CALL = "sum_over_time("


def document_from_slo(slo: Slo, *, header: str = "") -> str:
    """Return the OpenSLO v1 document of an SLO, YAML.

    Args:
        header: Comment lines at the top, without the leading `#`.
    """
    document: dict[str, YamlValue] = {
        "apiVersion": API_VERSION,
        "kind": "SLO",
        "metadata": _metadata(slo),
        "spec": _filled(
            {
                "description": slo.description,
                "service": slo.service,
                "indicator": {"metadata": {"name": slo.name}, "spec": _indicator(slo)},
                "timeWindow": [written_window(slo.window)],
                "budgetingMethod": "Timeslices" if isinstance(slo.budgeting, TimeSlices) else "Occurrences",
                "objectives": [_objective(slo)],
            }
        ),
    }
    return yaml_document(document, header=header)


def _metadata(slo: Slo) -> YamlValue:
    extensions = Extensions(slo.group_by, slo.maintenance, slo.alerting)
    return _filled(
        {
            "name": slo.name,
            "displayName": slo.display_name,
            "labels": dict(slo.labels),
            "annotations": written_extensions(extensions),
        }
    )


def _indicator(slo: Slo) -> YamlValue:
    match slo.indicator:
        case RatioIndicator(good=good, bad=bad, total=total):
            sides = {"good": good, "bad": bad, "total": total}
            queries = {side: query for side, query in sides.items() if query}
            is_counter = not any(_GAUGE_CALL in query for query in queries.values())
            metrics: dict[str, YamlValue] = {side: _metric(query, slo) for side, query in queries.items()}
            return {"ratioMetric": {"counter": is_counter, **metrics}}
        case RawRatioIndicator(query=query, is_failure=is_failure):
            return {"ratioMetric": {"rawType": "failure" if is_failure else "success", "raw": _metric(query, slo)}}
        case ThresholdIndicator(query=query):
            return {"thresholdMetric": _metric(query, slo)}


def _metric(query: str, slo: Slo) -> YamlValue:
    source: dict[str, YamlValue] = {"metricSourceRef": slo.source_name or "", "type": "Prometheus"}
    return {"metricSource": _filled({**source, "spec": {"query": query}})}


def _objective(slo: Slo) -> YamlValue:
    objective: dict[str, YamlValue] = {}
    if isinstance(slo.indicator, ThresholdIndicator):
        objective |= {"op": slo.indicator.op, "value": _number(slo.indicator.value)}
    objective["target"] = slo.objective_ratio
    if isinstance(slo.budgeting, TimeSlices):
        objective["timeSliceTarget"] = _number(slo.budgeting.target_ratio)
        objective["timeSliceWindow"] = duration_text(slo.budgeting.slice_window)
    return objective


def _number(value: float) -> int | float:
    # Whole numbers up to here are the same as int and as float, and read better without a point.
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _filled(fields: dict[str, YamlValue]) -> dict[str, YamlValue]:
    return {name: value for name, value in fields.items() if value not in ("", {}, None)}
