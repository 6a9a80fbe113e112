"""Generated rules on a real Prometheus: loaded as they are, evaluated live, and filled in over a planted outage.

Live evaluation runs on the clock of the machine, so the samples are backfilled up to now and the rules are evaluated
every second; what they must record is known to within the minute that this may take.
"""

import json
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import httpx
import numpy as np
import pytest

from sre.core.labels import Labels
from sre.core.series import FloatArray, Samples
from sre.slo.rules import SloRules, slo_rules
from tests.support.openmetrics_file import written
from tests.support.real_prometheus import backfilled, require_program, running_prometheus
from tests.support.slo_shapes import shape

pytestmark = pytest.mark.real_prometheus

MINUTE_MS = 60_000
TRAFFIC = 1000.0
WAIT_SECONDS = 40.0


def _series(bad: FloatArray, start_ms: int) -> list[Samples]:
    times = start_ms + MINUTE_MS * np.arange(len(bad) + 1, dtype=np.int64)
    failed = np.concatenate([[0.0], np.cumsum(bad)])
    fine = np.concatenate([[0.0], np.cumsum(TRAFFIC - bad)])
    return [
        Samples(Labels({"__name__": "reqs_total", "code": "500"}), times, failed),
        Samples(Labels({"__name__": "reqs_total", "code": "200"}), times, fine),
    ]


def _queried(base_url: str, query: str, at: float | None = None) -> dict[str, float]:
    parameters = {"query": query, **({"time": str(at)} if at is not None else {})}
    answer = httpx.get(f"{base_url}/api/v1/query", params=parameters, timeout=30, trust_env=False).json()
    assert answer["status"] == "success", answer
    return {
        json.dumps({key: value for key, value in row["metric"].items() if key != "__name__"}, sort_keys=True): float(
            row["value"][1]
        )
        for row in answer["data"]["result"]
    }


def test_a_live_prometheus_alerts_by_the_generated_rules(tmp_path: Path) -> None:
    """Six hours of good traffic, then an outage of 20 % for 25 minutes up to now: by hand, of the last hour 8 % and of
    the last 6 h 1.4 % failed, so all four tiers fire; the budget of what was recorded is counted live."""
    now_ms = round(time.time()) * 1000
    start_ms = now_ms - 360 * MINUTE_MS
    bad = np.zeros(360)
    bad[335:] = 0.2 * TRAFFIC
    written(_series(bad, start_ms), tmp_path / "samples.txt")
    rules = slo_rules(shape("live"), at=datetime.now(UTC))
    text = rules.yaml().replace("interval: 30s", "interval: 1s").replace("interval: 2m", "interval: 1s")
    (tmp_path / "rules.yml").write_text(text, encoding="utf-8")
    config = f"global: {{scrape_interval: 1h}}\nrule_files: ['{tmp_path / 'rules.yml'}']\n"
    with running_prometheus(openmetrics_path=tmp_path / "samples.txt", config=config) as base_url:
        firing = _wait_for_alerts(base_url, count=4)
        assert {alert["labels"]["tier"]: alert["labels"]["severity"] for alert in firing} == {
            "fast": "page", "medium": "page", "slow": "ticket", "steady": "ticket"
        }  # fmt: skip
        hour = next(iter(_queried(base_url, 'slo:sli_error:ratio_rate1h{slo="live"}').values()))
        six_hours = next(iter(_queried(base_url, 'slo:sli_error:ratio_rate6h{slo="live"}').values()))
        # 25 minutes of the hour and of the six at 20 %; the clock runs on by some seconds, a minute of leeway.
        assert hour == pytest.approx(0.2 * 25 / 60, abs=0.2 * 1.5 / 60)
        assert six_hours == pytest.approx(0.2 * 25 / 360, abs=0.2 * 1.5 / 360)
        assert "% of what counts was bad in the last 1h" in firing[0]["annotations"]["description"]
        states = _rule_health(base_url)
        assert states == {"ok"}


def _wait_for_alerts(base_url: str, *, count: int) -> list[dict[str, dict[str, str]]]:
    deadline = time.monotonic() + WAIT_SECONDS
    pause = Event()
    with httpx.Client(timeout=10, trust_env=False) as client:
        while True:
            alerts = client.get(f"{base_url}/api/v1/alerts").json()["data"]["alerts"]
            firing = [alert for alert in alerts if alert["state"] == "firing" and "tier" in alert["labels"]]
            if len(firing) == count or time.monotonic() > deadline:
                return sorted(firing, key=lambda alert: alert["labels"]["tier"])
            pause.wait(0.2)


