"""The indicator of an OpenSLO document: a ratio of counters, a ratio that is there already, or a threshold metric."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from connectors.openslo.fields import (
    INDICATOR_FIELDS,
    METADATA_FIELDS,
    METRIC_FIELDS,
    METRIC_SOURCE_FIELDS,
    RATIO_FIELDS,
    SLI_FIELDS,
    check_fields,
    part,
)
from connectors.openslo.objectives import Threshold, check_no_threshold, read_threshold
from sre.core.errors import InputError
from sre.core.problems import Findings
from sre.core.promql_text import WINDOW
from sre.core.slo.count_query import parse_count_query
from sre.core.slo.model import Indicator, RatioIndicator, RawRatioIndicator, ThresholdIndicator
from sre.core.text import listed, nearest_names, quoted
from sre.slo.definition import gauge_as_count, sampled_query_problem

Side = Literal["good", "bad", "total"]
_SIDES: tuple[Side, ...] = ("good", "bad", "total")
# What speaks PromQL, as documents name it; letters and digits only are compared.
_PROMETHEUS_TYPES = frozenset(
    {
        "prometheus", "thanos", "cortex", "mimir", "grafanamimir", "victoriametrics", "amazonprometheus",
        "amazonmanagedprometheus", "googlemanagedprometheus", "azureprometheus", "chronosphere",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Companions:
    """Documents that an SLO may refer to, by name.

    Attributes:
        indicators: Of `kind: SLI`.
        data_sources: Of `kind: DataSource`.
    """

    indicators: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    data_sources: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadIndicator:
    """An indicator and the data source it names, if any."""

    indicator: Indicator
    source_name: str | None = None


def read_indicator(
    spec: Mapping[str, object], objective: Mapping[str, object], companions: Companions, found: Findings
) -> ReadIndicator | None:
    """Return the indicator of an SLO's spec, or None where it has a problem."""
    path, sli = _sli_spec(spec, companions, found)
    if sli is None:
        return None
    check_fields(sli, SLI_FIELDS, path=path, found=found)
    reader = _Reader(path, companions, found)
    if ("ratioMetric" in sli) == ("thresholdMetric" in sli):
        found.add(path, "needs one of ratioMetric and thresholdMetric", "count good (or bad) and total events")
        return None
    if "thresholdMetric" in sli:
        return reader.threshold(sli, read_threshold(objective, found))
    check_no_threshold(objective, found)
    ratio = part(sli, "ratioMetric", path=path, found=found)
    return reader.ratio(ratio) if ratio is not None else None


def _sli_spec(
    spec: Mapping[str, object], companions: Companions, found: Findings
) -> tuple[str, Mapping[str, object] | None]:
    """Return where the spec of the SLI stands, and the spec, None where it has a problem."""
    reference = spec.get("indicatorRef")
    if reference is None:
        return "spec.indicator.spec", _inline_spec(spec, found)
    if "indicator" in spec:
        found.add("spec.indicatorRef", "is there beside indicator", "keep one of them")
    known = sorted(companions.indicators)
    if not isinstance(reference, str) or reference not in companions.indicators:
        near = nearest_names(str(reference), known, count=5) or known
        mending = f"known: {', '.join(quoted(name, limit=80) for name in near[:5]) or 'none'}; or give it as indicator"
        found.add("spec.indicatorRef", f"{quoted(str(reference))} is no document of kind SLI beside it", mending)
        return "", None
    where = f"SLI {quoted(reference, limit=80)}"
    return f"{where}.spec", part(companions.indicators[reference], "spec", path=where, found=found)


def _inline_spec(spec: Mapping[str, object], found: Findings) -> Mapping[str, object] | None:
    indicator = part(spec, "indicator", path="spec", found=found)
    if indicator is None:
        return None
    # Some write the whole document of kind SLI in place.
    check_fields(indicator, ("apiVersion", "kind", *INDICATOR_FIELDS), path="spec.indicator", found=found)
    metadata = indicator.get("metadata")
    if isinstance(metadata, Mapping):
        check_fields(metadata, METADATA_FIELDS, path="spec.indicator.metadata", found=found)
    return part(indicator, "spec", path="spec.indicator", found=found)


