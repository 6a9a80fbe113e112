"""Rules replayed on history: what they would have recorded, and which alerts would have fired when.

Every rule is evaluated over the whole grid at once. The oracle is Prometheus: same rules, same samples, same alerts at
the same evaluations (`promtool test rules`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sre.core.errors import InputError, RefusedError
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql import EvaluationOptions, Query, SampleStore, evaluate_range, parse
from sre.core.promql.nodes import At, Node, SubqueryNode, VectorNode, children
from sre.core.rules.alert_replay import alert_episodes, alert_samples, alerts_of, distinct_rows, episodes_of
from sre.core.rules.alert_states import AlertEpisode
from sre.core.rules.model import AlertRule, RecordingRule, RuleGroup
from sre.core.rules.recorded import RecordedStore, recorded_samples
from sre.core.rules.references import evaluation_order, needed_rules
from sre.core.series import Grid, SeriesSet
from sre.core.text import listed, quoted

__all__ = ["AlertEpisode", "Replay", "ReplayOptions", "RuleReplay", "alert_episodes", "replay"]


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How rules are evaluated.

    Attributes:
        evaluation: Limits and dialect; its `should_stop` ends the replay between two parts of the work.
    """

    evaluation: EvaluationOptions = field(default_factory=EvaluationOptions)


