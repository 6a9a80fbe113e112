"""The official conformance suite, run against a URL and read back check by check."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.node import Completed, client_environment, require_client, run

SUITE_SECONDS = 180.0
LIST_SECONDS = 60.0
_RESULT_FOLDER = re.compile(r"server-(?P<scenario>.+?)-\d{4}-\d{2}-\d{2}T[\d-]+Z$")
_LISTED = re.compile(r"^\s+- (?P<scenario>\S+) \[(?P<versions>[^\]]*)\]$")


@dataclass(frozen=True)
class Edition:
    """One published suite, and the revision of the protocol it is asked to check."""

    client: str
    version: str
    has_version_option: bool = True

    def options(self) -> list[str]:
        """Return the options that select every scenario of the revision."""
        return ["--suite", "all", *(["--spec-version", self.version] if self.has_version_option else [])]


# The suite of 2025 knows no later revision, and counts its checks in another way: both are asked.
OLD_2025 = Edition("conformance-2025", "2025-11-25", has_version_option=False)
NEW_2025 = Edition("conformance-2026", "2025-11-25")
NEW_2026 = Edition("conformance-2026", "2026-07-28")
EDITIONS = (OLD_2025, NEW_2025, NEW_2026)


def edition_name(edition: Edition) -> str:
    """Return the name a test goes by."""
    return f"{edition.client}-at-{edition.version}"


@dataclass
class Verdict:
    """What the suite found.

    Attributes:
        checks: Passed checks by scenario, for every scenario that ran.
        failed: What failed, as `scenario: check: message`.
        warned: The same for warnings, which the suite does not count.
    """

    command: Completed
    checks: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)


def run_suite(edition: Edition, url: str, folder: Path, *, expected_failures: Path | None = None) -> Verdict:
    """Run every scenario of an edition and return what came of it.

    Args:
        folder: Scratch; receives the suite's own record of each scenario.
        expected_failures: The suite's list of scenarios that may fail; it also objects to entries that pass.
    """
    records = folder / "records"
    command = [*require_client(edition.client), "server", "--url", url, *edition.options(), "-o", str(records)]
    if expected_failures is not None:
        command += ["--expected-failures", str(expected_failures)]
    verdict = Verdict(run(command, environment=client_environment(folder / "home"), seconds=SUITE_SECONDS, cwd=folder))
    for record in sorted(records.glob("*/checks.json")):
        _read(record, verdict)
    return verdict


def _read(record: Path, verdict: Verdict) -> None:
    match = _RESULT_FOLDER.match(record.parent.name)
    assert match is not None, f"the suite names its folders in a new way: {record.parent.name}"
    scenario = match["scenario"]
    checks = json.loads(record.read_text(encoding="utf-8"))
    verdict.checks[scenario] = sum(check["status"] == "SUCCESS" for check in checks)
    for status, found in (("FAILURE", verdict.failed), ("WARNING", verdict.warned)):
        found += [
            f"{scenario}: {check['id']}: {check.get('errorMessage')}" for check in checks if check["status"] == status
        ]


def listed_scenarios(edition: Edition, folder: Path) -> set[str]:
    """Return the scenarios for servers that the suite says the revision has."""
    command = [*require_client(edition.client), "list"]
    listed = run(command, environment=client_environment(folder / "home"), seconds=LIST_SECONDS)
    of_servers = listed.stdout.partition("Server scenarios")[2].partition("Client scenarios")[0]
    matches = [match for line in of_servers.splitlines() if (match := _LISTED.match(line))]
    return {match["scenario"] for match in matches if edition.version in match["versions"].split(",")}