class _Reader:
    """Reads the metrics of one indicator, and gathers which data sources they name."""

    def __init__(self, path: str, companions: Companions, found: Findings) -> None:
        self.path = path
        self.found = found
        self.data_sources = companions.data_sources
        self.named: dict[str, None] = {}

    def threshold(self, sli: Mapping[str, object], held_against: Threshold | None) -> ReadIndicator | None:
        query = self._query(sli, "thresholdMetric", self.path)
        self._check_sampled(query, f"{self.path}.thresholdMetric.metricSource.spec.query")
        if not query or held_against is None:
            return None
        return self._read(ThresholdIndicator(query, held_against.op, held_against.value))

    def ratio(self, ratio: Mapping[str, object]) -> ReadIndicator | None:
        path = f"{self.path}.ratioMetric"
        check_fields(ratio, RATIO_FIELDS, path=path, found=self.found)
        is_counter = ratio.get("counter", True)
        if not isinstance(is_counter, bool):
            self.found.add(f"{path}.counter", "is not true or false", "true: the metrics only grow")
        if "raw" in ratio or "rawType" in ratio:
            return self._raw(ratio, path)
        given = [side for side in _SIDES if side in ratio]
        if len(given) != 2:
            what = "has good, bad and total, which may contradict each other" if given else "has no raw, good or total"
            what = f"has {given[0]} alone" if len(given) == 1 else what
            self.found.add(path, what, "needs two of good, bad and total, for example bad and total")
        queries = {side: self._side(ratio, side, path, is_counter=is_counter is True) for side in given}
        if len(given) != 2 or not all(queries.values()):
            return None
        return self._read(RatioIndicator(queries.get("good"), queries.get("bad"), queries.get("total")))

    def _raw(self, ratio: Mapping[str, object], path: str) -> ReadIndicator | None:
        beside = [side for side in _SIDES if side in ratio]
        if beside:
            self.found.add(f"{path}.raw", f"is there beside {listed(beside)}", "keep the raw ratio or the counts")
        raw_type = ratio.get("rawType")
        if raw_type not in ("success", "failure"):
            what = "is missing" if raw_type is None else f"{quoted(str(raw_type))} is neither success nor failure"
            self.found.add(f"{path}.rawType", what, "success: the query is good/total; failure: it is bad/total")
        query = self._query(ratio, "raw", path)
        self._check_sampled(query, f"{path}.raw.metricSource.spec.query")
        return self._read(RawRatioIndicator(query, is_failure=raw_type == "failure")) if query else None

    def _side(self, ratio: Mapping[str, object], side: Side, path: str, *, is_counter: bool) -> str:
        query = self._query(ratio, side, path)
        place = f"{path}.{side}.metricSource.spec.query"
        if query and not is_counter and WINDOW not in query:
            return self._gauge(query, place)
        if query:
            try:
                parse_count_query(query, field="query")
            except InputError as error:
                # The message begins with the field, which is `query` in whichever place it stands.
                mending = "; ".join(error.next_steps) or "mend the PromQL"
                self.found.add(place, error.message.removeprefix("query ").rstrip("."), mending)
        return query

    def _gauge(self, query: str, place: str) -> str:
        counted = gauge_as_count(query)
        if counted is None:
            self.found.add(
                place,
                "is no single selector, so counter: false has no one meaning for it",
                f"count with [{WINDOW}] in it, such as sum_over_time(good_events[{WINDOW}])",
            )
        return counted or ""

    def _check_sampled(self, query: str, place: str) -> None:
        problem = sampled_query_problem(query) if query else None
        if problem is not None:
            self.found.add(place, *problem)

    def _query(self, parent: Mapping[str, object], key: str, path: str) -> str:
        """Return the PromQL of a metric, empty where it has a problem."""
        metric = part(parent, key, path=path, found=self.found)
        if metric is None:
            return ""
        check_fields(metric, METRIC_FIELDS, path=f"{path}.{key}", found=self.found)
        source = part(metric, "metricSource", path=f"{path}.{key}", found=self.found)
        if source is None:
            return ""
        place = f"{path}.{key}.metricSource"
        check_fields(source, METRIC_SOURCE_FIELDS, path=place, found=self.found)
        if not self._is_prometheus(source, place):
            return ""
        spec = part(source, "spec", path=place, found=self.found)
        if spec is None:
            return ""
        # The specification leaves the fields of a data source's spec open; some write promql.
        name = "promql" if "promql" in spec and "query" not in spec else "query"
        return self.found.text(spec, name, path=f"{place}.spec")

    def _is_prometheus(self, source: Mapping[str, object], place: str) -> bool:
        reference, kind = source.get("metricSourceRef"), source.get("type")
        if reference is not None:
            if not isinstance(reference, str) or not reference.strip():
                self.found.add(
                    f"{place}.metricSourceRef", "is not a name", "give the name of a source, or leave it out"
                )
                return False
            self.named.setdefault(reference.strip())
            kind = kind if kind is not None else self._type_of(reference.strip())
        if kind is None or "".join(filter(str.isalnum, str(kind).lower())) in _PROMETHEUS_TYPES:
            return True
        self.found.add(f"{place}.type", f"{quoted(str(kind))} does not speak PromQL", "use Prometheus")
        return False

    def _type_of(self, reference: str) -> object:
        spec = self.data_sources.get(reference, {}).get("spec")
        return spec.get("type") if isinstance(spec, Mapping) else None

    def _read(self, indicator: Indicator) -> ReadIndicator:
        if len(self.named) > 1:
            names: Sequence[str] = [quoted(name, limit=80) for name in self.named]
            self.found.add(
                self.path, f"reads from {len(names)} sources: {listed(names)}", "measure both sides at one source"
            )
        return ReadIndicator(indicator, next(iter(self.named), None))
