"""Situations that alerts are held against: series made up by hand, and which alerts must fire when.

What must happen follows from how a situation was made, never from evaluating the rules. The same situations are
written as unit tests for promtool and carried out by our own replay.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sre.core.conventions import SEVERITY_LABEL
from sre.core.exact import exact_number
from sre.core.labels import Labels
from sre.core.rules.model import RuleFile
from sre.core.rules.writing import YamlValue, yaml_document
from sre.core.times import format_duration

if TYPE_CHECKING:
    from sre.core.rules.alert_states import AlertEpisode

# All `for` and window lengths are multiples of it, and a week of evaluations stays cheap.
EVALUATION_SECONDS: Final = 300.0
SAMPLE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Values one after another, one a sample interval: start, start + slope, ...; no values where `start` is None."""

    start: float | None
    count: int
    slope: float = 0.0

    @property
    def end(self) -> float:
        """The value that would follow the last one."""
        return (self.start or 0.0) + self.slope * self.count

    def notation(self) -> str:
        """Return it as promtool writes series: `start+slopexTIMES`, which makes one value more than it says."""
        if self.start is None:
            return f"_x{self.count}"
        sign = "-" if self.slope < 0 else "+"
        return f"{exact_number(self.start)}{sign}{exact_number(abs(self.slope))}x{self.count - 1}"

    def values(self) -> list[float | None]:
        """Return the values, None where there is none."""
        if self.start is None:
            return [None] * self.count
        return [self.start + self.slope * index for index in range(self.count)]


@dataclass(frozen=True, slots=True)
class InputSeries:
    """A series of a situation, from time 0."""

    labels: Labels
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """Whether an alert fires at an instant, seconds from the start; `severity` is the rule's."""

    alert: str
    at_seconds: float
    fires: bool
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One situation.

    Attributes:
        name: What happens, as a sentence.
        sample_seconds: Distance of the samples of all its series.
    """

    name: str
    inputs: tuple[InputSeries, ...]
    expectations: tuple[Expectation, ...]
    sample_seconds: float = SAMPLE_SECONDS

    @property
    def end_seconds(self) -> float:
        """The last instant that is looked at."""
        return max((one.at_seconds for one in self.expectations), default=0.0)


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What went wrong in a situation; nothing if it went as it must."""

    name: str
    failures: tuple[str, ...]


def counter(*parts: tuple[float, float], sample_seconds: float = SAMPLE_SECONDS) -> tuple[Stretch, ...]:
    """Return a counter that grows by so much a second for so many seconds, part after part.

    Args:
        parts: (seconds, growth per second); it starts at 0.
    """
    stretches: list[Stretch] = []
    value = 0.0
    for seconds, per_second in parts:
        stretch = Stretch(value, max(1, round(seconds / sample_seconds)), per_second * sample_seconds)
        stretches.append(stretch)
        value = stretch.end
    return tuple(stretches)


def gauge(*parts: tuple[float, float | None], sample_seconds: float = SAMPLE_SECONDS) -> tuple[Stretch, ...]:
    """Return a gauge that has a value for so many seconds, part after part; None is no value at all."""
    return tuple(Stretch(value, max(1, round(seconds / sample_seconds))) for seconds, value in parts)


def promtool_tests(scenarios: Sequence[Scenario], *, rule_paths: Sequence[str], header: str = "") -> str:
    """Return the situations as a file for `promtool test rules`.

    Args:
        rule_paths: Of the rules, relative to the test file.
    """
    document: dict[str, YamlValue] = {
        "rule_files": list(rule_paths),
        "evaluation_interval": format_duration(EVALUATION_SECONDS),
        "tests": [_test(scenario) for scenario in scenarios],
    }
    return yaml_document(document, header=header)


def replayed_scenarios(file: RuleFile, scenarios: Iterable[Scenario]) -> tuple[ScenarioResult, ...]:
    """Carry the situations out on our own evaluator."""
    return tuple(_replayed(file, scenario) for scenario in scenarios)


def _test(scenario: Scenario) -> dict[str, YamlValue]:
    return {
        "name": scenario.name,
        "interval": format_duration(scenario.sample_seconds),
        "input_series": [
            {"series": str(one.labels), "values": " ".join(stretch.notation() for stretch in one.stretches)}
            for one in scenario.inputs
        ],
        "promql_expr_test": [_expr_test(expectation) for expectation in scenario.expectations],
    }


def _expr_test(expectation: Expectation) -> dict[str, YamlValue]:
    expected: list[YamlValue] = []
    if expectation.fires:
        labels = Labels({"alertname": expectation.alert, SEVERITY_LABEL: expectation.severity})
        expected.append({"labels": str(labels), "value": 1})
    # Grouped, since which labels an alert carries beside these is the expression's business.
    firing = f'ALERTS{{alertname="{expectation.alert}",alertstate="firing"}}'
    return {
        "expr": f"group by (alertname, {SEVERITY_LABEL}) ({firing})",
        "eval_time": format_duration(expectation.at_seconds),
        "exp_samples": expected,
    }


def _replayed(file: RuleFile, scenario: Scenario) -> ScenarioResult:
    from sre.core.rules.replay import replay
    from sre.core.rules.scenario_store import ScenarioStore
    from sre.core.series import Grid

    step_ms = round(EVALUATION_SECONDS * 1000)
    grid = Grid(0, step_ms, round(scenario.end_seconds * 1000) // step_ms + 1)
    found = replay(file.groups, store=ScenarioStore(scenario), grid=grid)
    failures = [one.problem for one in found.problems]
    for expected in scenario.expectations:
        at_ms = round(expected.at_seconds * 1000)
        fires = any(one.alert == expected.alert and _fires_at(one, at_ms) for one in found.episodes)
        if fires != expected.fires:
            said = "fires" if fires else "is silent"
            failures.append(f"{expected.alert} {said} at {format_duration(expected.at_seconds)}")
    return ScenarioResult(scenario.name, tuple(failures))


def _fires_at(episode: "AlertEpisode", at_ms: int) -> bool:
    if episode.firing_ms is None or at_ms < episode.firing_ms:
        return False
    return episode.resolved_ms is None or at_ms < episode.resolved_ms
