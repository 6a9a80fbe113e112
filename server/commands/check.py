"""`sre-mcp check`: is each configured system reachable, does it let us in, and what does it enable."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial

import anyio

from connectors.base import AlertSource, DashboardStore, MetricSource, OncallSource, Source
from server.app import SystemClock, deps_from
from server.commands.record_place import TOOLS_OF_RECORDS, record_place
from server.deps import Deps
from server.settings import load_settings
from sre.core.errors import SreError
from sre.core.oncall import OPEN_STATUSES
from sre.core.text import cleaned
from tools.registry import TOOLS

_TRY_SECONDS = 30.0
# What only works with a system of this kind, or works better with it. Every tool that reads metrics works against
# every kind of source.
_OF_ALERTMANAGER = ("list_alerts", "silence_alert")
_OF_GRAFANA = ("publish_dashboard",)
_OF_PAGERDUTY = ("get_incidents", "page_oncall", "build_timeline", "report_reliability")
_WRITING = frozenset(spec.name for spec in TOOLS if spec.needs_writes)
_WITHOUT_METRICS = frozenset({"get_incidents"})
_OF_SOURCES = tuple(
    spec.name for spec in TOOLS if spec.is_open_world and not spec.needs_writes and spec.name not in _WITHOUT_METRICS
)


@dataclass(frozen=True, slots=True)
class Finding:
    """How one system answered."""

    source: str
    kind: str
    ok: bool
    detail: str
    milliseconds: int
    enables: str


def run(*, config: str | None, is_json: bool) -> int:
    """Try every source and print what came back; 0 when all are fine, 1 otherwise."""
    findings = anyio.run(_checked, config)
    if is_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print("\n".join(_lines(findings)))
    return 0 if findings and all(finding.ok for finding in findings) else 1


@dataclass(frozen=True, slots=True)
class _Trial:
    """A configured system, and what proves that it works.

    Attributes:
        prove: Asks what only somebody who is let in is told; returns more to say about the system.
    """

    system: Source
    prove: Callable[[], Awaitable[str]]
    enables: tuple[str, ...]


async def _checked(config: str | None) -> list[Finding]:
    settings = load_settings(config_file=config)
    trials = _trials(deps_from(settings))
    if (place := record_place(settings, SystemClock())) is not None:
        trials.append(_Trial(place, place.holdings, TOOLS_OF_RECORDS))
    findings: dict[int, Finding] = {}

    async def check(index: int) -> None:
        findings[index] = await _tried(trials[index], allow_writes=settings.allow_writes)

    async with anyio.create_task_group() as group:
        for index in range(len(trials)):
            group.start_soon(check, index)
    return [findings[index] for index in range(len(trials))]


def _trials(deps: Deps) -> list[_Trial]:
    sources = [deps.sources.metric(name) for name in deps.sources.names()]
    trials = [_Trial(source, partial(_metrics_proof, source), _OF_SOURCES) for source in sources]
    if deps.alert_source is not None:
        trials.append(_Trial(deps.alert_source, partial(_alerts_proof, deps.alert_source), _OF_ALERTMANAGER))
    if deps.dashboard_store is not None:
        trials.append(_Trial(deps.dashboard_store, partial(_dashboards_proof, deps.dashboard_store), _OF_GRAFANA))
    if deps.oncall_source is not None:
        trials.append(_Trial(deps.oncall_source, partial(_oncall_proof, deps.oncall_source), _OF_PAGERDUTY))
    return trials


async def _metrics_proof(source: MetricSource) -> str:
    # The version may be open to everyone; only a query shows that we are let in.
    await source.instant_query("vector(1)", at=await source.latest() or SystemClock().now())
    coverage = await source.coverage()
    return f"data {coverage}" if coverage else ""


async def _alerts_proof(source: AlertSource) -> str:
    alerts, silences = await source.notified_alerts(), await source.silences()
    held_back = sum(alert.state == "suppressed" for alert in alerts)
    return f"{_counted(len(alerts), 'alert')} ({held_back} held back), {_counted(len(silences), 'silence')}"


async def _dashboards_proof(store: DashboardStore) -> str:
    return _counted(len(await store.folders()), "folder")


async def _oncall_proof(source: OncallSource) -> str:
    open_ones, on_call = await source.incidents(statuses=OPEN_STATUSES), await source.on_calls()
    waiting = sum(one.status == "triggered" for one in open_ones.items)
    people = len({one.who.id for one in on_call.items})
    told = f"{_counted(len(open_ones.items), 'open incident')} ({waiting} not acknowledged)"
    return f"{told}, {people} {'person' if people == 1 else 'people'} on call"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


async def _tried(trial: _Trial, *, allow_writes: bool) -> Finding:
    started = time.perf_counter()
    try:
        with anyio.fail_after(_TRY_SECONDS):
            info = await trial.system.build_info()
            proof = await trial.prove()
        detail, ok = ", ".join([f"{cleaned(info.product)} {cleaned(info.version)}", *([proof] if proof else [])]), True
    except SreError as error:
        detail, ok = error.explained(), False
    except TimeoutError:
        detail, ok = f"No answer within {_TRY_SECONDS:g} s.", False
    finally:
        await trial.system.aclose()
    milliseconds = round((time.perf_counter() - started) * 1000)
    enables = _told(trial.enables, allow_writes=allow_writes) if ok else ""
    return Finding(trial.system.name, trial.system.kind, ok, detail, milliseconds, enables)


def _told(tools: tuple[str, ...], *, allow_writes: bool) -> str:
    known = {spec.name for spec in TOOLS}
    return ", ".join(
        f"{tool} (with --allow-writes)" if tool in _WRITING and not allow_writes else tool
        for tool in tools
        if tool in known
    )


def _lines(findings: list[Finding]) -> list[str]:
    if not findings:
        return [
            "No source is configured. Tools that take inline data work; for the others set PROMETHEUS_URL,",
            "or SRE_MCP_SNAPSHOT, or start with --demo; ALERTMANAGER_URL and GRAFANA_URL for alerts and dashboards,",
            "PAGERDUTY_TOKEN for incidents and who is on call.",
        ]
    lines = []
    for finding in findings:
        lines.append(f"{'ok  ' if finding.ok else 'FAIL'} {finding.source} ({finding.kind}), {finding.milliseconds} ms")
        lines += [f"     {line}" for line in finding.detail.splitlines()]
        if finding.enables:
            lines.append(f"     enables: {finding.enables}")
    return lines