@dataclass(frozen=True, slots=True)
class RuleReplay:
    """What one rule did.

    Attributes:
        series_count: Series its expression returned at one step or another.
        sample_count: Values its expression returned, all steps together.
        problem: Why it was not replayed; empty if it was.
    """

    rule: RecordingRule | AlertRule
    group: str
    series_count: int = 0
    sample_count: int = 0
    episodes: tuple[AlertEpisode, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """What all rules did.

    Attributes:
        grid: The evaluations; a group with a longer interval is evaluated at every so many of them.
        recorded: The samples below with what the rules recorded on top, ALERTS and ALERTS_FOR_STATE included.
        rules: In the order of the groups.
    """

    grid: Grid
    recorded: RecordedStore
    rules: tuple[RuleReplay, ...]

    @property
    def episodes(self) -> tuple[AlertEpisode, ...]:
        """Active alerts of all rules, by when they began."""
        found = [one for rule in self.rules for one in rule.episodes]
        return tuple(sorted(found, key=lambda one: (one.pending_ms, one.alert, str(one.labels))))

    @property
    def problems(self) -> tuple[RuleReplay, ...]:
        """Rules that were not replayed."""
        return tuple(rule for rule in self.rules if rule.problem)


_DEFAULTS = ReplayOptions()


def replay(
    groups: Sequence[RuleGroup], *, store: SampleStore, grid: Grid, options: ReplayOptions = _DEFAULTS
) -> Replay:
    """Return what the rules would have recorded and alerted had they been evaluated at every step of the grid.

    Before the first step nothing is recorded and no alert is active, as on a fresh server. Rules are evaluated in file
    order: one that reads what a later one records sees it an evaluation late. A rule that cannot be evaluated says so
    in its `problem`, and so do those that need it; the others are replayed.

    Raises:
        RefusedError: `should_stop` said so.
    """
    rules = [(group, rule) for group in groups for rule in group.rules]
    queries = [_parsed(rule.expr) for _, rule in rules]
    needs = needed_rules(
        [rule for _, rule in rules], [query if isinstance(query, Query) else None for query in queries]
    )
    order = evaluation_order(needs)
    made = RecordedStore(store)
    done = {index: _circular(rules[index], loop, rules) for index, loop in order.circular.items()}
    for index in order.order:
        group, rule = rules[index]
        broken = [rules[need][1] for need in sorted(needs[index]) if done[need].problem]
        query = queries[index]
        if not isinstance(query, Query):
            done[index] = RuleReplay(rule, group.name, problem=query)
        elif broken:
            done[index] = RuleReplay(rule, group.name, problem=f"needs {_names(broken)}, which could not be replayed")
        else:
            done[index] = _Replayer(made, _steps_of(group, grid), options, index).replayed(group, rule, query)
    return Replay(grid, made, tuple(done[index] for index in range(len(rules))))


@dataclass(frozen=True, slots=True)
class _Replayer:
    """Replays one rule and lays what it makes over the store."""

    made: RecordedStore
    grid: Grid
    options: ReplayOptions
    index: int

    def replayed(self, group: RuleGroup, rule: RecordingRule | AlertRule, query: Query) -> RuleReplay:
        try:
            series = evaluate_range(
                query, store=self.made.seen_by(self.index), grid=self.grid, options=self.options.evaluation
            ).series
            if isinstance(rule, RecordingRule):
                self._record(rule, series)
                episodes: tuple[AlertEpisode, ...] = ()
            else:
                episodes = self._alert(rule, series)
        except (InputError, RefusedError) as error:
            should_stop = self.options.evaluation.should_stop
            if isinstance(error, RefusedError) and should_stop is not None and should_stop():
                raise
            return RuleReplay(rule, group.name, problem=error.message)
        return RuleReplay(rule, group.name, len(series), series.point_count, episodes)

    def _record(self, rule: RecordingRule, series: SeriesSet) -> None:
        times_ms = self.grid.times_ms()
        rows = distinct_rows([_recorded_labels(rule, labels) for labels in series.labels], series)
        taken = self.made.add(
            (
                recorded_samples(labels, times_ms=times_ms, values=values, present=present)
                for labels, values, present in rows
            ),
            rule_index=self.index,
        )
        if taken:
            raise InputError(f"another rule records {quoted(str(taken[0]))} too.", field="rules")

    def _alert(self, rule: AlertRule, series: SeriesSet) -> tuple[AlertEpisode, ...]:
        alerts = alerts_of(rule, series)
        for alert in alerts:
            self.made.add(alert_samples(rule, alert, grid=self.grid), rule_index=self.index)
        return episodes_of(rule, alerts, grid=self.grid)


def _parsed(expr: str) -> Query | str:
    """Return the query, or why there is none."""
    try:
        query = parse(expr)
    except (InputError, RefusedError) as error:
        return error.message
    if query.value_type not in ("vector", "scalar"):
        return f"a rule needs an instant vector or a scalar, and this is a {query.value_type}"
    if any(at is not None and at.kind != "time" for at in _fixed_instants(query.ast)):
        return "@ start() and @ end() mean each evaluation itself in a rule, which is not followed"
    return query


def _fixed_instants(node: Node) -> Iterator[At | None]:
    if isinstance(node, (SubqueryNode, VectorNode)):
        yield node.at
    for child in children(node):
        yield from _fixed_instants(child)


def _circular(
    at: tuple[RuleGroup, RecordingRule | AlertRule],
    loop: Sequence[int],
    rules: Sequence[tuple[RuleGroup, RecordingRule | AlertRule]],
) -> RuleReplay:
    group, rule = at
    if len(loop) == 1:
        return RuleReplay(
            rule, group.name, problem="it reads what it makes itself, which has no beginning to replay from"
        )
    names = _names([rules[index][1] for index in loop])
    return RuleReplay(rule, group.name, problem=f"{names} read each other, which has no beginning to replay from")


def _names(rules: Sequence[RecordingRule | AlertRule]) -> str:
    return listed([quoted(rule.alert if isinstance(rule, AlertRule) else rule.record, limit=80) for rule in rules])


def _steps_of(group: RuleGroup, grid: Grid) -> Grid:
    """Return the steps at which a group is evaluated: all, or every so many where its interval is longer."""
    every = max(1, round((group.interval_seconds or 0.0) * 1000 / grid.step_ms))
    return Grid(grid.start_ms, grid.step_ms * every, (grid.count - 1) // every + 1)


def _recorded_labels(rule: RecordingRule, labels: Labels) -> Labels:
    return labels.replaced(**{**rule.labels, METRIC_NAME: rule.record})
