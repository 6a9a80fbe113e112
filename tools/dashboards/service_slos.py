"""Which SLO says how many requests of a service may fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.errors import SreError
from tools.slo_lookup import slo_registry

if TYPE_CHECKING:
    from server.deps import Deps
    from sre.core.golden_signals import ServiceSignals
    from sre.core.promql import Matcher
    from sre.core.slo.model import Slo


async def availability_slo(deps: Deps, signals: ServiceSignals) -> Slo | None:
    """Return the strictest SLO that counts the very failures the service's error ratio counts, or None."""
    try:
        registry = await slo_registry(deps).load_all()
    except SreError:
        return None
    fitting = [one.slo for one in registry.slos if one.slo.service == signals.service and _fits(one.slo, signals)]
    return max(fitting, key=lambda slo: slo.objective_ratio, default=None)


def _fits(slo: Slo, signals: ServiceSignals) -> bool:
    """Whether an SLO's events are the requests of the signals and its bad ones their failures."""
    from sre.core.slo.model import Occurrences, RatioIndicator

    indicator = slo.indicator
    if not isinstance(indicator, RatioIndicator) or not isinstance(slo.budgeting, Occurrences):
        return False
    pairs = ((indicator.bad, signals.error_counter), (indicator.total, signals.request_counter))
    return all(counted and selector and _same(counted, selector) for counted, selector in pairs)


def _same(counted: str, selector: str) -> bool:
    from sre.core.slo.count_query import parse_count_query

    try:
        terms = parse_count_query(counted, field="slo").terms
        counters = [term.counter for term in terms if term.counter is not None]
        return len(counters) == len(terms) == 1 and _matchers(counters[0]) == _matchers(selector)
    except SreError:
        return False


def _matchers(selector: str) -> frozenset[Matcher]:
    from sre.core.promql import parse_selector

    return frozenset(parse_selector(selector))
