"""Prometheus' own checks, by the program that comes with it."""

import re
from collections.abc import Mapping, Sequence

from connectors.programs import Program, ProgramRun

_VERSION = re.compile(r"version (\S+)")


class Promtool:
    """Checks generated files with promtool.

    Args:
        command: Name on PATH, or a path; empty if it must not be run.
    """

    def __init__(self, command: str = "promtool") -> None:
        self._program = Program(command)

    @property
    def is_available(self) -> bool:
        """Whether promtool is on this machine."""
        return self._program.is_available

    async def version(self) -> str:
        """Return the version, such as `2.42.0`."""
        run = await self._program.run(["--version"], files={})
        found = _VERSION.search(run.output)
        return found[1] if found else "unknown"

    async def check_rules(self, files: Mapping[str, str]) -> ProgramRun:
        """Check rule files: syntax, PromQL, templates, and rules that are there twice.

        Args:
            files: YAML by relative path.
        """
        return await self._program.run(["check", "rules", "--lint=all", "--lint-fatal", *files], files=files)

    async def test_rules(self, files: Mapping[str, str], *, tests: Sequence[str]) -> ProgramRun:
        """Run rule unit tests.

        Args:
            files: YAML by relative path: the rules and the tests that name them.
            tests: Paths of the tests among `files`.
        """
        return await self._program.run(["test", "rules", *tests], files=files)

    async def check_config(self, files: Mapping[str, str], *, main: str = "prometheus.yml") -> ProgramRun:
        """Check a configuration and the rule files it names.

        Args:
            files: Content by relative path, everything the configuration refers to included.
            main: Path of the configuration among `files`.
        """
        return await self._program.run(["check", "config", main], files=files)
