"""Rules for a thousand SLOs, generated and checked; the baseline is what promtool needs to check the same files."""

import subprocess
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench.row import Row
from sre.core.slo.model import RatioIndicator, Slo
from sre.core.slo.windows import RollingWindow
from sre.core.times import Duration
from sre.slo.rule_tests import rule_test_files
from sre.slo.rule_trial import failures
from sre.slo.rules import SloRules, slo_rules
from sre.slo.scenarios import scenarios
from sre.slo.trial import Subject

COUNT = 1_000
TRIED = 20
MAX_SECONDS_EACH = 0.010
_AT = datetime(2026, 11, 2, 12, tzinfo=UTC)


def rows() -> list[Row]:
    """Return how long rules, their tests and our own trial of them take."""
    slos = [_slo(index) for index in range(COUNT)]
    slo_rules(slos[0], at=_AT).yaml()
    started = time.perf_counter()
    made = [slo_rules(slo, at=_AT) for slo in slos]
    texts = [rules.yaml() for rules in made]
    generated = time.perf_counter() - started
    checked = _promtool_seconds(made, texts)
    tests, tried = _trial_seconds(made[:TRIED])
    detail: dict[str, object] = {"slos": COUNT, "characters": sum(len(text) for text in texts)}
    return [
        Row(f"Rules of {COUNT:,} SLOs generated as YAML", ours=generated, unit="s", peer=checked,
            peer_name="promtool check rules on them", detail=detail),
        Row("Rules of one SLO", ours=generated / COUNT, unit="s", limit=MAX_SECONDS_EACH),
        Row("Unit tests of one SLO's rules, generated", ours=tests / TRIED, unit="s"),
        Row("All scenarios of one SLO on our evaluator", ours=tried / TRIED, unit="s",
            peer=_promtool_test_seconds(made[0]), peer_name="promtool test rules"),
    ]  # fmt: skip


def _slo(index: int) -> Slo:
    base = f'http_requests_total{{service="service-{index}"'
    indicator = RatioIndicator(bad=f'{base},code=~"5.."}}', total=f"{base}}}")
    slo = Slo(f"service-{index}-availability", 0.999, RollingWindow(Duration(30 * 86400.0)), indicator)
    return replace(slo, service=f"service-{index}")


def _promtool_seconds(made: list[SloRules], texts: list[str]) -> float | None:
    with tempfile.TemporaryDirectory() as folder:
        names = [f"{rules.slo.name}.yml" for rules in made]
        for name, text in zip(names, texts, strict=True):
            (Path(folder) / name).write_text(text, encoding="utf-8")
        return _timed(["promtool", "check", "rules", "--lint=all", "--lint-fatal", *names], folder)


def _promtool_test_seconds(rules: SloRules) -> float | None:
    subject = Subject.of(rules)
    tests = rule_test_files(subject, scenarios(subject))
    with tempfile.TemporaryDirectory() as folder:
        for path, text in [(rules.file.path, rules.yaml()), *((test.path, test.content) for test in tests)]:
            (Path(folder) / path).parent.mkdir(exist_ok=True)
            (Path(folder) / path).write_text(text, encoding="utf-8")
        return _timed(["promtool", "test", "rules", *(test.path for test in tests)], folder)


def _timed(command: list[str], folder: str) -> float | None:
    started = time.perf_counter()
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    except FileNotFoundError:
        return None
    if done.returncode != 0:
        raise RuntimeError(f"promtool refuses what was generated: {(done.stdout + done.stderr)[-1000:]}")
    return time.perf_counter() - started


def _trial_seconds(made: list[SloRules]) -> tuple[float, float]:
    started = time.perf_counter()
    subjects = [Subject.of(rules) for rules in made]
    tried = [scenarios(subject) for subject in subjects]
    for subject, several in zip(subjects, tried, strict=True):
        rule_test_files(subject, several)
    written = time.perf_counter()
    for subject, several in zip(subjects, tried, strict=True):
        if found := failures(subject, several):
            raise RuntimeError(f"a scenario went wrong: {found[0]}")
    return written - started, time.perf_counter() - written
