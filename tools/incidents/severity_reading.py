"""What a source says about the harm done now: how many requests of each service fail, against what is usual."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sre.core.errors import InputError, NoDataError, SreError
from sre.core.text import quoted
from sre.core.times import Duration, Window
from sre.incidents.harm import RECENT_SECONDS, Harm
from tools.answer import QueryEvidence
from tools.concurrent import all_of, outcome_of, seconds_left
from tools.golden_signals import found_service
from tools.incidents.service_list import all_services

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from connectors.base import MetricSource
    from server.deps import Deps
    from sre.core.golden_signals import ServiceSignals

RECENT = Duration(RECENT_SECONDS)
# What is usual is read from a day that ends before the trouble, most likely.
_DAY = Duration(86_400.0)
_BEFORE = timedelta(hours=1)
_DAYS_BACK = (1, 7)
# Each costs some ten queries.
MAX_SERVICES = 12
_READ_SECONDS = 20.0


@dataclass(slots=True)
class HarmRead:
    """What was read of all services.

    Attributes:
        harms: The service of which most requests fail first.
        queries: By service.
        skipped: Services that were not looked at.
        failure: Why some value was not read; the last reason.
    """

    harms: list[Harm] = field(default_factory=list)
    queries: dict[str, list[QueryEvidence]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failure: SreError | None = None


@dataclass(frozen=True, slots=True)
class HarmReader:
    """Reads services at one source.

    Attributes:
        at: The instant that is judged.
        since: When the incident began.
    """

    deps: Deps
    source: MetricSource
    at: datetime
    since: datetime

    async def read(self, services: Sequence[str]) -> HarmRead:
        """Return what services suffer; with none named, those the source knows.

        Raises:
            NoDataError: A named service is not there, and no other is; says which names exist.
            UpstreamError: The source said nothing at all.
        """
        found = HarmRead()
        named = list(services) or await self._all_names()
        found.skipped += named[MAX_SERVICES:]
        outcomes = await all_of([partial(self._service, name, found) for name in named[:MAX_SERVICES]])
        failures = [one for one in outcomes if isinstance(one, SreError)]
        if failures and len(failures) == len(outcomes):
            raise failures[0]
        found.notes += [failure.message for failure in failures]
        found.harms = [
            one for one in outcomes if isinstance(one, Harm) and (services or not one.is_empty or one.is_gone)
        ]
        found.harms.sort(key=lambda one: -(one.failing_ratio or 0.0))
        if found.failure is not None and all(one.is_empty for one in outcomes if isinstance(one, Harm)):
            raise found.failure
        return found

    async def _all_names(self) -> list[str]:
        found = await all_services(self.source, window=Window(self.at - _BEFORE, self.at))
        if not found:
            raise NoDataError(
                f"{self.source.name} names no services in its labels then.",
                next_steps=("name the services, or tell the facts.",),
            )
        return list(found)

    async def _service(self, service: str, into: HarmRead) -> Harm | SreError:
        window = Window(self.at - _BEFORE, self.at)
        mapping = self.deps.services.get(service)
        try:
            # It keeps to the deadline of the call itself.
            found = await found_service(self.source, service, window=window, mapping=mapping, with_hosts=False)
        except InputError:
            raise
        except SreError as error:
            return _near(error)
        harm = Harm(service)
        values = await self._values(_questions(found.signals, at=self.at, since=self.since), harm, into)
        harm.failing_ratio, harm.usual_ratio = values.get("errors"), values.get("usual errors")
        harm.latency_seconds, harm.usual_latency_seconds = values.get("latency"), values.get("usual latency")
        harm.traffic_per_second = values.get("traffic")
        earlier = [value for days in _DAYS_BACK if (value := values.get(f"traffic {days} d ago"))]
        harm.usual_per_second = min(earlier) if earlier else None
        harm.requests, harm.failed = values.get("requests"), values.get("failed requests")
        if harm.failed is None and harm.requests is not None and found.signals.error_query:
            harm.failed = 0.0
        return harm

    async def _values(
        self, questions: Mapping[str, tuple[str, datetime]], harm: Harm, into: HarmRead
    ) -> dict[str, float | None]:
        async def value(name: str) -> float | None:
            query, at = questions[name]
            outcome = await outcome_of(
                lambda: self.source.instant_query(query, at=at),
                seconds=min(_READ_SECONDS, seconds_left()),
                system=self.source.name,
            )
            if isinstance(outcome, SreError):
                harm.unread.append(name)
                into.failure = outcome
                return None
            count = outcome.samples_read or len(outcome.values)
            if at == self.at:
                evidence = QueryEvidence(query=query, series_count=len(outcome.labels), sample_count=count)
                into.queries.setdefault(harm.service, []).append(evidence)
            finite = [float(one) for one in outcome.values.tolist() if math.isfinite(one)]
            return max(finite) if finite else None

        names = list(questions)
        return dict(zip(names, await all_of([partial(value, name) for name in names]), strict=True))


def _questions(signals: ServiceSignals, *, at: datetime, since: datetime) -> dict[str, tuple[str, datetime]]:
    """Return what to ask, by what it is: a query and its instant."""
    from sre.core.golden_signals import with_window

    asked: dict[str, tuple[str, datetime]] = {}
    before = at - _BEFORE
    if signals.errors is not None:
        asked["errors"] = with_window(signals.errors.query, RECENT), at
        asked["usual errors"] = with_window(signals.errors.query, _DAY), before
    if signals.main_latency is not None:
        asked["latency"] = with_window(signals.main_latency.query, RECENT), at
        asked["usual latency"] = with_window(signals.main_latency.query, _DAY), before
    if signals.traffic is not None:
        traffic = with_window(signals.traffic.query, RECENT)
        asked["traffic"] = traffic, at
        asked |= {f"traffic {days} d ago": (traffic, at - timedelta(days=days)) for days in _DAYS_BACK}
    lasted = Duration(max(RECENT.seconds, (at - since).total_seconds()))
    if signals.total_query:
        asked["requests"] = with_window(signals.total_query, lasted), at
    if signals.error_query:
        asked["failed requests"] = with_window(signals.error_query, lasted), at
    return asked


def _near(error: SreError) -> SreError:
    """Return the error with the names that exist in its sentence, for answers that only keep the sentence."""
    if isinstance(error, NoDataError) and error.nearest:
        message = f"{error.message} Nearest that exist: {', '.join(error.nearest)}."
        return NoDataError(message, causes=error.causes, nearest=error.nearest, next_steps=error.next_steps)
    return error


def unread_note(harm: Harm) -> str:
    """Return what could not be read of a service, as a sentence."""
    return f"Not read of {quoted(harm.service, limit=80)}: {', '.join(harm.unread)}; the source did not answer."
