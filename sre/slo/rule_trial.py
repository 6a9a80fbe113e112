"""An SLO's rules tried on its scenarios by our own evaluator; the same questions that promtool is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sre.core.conventions import TIER_LABEL, budget_burn_alert
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql import EvaluationOptions, evaluate_instant
from sre.core.rules.replay import Replay, ReplayOptions, replay
from sre.core.series import Grid
from sre.slo.rule_tests import alert_expression, firing_labels, missing_expression, read_alerts
from sre.slo.trial import AlertCheck, Scenario, Subject, ValueCheck
from sre.slo.trial_series import ScenarioStore, input_series

_MINUTE_MS = 60_000
# Rounded values are compared; what is left is the noise of sums.
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Failure:
    """A scenario in which the rules did something else than they must."""

    scenario: str
    what: str

    def __str__(self) -> str:
        return f"{self.scenario}: {self.what}"


def failures(
    subject: Subject, scenarios: Sequence[Scenario], *, options: EvaluationOptions | None = None, start_ms: int = 0
) -> tuple[Failure, ...]:
    """Return everything that went otherwise than expected; nothing when the rules are right.

    Args:
        options: Dialect and limits of the evaluation; `should_stop` ends it.
        start_ms: Epoch milliseconds at which every scenario begins.

    Raises:
        RefusedError: `should_stop` said so.
    """
    return tuple(
        Failure(scenario.name, what)
        for scenario in scenarios
        for what in _Trial(subject, scenario, options or EvaluationOptions(), start_ms).problems()
    )


@dataclass(frozen=True)
class _Trial:
    subject: Subject
    scenario: Scenario
    options: EvaluationOptions
    start_ms: int

    def problems(self) -> Iterator[str]:
        done = self._replayed()
        for rule in done.problems:
            yield f"a rule could not be evaluated: {rule.problem}"
        for check in self.scenario.values:
            yield from self._value_problems(done, check)
        for alerts in self.scenario.alerts:
            yield from self._alert_problems(done, alerts)

    def _replayed(self) -> Replay:
        # As promtool does it: every group at every evaluation, whatever its interval.
        groups = [replace(group, interval_seconds=None) for group in self.subject.rules.file.groups]
        store = ScenarioStore(
            [one.samples(start_ms=self.start_ms) for one in input_series(self.subject, self.scenario)]
        )
        step = self.scenario.step_minutes
        grid = Grid(self.start_ms, step * _MINUTE_MS, self.scenario.minutes // step + 1)
        return replay(groups, store=store, grid=grid, options=ReplayOptions(self.options))

    def _alert_problems(self, done: Replay, check: AlertCheck) -> Iterator[str]:
        known = [*check.firing, *check.silent]
        if known:
            wanted = dict.fromkeys(firing_labels(self.subject, check), 1.0)
            yield from self._differences(done, alert_expression(self.subject, known), check.minute, wanted)
        if check.is_missing is not None:
            told = {Labels(): 1.0} if check.is_missing else {}
            yield from self._differences(done, missing_expression(self.subject), check.minute, told)
        if check.is_read:
            yield from self._label_problems(done, check)

    def _label_problems(self, done: Replay, check: AlertCheck) -> Iterator[str]:
        expr = f'ALERTS{{alertname="{budget_burn_alert(self.subject.rules.slo.name)}",alertstate="firing"}}'
        seen = self._seen(done, expr, check.minute)
        stripped = {labels.without(METRIC_NAME, "alertname", "alertstate") for labels in seen}
        for labels, _ in read_alerts(self.subject, check):
            is_template = any("{{" in value for value in labels.values())
            if not is_template and labels not in stripped:
                yield f"no alert of tier {labels.get(TIER_LABEL)} has the labels {labels}"

    def _value_problems(self, done: Replay, check: ValueCheck) -> Iterator[str]:
        yield from self._differences(done, check.expr, check.minute, dict(zip(check.labels, check.values, strict=True)))

    def _differences(self, done: Replay, expr: str, minute: int, wanted: dict[Labels, float]) -> Iterator[str]:
        seen = self._seen(done, expr, minute)
        is_same = seen.keys() == wanted.keys() and all(
            bool(np.isclose(value, wanted[labels], atol=_TOLERANCE)) for labels, value in seen.items()
        )
        if not is_same:
            yield f"at minute {minute}, {expr} is {_shown(seen)} and must be {_shown(wanted)}"

    def _seen(self, done: Replay, expr: str, minute: int) -> dict[Labels, float]:
        at_ms = self.start_ms + minute * _MINUTE_MS
        result = evaluate_instant(expr, store=done.recorded, at_ms=at_ms, options=self.options)
        return dict(zip(result.labels, result.values.tolist(), strict=True))


def _shown(values: dict[Labels, float]) -> str:
    return ", ".join(f"{labels or '{}'} {value:g}" for labels, value in values.items()) or "nothing"
