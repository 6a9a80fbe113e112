"""Checks of generated SLO rules: promtool's own where it is, the same scenarios on our evaluator where it is not."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from sre.core.errors import SreError
from sre.core.text import cleaned, listed
from tools.artefacts import CheckAnswer
from tools.concurrent import outcome_of, seconds_left
from tools.context import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from server.deps import Deps
    from sre.slo.rule_tests import RuleTestFile
    from sre.slo.trial import Scenario, Subject

_MAX_DETAIL = 700
_CHECK_SECONDS = 15.0
# For all unit tests together; what has not run by then is tried by our own evaluator, which takes a moment each.
_TEST_SECONDS = 30.0
_EVALUATOR_SECONDS = 8.0
# As many processes as a small machine bears.
_AT_ONCE = 2
_OWN = "sre-mcp evaluator"


@dataclass(frozen=True)
class CheckedRules:
    """The rules of one SLO with what tries them."""

    subject: Subject
    scenarios: tuple[Scenario, ...]
    tests: tuple[RuleTestFile, ...]

    @property
    def name(self) -> str:
        """The SLO's name."""
        return self.subject.rules.slo.name

    def files(self) -> dict[str, str]:
        """Return rules and tests by path."""
        rules = self.subject.rules
        return {rules.file.path: rules.yaml(), **{test.path: test.content for test in self.tests}}


async def rule_checks(deps: Deps, made: Sequence[CheckedRules]) -> list[CheckAnswer]:
    """Return whether the rules load, and do in each scenario what arithmetic says they must."""
    if not deps.promtool.is_available:
        missing = "promtool is not on this machine, so Prometheus itself has not seen these rules."
        return [_parsed(made), await _evaluated(made, detail=missing)]
    loaded = await _loaded(deps, made)
    if loaded.ok is False:
        return [loaded]
    failed, late = await _tested(deps, made)
    done = [one for one in made if one not in late]
    checks = [loaded]
    if done:
        checks.append(
            CheckAnswer(
                name=_scenarios_name(done),
                tool="promtool test rules",
                ok=not failed,
                detail=cleaned("; ".join(failed), limit=_MAX_DETAIL),
            )
        )
    if late:
        names = listed([one.name for one in late])
        checks.append(await _evaluated(late, detail=f"promtool had no time for {names}; its tests are in the files."))
    return checks


async def _loaded(deps: Deps, made: Sequence[CheckedRules]) -> CheckAnswer:
    rules = {path: text for one in made for path, text in one.files().items() if path.startswith("rules/")}
    run = await outcome_of(
        lambda: deps.promtool.check_rules(rules), seconds=min(_CHECK_SECONDS, seconds_left()), system="promtool"
    )
    name, tool = "rules load", "promtool check rules"
    if isinstance(run, SreError):
        return CheckAnswer(name=name, tool=tool, ok=None, detail=cleaned(run.message, limit=_MAX_DETAIL))
    detail = "" if run.is_ok else cleaned(run.output, limit=_MAX_DETAIL)
    return CheckAnswer(name=name, tool=tool, ok=run.is_ok, detail=detail)


async def _tested(deps: Deps, made: Sequence[CheckedRules]) -> tuple[list[str], list[CheckedRules]]:
    """Run all unit tests; returns what failed, and those there was no time for."""
    failed: list[str] = []
    done: set[str] = set()
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def test(one: CheckedRules) -> None:
        async with limiter:
            run = await deps.promtool.test_rules(one.files(), tests=[test.path for test in one.tests])
        done.add(one.name)
        if not run.is_ok:
            failed.append(f"{one.name}: {run.output}")

    async def test_all() -> None:
        async with anyio.create_task_group() as group:
            for one in made:
                group.start_soon(_kept_quiet, test, one)

    seconds = min(_TEST_SECONDS, seconds_left(spare_seconds=_EVALUATOR_SECONDS + 5))
    await outcome_of(test_all, seconds=seconds, system="promtool")
    return failed, [one for one in made if one.name not in done]


async def _kept_quiet(test: Callable[[CheckedRules], Awaitable[None]], one: CheckedRules) -> None:
    # What could not be run counts as not done.
    with suppress(SreError):
        await test(one)


def _parsed(made: Sequence[CheckedRules]) -> CheckAnswer:
    from sre.core.promql import parse

    count = 0
    for one in made:
        for rule in one.subject.rules.file.rules():
            parse(rule.expr)
            count += 1
    return CheckAnswer(name=f"{count} expressions parse", tool="sre-mcp", ok=True)


async def _evaluated(made: Sequence[CheckedRules], *, detail: str) -> CheckAnswer:
    deadline = anyio.current_time() + min(_EVALUATOR_SECONDS, max(0.0, seconds_left(spare_seconds=3)))
    failed: list[str] = []
    done: list[CheckedRules] = []
    for one in made:
        if anyio.current_time() > deadline:
            break
        failed += await in_thread(lambda one=one: _failures(one))  # type: ignore[misc]
        done.append(one)
    left = [one.name for one in made if one not in done]
    late = f" Not tried, for want of time: {listed(left)}." if left else ""
    text = cleaned("; ".join([*failed, f"{detail}{late}"]), limit=_MAX_DETAIL)
    return CheckAnswer(name=_scenarios_name(done), tool=_OWN, ok=None if not done else not failed, detail=text)


def _failures(one: CheckedRules) -> list[str]:
    from sre.core.promql import EvaluationOptions
    from sre.slo.rule_trial import failures

    dialects = {"Prometheus 2": False, "Prometheus 3": True}
    return [
        f"{one.name} by the rules of {name}: {failure}"
        for name, left_open in dialects.items()
        for failure in failures(one.subject, one.scenarios, options=EvaluationOptions(left_open=left_open))
    ]


def _scenarios_name(made: Sequence[CheckedRules]) -> str:
    count = sum(len(one.scenarios) for one in made)
    return f"{count} scenarios go as arithmetic says" + (f" for {len(made)} SLOs" if len(made) > 1 else "")
