"""Checks of generated alert rules: loaded and tested by promtool where it is, by our own replay where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.text import cleaned
from tools.artefacts import CheckAnswer
from tools.concurrent import outcome_of, seconds_left
from tools.context import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from connectors.programs import ProgramRun
    from server.deps import Deps
    from sre.core.rules.model import RuleFile
    from sre.core.rules.scenarios import Scenario

_MAX_DETAIL = 600
_PROGRAM_SECONDS = 25.0


async def rule_checks(
    deps: Deps,
    *,
    files: Mapping[str, str],
    rules: Sequence[RuleFile],
    scenarios: Sequence[Scenario],
) -> list[CheckAnswer]:
    """Return whether rules load, and do in each situation what they must.

    Args:
        files: Rules and tests by path.
        rules: The same rules as data.
        scenarios: Those of the tests.
    """
    fired = sum(any(one.fires for one in scenario.expectations) for scenario in scenarios)
    name = f"{len(scenarios)} situations: in {fired} an alert must fire, in the others none"
    if not deps.promtool.is_available:
        return [await _parsed(rules), await _replayed(name, rules, scenarios)]
    tests = [path for path in files if path.startswith("tests/")]
    loaded = {path: text for path, text in files.items() if path.startswith("rules/")}
    checks = [await _run("rules load", "promtool check rules", lambda: deps.promtool.check_rules(loaded))]
    tested = await _run(name, "promtool test rules", lambda: deps.promtool.test_rules(files, tests=tests))
    if tested.ok is None:
        # Out of time: our own replay takes a moment.
        return [*checks, tested, await _replayed(name, rules, scenarios)]
    return [*checks, tested]


async def _run(name: str, tool: str, call: Callable[[], Awaitable[ProgramRun]]) -> CheckAnswer:
    run = await outcome_of(call, seconds=min(_PROGRAM_SECONDS, seconds_left()), system="promtool")
    if isinstance(run, SreError):
        return CheckAnswer(name=name, tool=tool, ok=None, detail=cleaned(run.message, limit=_MAX_DETAIL))
    detail = "" if run.is_ok else cleaned(run.output, limit=_MAX_DETAIL)
    return CheckAnswer(name=name, tool=tool, ok=run.is_ok, detail=detail)


async def _parsed(rules: Sequence[RuleFile]) -> CheckAnswer:
    from sre.core.promql import parse

    problems = []
    for rule in (rule for file in rules for rule in file.rules()):
        try:
            parse(rule.expr)
        except SreError as error:
            problems.append(error.message)
    detail = "; ".join(problems) or "promtool is not on this machine."
    return CheckAnswer(
        name="expressions parse", tool="sre-mcp", ok=not problems, detail=cleaned(detail, limit=_MAX_DETAIL)
    )


async def _replayed(name: str, rules: Sequence[RuleFile], scenarios: Sequence[Scenario]) -> CheckAnswer:
    from sre.core.rules.model import RuleFile
    from sre.core.rules.scenarios import replayed_scenarios

    together = RuleFile(tuple(group for file in rules for group in file.groups))
    results = await in_thread(lambda: replayed_scenarios(together, scenarios))
    failures = [f"{result.name}: {', '.join(result.failures)}" for result in results if result.failures]
    return CheckAnswer(
        name=name, tool="sre-mcp replay", ok=not failures, detail=cleaned("; ".join(failures), limit=_MAX_DETAIL)
    )