def _rule_health(base_url: str) -> set[str]:
    groups = httpx.get(f"{base_url}/api/v1/rules", timeout=10, trust_env=False).json()["data"]["groups"]
    assert groups
    return {rule["health"] for group in groups for rule in group["rules"]}


def test_records_filled_in_by_promtool_are_what_counting_by_hand_gives(tmp_path: Path) -> None:
    """A day with an outage of 5 % from 10:00 to 11:00, its base counts filled in by `create-blocks-from rules`; the sums
    of the period over these records are then asked of Prometheus itself."""
    day = datetime(2026, 3, 2, tzinfo=UTC)
    start_ms = round(day.timestamp() * 1000)
    bad = np.zeros(24 * 60)
    bad[600:660] = 0.05 * TRAFFIC
    written(_series(bad, start_ms), tmp_path / "samples.txt")
    rules = slo_rules(shape("day"), at=day)
    (tmp_path / "rules.yml").write_text(rules.yaml(), encoding="utf-8")
    end = start_ms / 1000 + 24 * 3600
    data = tmp_path / "data"
    data.mkdir()
    backfilled(tmp_path / "samples.txt", data)
    with running_prometheus(openmetrics_path=tmp_path / "samples.txt") as base_url:
        blocks = _filled_in(base_url, tmp_path, start=start_ms / 1000, end=end)
        assert blocks
        one = _queried(base_url, _record_expression(rules, "slo:sli_error:ratio_rate1h"), at=start_ms / 1000 + 660 * 60)
        assert list(one.values()) == [pytest.approx(0.05, rel=0.02)]
    _with_blocks_the_period_adds_up(tmp_path, rules, end=end)


def _filled_in(base_url: str, folder: Path, *, start: float, end: float) -> list[Path]:
    command = [
        require_program("promtool"), "tsdb", "create-blocks-from", "rules", f"--start={start:.0f}", f"--end={end:.0f}",
        "--eval-interval=5m", f"--url={base_url}", f"--output-dir={folder / 'made'}", str(folder / "rules.yml"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted((folder / "made").iterdir())


def _record_expression(rules: SloRules, name: str) -> str:
    return next(rule.expr for rule in rules.file.records() if rule.record == name)


def _with_blocks_the_period_adds_up(folder: Path, rules: SloRules, *, end: float) -> None:
    # The records that promtool made, in a fresh server. To dump, promtool wants a folder that has a log as well.
    (folder / "made" / "wal").mkdir()
    dumped = subprocess.run(
        [require_program("promtool"), "tsdb", "dump", "--match", '{__name__=~"slo:sli_(bad|total):increase5m"}',
         str(folder / "made")], capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    records = _dumped(dumped)
    with running_prometheus(openmetrics_path=_as_file(records, folder / "records.txt")) as base_url:
        bad = _queried(base_url, _record_expression(rules, "slo:period_bad:sum"), at=end)
        total = _queried(base_url, _record_expression(rules, "slo:period_total:sum"), at=end)
    assert list(bad.values()) == [pytest.approx(0.05 * TRAFFIC * 60, rel=0.01)]
    assert list(total.values()) == [pytest.approx(TRAFFIC * 24 * 60, rel=0.01)]


def _dumped(text: str) -> list[Samples]:
    found: dict[str, list[tuple[int, float]]] = {}
    for line in text.splitlines():
        labels, value, at = line.rsplit(" ", 2)
        found.setdefault(labels, []).append((int(at), float(value)))
    return [
        Samples(
            Labels(_pairs(labels)),
            np.array([at for at, _ in sorted(points)], dtype=np.int64),
            np.array([value for _, value in sorted(points)]),
        )
        for labels, points in found.items()
    ]


def _pairs(labels: str) -> dict[str, str]:
    inside = labels.strip("{}").split(", ")
    return {name: value.strip('"') for name, _, value in (pair.partition("=") for pair in inside)}


def _as_file(series: list[Samples], path: Path) -> Path:
    written(series, path)
    return path
