"""`sre-mcp check`: is each configured system reachable, does it let us in, and what does it enable."""

import json
import time
from dataclasses import asdict, dataclass

import anyio

from connectors.base import MetricSource
from server.app import SystemClock, deps_from
from server.settings import load_settings
from sre.core.errors import SreError
from sre.core.text import cleaned
from tools.registry import TOOLS

_TRY_SECONDS = 30.0
# Every tool that reads metrics works against every kind of source.
_ENABLES = tuple(spec.name for spec in TOOLS if spec.is_open_world)


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


async def _checked(config: str | None) -> list[Finding]:
    sources = deps_from(load_settings(config_file=config)).sources
    findings: dict[str, Finding] = {}

    async def check(source: MetricSource) -> None:
        findings[source.name] = await _tried(source)

    async with anyio.create_task_group() as group:
        for name in sources.names():
            group.start_soon(check, sources.metric(name))
    return [findings[name] for name in sources.names()]


async def _tried(source: MetricSource) -> Finding:
    started = time.perf_counter()
    try:
        with anyio.fail_after(_TRY_SECONDS):
            info = await source.build_info()
            # The version may be open to everyone; only a query shows that we are let in.
            await source.instant_query("vector(1)", at=await source.latest() or SystemClock().now())
            coverage = await source.coverage()
        detail = f"{cleaned(info.product)} {cleaned(info.version)}" + (f", data {coverage}" if coverage else "")
        ok = True
    except SreError as error:
        detail, ok = error.explained(), False
    except TimeoutError:
        detail, ok = f"No answer within {_TRY_SECONDS:g} s.", False
    finally:
        await source.aclose()
    milliseconds = round((time.perf_counter() - started) * 1000)
    return Finding(source.name, source.kind, ok, detail, milliseconds, ", ".join(_ENABLES) if ok else "")


def _lines(findings: list[Finding]) -> list[str]:
    if not findings:
        return [
            "No source is configured. Tools that take inline data work; for the others set PROMETHEUS_URL,",
            "or SRE_MCP_SNAPSHOT, or start with --demo.",
        ]
    lines = []
    for finding in findings:
        lines.append(f"{'ok  ' if finding.ok else 'FAIL'} {finding.source} ({finding.kind}), {finding.milliseconds} ms")
        lines += [f"     {line}" for line in finding.detail.splitlines()]
        if finding.enables:
            lines.append(f"     enables: {finding.enables}")
    return lines
