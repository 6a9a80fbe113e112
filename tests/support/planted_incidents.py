"""Systems of services with a known culprit, as series on one timeline."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from sre.core.labels import Labels
from sre.core.series import FloatArray
from sre.incidents.suspects.kinds import kind_of
from sre.incidents.suspects.model import Behaviour, Kind, Ranking, Symptom, Timeline
from sre.incidents.suspects.ranking import rank_suspects

# A Monday, 00:00 UTC, 2026-01-05.
START_MS = 1_767_571_200_000
MINUTE_MS = 60_000
LEVELS: Mapping[str, tuple[float, float]] = {
    "cpu_usage": (0.4, 0.03),
    "memory_bytes": (5e8, 4e6),
    "request_latency_p95_seconds": (0.2, 0.012),
    "requests_per_second": (80.0, 3.0),
}

Change = Callable[[FloatArray], FloatArray]


@dataclass
class System:
    """Services with noisy metrics, normal at first, then an incident.

    Attributes:
        normal: Steps before the incident.
        incident: Steps of it.
        seed: Of the noise.
    """

    normal: int = 240
    incident: int = 20
    seed: int = 0
    step_ms: int = MINUTE_MS
    series: list[Behaviour] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    @property
    def steps(self) -> int:
        """All steps."""
        return self.normal + self.incident

    @property
    def start_ms(self) -> int:
        """When the incident starts."""
        return START_MS + self.normal * self.step_ms

    @property
    def timeline(self) -> Timeline:
        """All steps before the incident are normal."""
        times = START_MS + self.step_ms * np.arange(self.steps, dtype=np.int64)
        end = int(times[-1]) + 1
        return Timeline.around(times, incident_start_ms=self.start_ms, incident_end_ms=end, step_ms=self.step_ms)

    def services(self, *names: str) -> "System":
        """Add the usual metrics of some services, nothing wrong with them."""
        for name in names:
            for metric, (level, noise) in LEVELS.items():
                self.add(name, metric, self.noisy(level, noise))
        return self

    def noisy(self, level: float, noise: float) -> FloatArray:
        """Return a level with normal noise, one value a step."""
        return level + noise * self.rng.standard_normal(self.steps)

    def add(
        self, service: str, metric: str, values: FloatArray, *, kind: Kind | None = None, **labels: str
    ) -> "System":
        """Add a series."""
        self.series.append(Behaviour(service, metric, values, Labels(labels), kind or kind_of(metric)))
        return self

    def shift(self, service: str, metric: str, *, by: float, at: int = 0, until: int | None = None) -> "System":
        """Move a metric by `by`, from step `at` of the incident (may be negative) up to `until`."""
        end = self.steps if until is None else self.normal + until
        for behaviour in self.series:
            if (behaviour.service, behaviour.metric) == (service, metric):
                behaviour.values[self.normal + at : end] += by
        return self

    def ranking(self, *, callers: tuple[tuple[str, str], ...] = (), symptom: Symptom | None = None) -> Ranking:
        """Rank the suspects."""
        return rank_suspects(self.series, self.timeline, callers=callers, symptom=symptom)


def names(ranking: Ranking) -> list[str]:
    """Return the services, most suspect first."""
    return [one.service for one in ranking.services]
