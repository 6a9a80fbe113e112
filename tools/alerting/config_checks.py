"""Checks of generated configuration: by promtool and amtool where they are, by our own reading where they are not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sre.core.errors import SreError
from sre.core.text import cleaned
from tools.artefacts import CheckAnswer
from tools.concurrent import all_of, outcome_of, seconds_left

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from connectors.programs import ProgramRun
    from server.deps import Deps
    from sre.alerting.emitted_labels import EmittedAlert
    from sre.alerting.routes import Route
    from sre.core.rules.writing import YamlValue
    from tools.alerting.config_files import ConfigSet

# Distributions build Prometheus without kinds of discovery; promtool then takes their sections for spelling mistakes.
_UNKNOWN_DISCOVERY = re.compile(r"field (\w+_sd_configs) not found in type config\.ScrapeConfig")
_UNKNOWN_URL_FILE = "field url_file not found"
_MAX_DETAIL = 600
_PROGRAM_SECONDS = 30.0
_OWN = "sre-mcp"


async def config_checks(deps: Deps, made: ConfigSet) -> list[CheckAnswer]:
    """Return every check of the configuration."""
    calls: list[Callable[[], Awaitable[list[CheckAnswer]]]] = []
    if made.prometheus is not None:
        calls += [lambda: _prometheus(deps, made), lambda: _delivery(deps, made)]
    if made.alertmanager is not None:
        calls += [lambda: _alertmanager(deps, made), lambda: _routes(deps, made), lambda: _templates(deps, made)]
    return [check for checks in await all_of(calls) for check in checks]


def routed(made: ConfigSet) -> list[tuple[EmittedAlert, tuple[str, ...]]]:
    """Return each kind of alert that our generators emit, and the receivers it reaches by our own reading."""
    from sre.alerting.emitted_labels import emitted_alerts
    from sre.alerting.routes import receivers_of

    tree = _tree(made)
    return [(alert, receivers_of(tree, alert.labels)) for alert in emitted_alerts()]


def _tree(made: ConfigSet) -> Route:
    from sre.alerting.existing_config import read_route

    return read_route(made.alertmanager.config.get("route") if made.alertmanager else None)


async def _prometheus(deps: Deps, made: ConfigSet) -> list[CheckAnswer]:
    name = "prometheus.yml and its rules load"
    if not deps.promtool.is_available:
        return [_own_structure("prometheus.yml", made)]
    files = _for_promtool(made)
    run = await _outcome(lambda: deps.promtool.check_config(files))
    missing = sorted(set(_UNKNOWN_DISCOVERY.findall(run.output))) if not isinstance(run, str) else []
    if not missing:
        return [_check(name, "promtool check config", run)]
    again = _for_promtool(made, without=missing)
    found = _check(name, "promtool check config", await _outcome(lambda: deps.promtool.check_config(again)))
    sections = ", ".join(missing)
    detail = f"This promtool was built without it; everything but {sections} was checked."
    return [found, CheckAnswer(name=f"{sections} load", tool="promtool check config", ok=None, detail=detail)]


async def _delivery(deps: Deps, made: ConfigSet) -> list[CheckAnswer]:
    from sre.alerting.delivery_rules import RULES_PATH, TESTS_PATH, delivery_rules, delivery_scenarios
    from sre.core.rules.scenarios import replayed_scenarios
    from tools.context import in_thread

    name = "alerts about the alerting fire when they must, and only then"
    if deps.promtool.is_available:
        files = {path: made.content()[path] for path in (RULES_PATH, TESTS_PATH)}
        run = await _outcome(lambda: deps.promtool.test_rules(files, tests=[TESTS_PATH]))
        return [_check(name, "promtool test rules", run)]
    results = await in_thread(lambda: replayed_scenarios(delivery_rules(), delivery_scenarios()))
    failures = [failure for result in results for failure in result.failures]
    return [CheckAnswer(name=name, tool=f"{_OWN} replay", ok=not failures, detail=cleaned("; ".join(failures)))]


async def _alertmanager(deps: Deps, made: ConfigSet) -> list[CheckAnswer]:
    name = "alertmanager.yml and its templates load"
    if not deps.amtool.is_available:
        return [_own_structure("alertmanager.yml", made)]
    files = _for_amtool(made)
    run = await _outcome(lambda: deps.amtool.check_config(files))
    if isinstance(run, str) or _UNKNOWN_URL_FILE not in run.output:
        return [_check(name, "amtool check-config", run)]
    files = _for_amtool(made, with_url_files=False)
    found = _check(name, "amtool check-config", await _outcome(lambda: deps.amtool.check_config(files)))
    detail = "This amtool is older than 0.26; url_file was replaced by an address for the check."
    return [found, CheckAnswer(name="url_file of webhooks loads", tool="amtool check-config", ok=None, detail=detail)]


async def _routes(deps: Deps, made: ConfigSet) -> list[CheckAnswer]:
    rows = routed(made)
    wrong = [str(alert.labels) for alert, reached in rows if alert.receiver not in reached]
    name = f"{len(rows)} kinds of alerts reach their receiver"
    if not deps.amtool.is_available:
        detail = cleaned(f"otherwise: {'; '.join(wrong)}", limit=_MAX_DETAIL) if wrong else ""
        return [CheckAnswer(name=name, tool=f"{_OWN}, own reading of the routes", ok=not wrong, detail=detail)]
    files = _for_amtool(made, with_url_files=False)
    told = await all_of([_receivers_call(deps, alert.labels, files) for alert, _ in rows])
    odd = [
        f"{alert.labels} goes to {list(by_amtool)}"
        for (alert, reached), by_amtool in zip(rows, told, strict=True)
        if by_amtool != reached or alert.receiver not in by_amtool
    ]
    return [
        CheckAnswer(
            name=name,
            tool="amtool config routes test",
            ok=not odd,
            detail=cleaned("; ".join(odd), limit=_MAX_DETAIL),
        )
    ]


def _receivers_call(
    deps: Deps, labels: Mapping[str, str], files: Mapping[str, str]
) -> Callable[[], Awaitable[tuple[str, ...]]]:
    async def receivers() -> tuple[str, ...]:
        found = await outcome_of(
            lambda: deps.amtool.receivers_of(labels, files=files), seconds=_seconds(), system="amtool"
        )
        return (found.message,) if isinstance(found, SreError) else found

    return receivers


async def _templates(deps: Deps, made: ConfigSet) -> list[CheckAnswer]:
    from sre.alerting.alertmanager_config import template_uses
    from sre.alerting.sample_notifications import sample_notifications

    uses = template_uses(made.notification) if made.notification else ()
    if not uses:
        return []
    name = f"{len(uses)} message templates render"
    if not deps.amtool.is_available:
        detail = "amtool is not on this machine; the templates are fixed texts that are rendered in our own tests."
        return [CheckAnswer(name=name, tool="amtool template render", ok=None, detail=detail)]
    files = {path: text for path, text in made.content().items() if path.endswith(".tmpl")}
    failures = []
    for sample in sample_notifications():
        for use in uses:
            run = await _outcome(
                lambda use=use, sample=sample: deps.amtool.rendered(  # type: ignore[misc]
                    use.text, files=files, data=sample.as_json(), is_html=use.is_html
                )
            )
            if isinstance(run, str) or not run.is_ok or not run.output.strip():
                output = run if isinstance(run, str) else run.output
                failures.append(f"{use.text} for {sample.name}: {output.strip() or 'empty'}")
    detail = cleaned("; ".join(failures), limit=_MAX_DETAIL) or "for a page, a ticket and the end of a page"
    return [CheckAnswer(name=name, tool="amtool template render", ok=not failures, detail=detail)]


async def _outcome(call: Callable[[], Awaitable[ProgramRun]]) -> ProgramRun | str:
    found = await outcome_of(call, seconds=_seconds(), system="the checking program")
    return found.message if isinstance(found, SreError) else found


def _seconds() -> float:
    return min(_PROGRAM_SECONDS, seconds_left())


def _check(name: str, tool: str, run: ProgramRun | str) -> CheckAnswer:
    if isinstance(run, str):
        return CheckAnswer(name=name, tool=tool, ok=None, detail=cleaned(run, limit=_MAX_DETAIL))
    return CheckAnswer(
        name=name, tool=tool, ok=run.is_ok, detail="" if run.is_ok else cleaned(run.output, limit=_MAX_DETAIL)
    )


def _for_promtool(made: ConfigSet, *, without: Sequence[str] = ()) -> dict[str, str]:
    """Return the files with stand-ins for secrets and certificates, which promtool wants to see."""
    from sre.alerting.prometheus_config import certificate_files
    from sre.core.rules.writing import yaml_document

    config = made.prometheus.config if made.prometheus else {}
    files = {path: content for path, content in made.content().items() if path.startswith(("rules/", "targets/"))}
    named = [secret.path for secret in made.secrets if secret.reader == "prometheus"]
    named += certificate_files(made.scrape) if made.scrape else ()
    stand_ins = {path: f"stand-ins/{number}" for number, path in enumerate(dict.fromkeys(named))}
    checked = _rewritten(config, stand_ins, dropped=frozenset(without))
    assert isinstance(checked, dict)
    return {**files, **dict.fromkeys(stand_ins.values(), ""), "prometheus.yml": yaml_document(checked)}


def _for_amtool(made: ConfigSet, *, with_url_files: bool = True) -> dict[str, str]:
    from sre.core.rules.writing import yaml_document

    files = {path: content for path, content in made.content().items() if path.endswith(".tmpl")}
    config = made.alertmanager.config if made.alertmanager else {}
    checked = config if with_url_files else _rewritten(config, {}, renamed={"url_file": "url"})
    assert isinstance(checked, dict)
    return {**files, "alertmanager.yml": yaml_document(checked)}


def _rewritten(
    value: YamlValue,
    texts: Mapping[str, str],
    *,
    dropped: frozenset[str] = frozenset(),
    renamed: Mapping[str, str] | None = None,
) -> YamlValue:
    """Return a configuration with texts replaced, and fields left out or turned into another with an address."""
    if isinstance(value, dict):
        fields: dict[str, YamlValue] = {}
        for name, item in value.items():
            if renamed and name in renamed:
                fields[renamed[name]] = "http://secret.invalid/"
            elif name not in dropped:
                fields[name] = _rewritten(item, texts, dropped=dropped, renamed=renamed)
        return fields
    if isinstance(value, (list, tuple)):
        return [_rewritten(item, texts, dropped=dropped, renamed=renamed) for item in value]
    return texts.get(value, value) if isinstance(value, str) else value


def _own_structure(path: str, made: ConfigSet) -> CheckAnswer:
    from sre.alerting.config_structure import structure_problems

    merged = made.prometheus if path == "prometheus.yml" else made.alertmanager
    problems = structure_problems(merged.config if merged else {})
    program = "promtool" if path == "prometheus.yml" else "amtool"
    detail = "; ".join(problems) or f"{program} is not on this machine, so the file itself was not loaded by it."
    return CheckAnswer(
        name=f"{path} is consistent",
        tool=f"{_OWN}, own reading",
        ok=not problems,
        detail=cleaned(detail, limit=_MAX_DETAIL),
    )
