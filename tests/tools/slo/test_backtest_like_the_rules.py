"""A backtest fires in the minutes in which the generated rules fire, replayed and on a real Prometheus.

The two count differently: rules ask each window of the source's own series, the backtest adds up five-minute counts, of
which each sees four of five scrapes that are a minute apart and scales up. Of n bad events a sum of such counts is off by
a standard deviation of sqrt(0.25 / n). So a step may differ where a window is within 2 % and three deviations of the
threshold, and rules of tickets are evaluated every two minutes only. All else is the same, minute for minute.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx
import numpy as np
import pytest

from connectors.base import MetricSource
from connectors.demo.world import build_world
from connectors.http import Endpoint
from connectors.openslo.document import slo_from_text
from connectors.prometheus import PrometheusClient
from connectors.snapshot import RecordedSource
from connectors.snapshot.recording import Recording
from connectors.snapshot.store import SnapshotStore
from sre.core.errors import SreError
from sre.core.labels import Labels
from sre.core.rules.replay import replay
from sre.core.series import BoolArray, Grid, Samples
from sre.core.slo.burn_rate import BurnRateTier
from sre.core.slo.model import Slo
from sre.core.slo.sli_queries import sli_queries
from sre.core.times import Window, instant_from_ms
from sre.slo.alert_tiers import alert_tiers
from sre.slo.backtest import firing_condition, replayed, tier_episodes
from sre.slo.burn_history import BaseHistory
from sre.slo.candidates import setting_as_defined
from sre.slo.quietest import as_generated
from sre.slo.rules import slo_rules
from sre.slo.tier_facts import low_traffic_min
from tests.support.hand_built import END_MS, source_of
from tests.support.mcp import deps_with
from tests.support.openmetrics_file import written
from tests.support.real_prometheus import running_prometheus
from tests.support.slo_documents import slo_document
from tools.slo.event_history import read_history
from tools.slo.rules_traffic import quietest_windows

pytestmark = pytest.mark.anyio

MINUTE_MS = 60_000
NEAR = 0.02
# Rules of tickets are evaluated every two minutes.
LATE_STEPS = 2
# Of the minutes firing: what one alert that flickers on its threshold may come to (20 of 402).
MOST_DIFFERING = 0.05
DEMO = sorted(path.stem for path in Path("connectors/demo/slos").glob("*.yaml"))
REACH_SECONDS = 3 * 86_400.0


@cache
def demo_samples() -> tuple[Samples, ...]:
    return build_world(42).samples


async def history_of(source: MetricSource, slo: Slo, window: Window) -> BaseHistory:
    async def nobody(_done: int, _total: int) -> None: ...

    read = await read_history(source, slo, window=window, reach_seconds=REACH_SECONDS, progress=nobody)
    return read.history


def firing(history: BaseHistory, slo: Slo, tier: BurnRateTier, group: Labels) -> BoolArray:
    """In which steps the backtest has a tier firing."""
    times = history.grid.times_ms()
    states = np.zeros(times.size, dtype=np.bool_)
    episodes = tier_episodes(
        history,
        tiers=(tier,),
        objective_ratio=slo.objective_ratio,
        min_bad_events=slo.alerting.min_bad_events,
    )
    for episode in episodes:
        if episode.group == group:
            states |= (times >= episode.start_ms) & (times <= episode.last_ms)
    return states


def excused(history: BaseHistory, slo: Slo, tier: BurnRateTier, row: int) -> BoolArray:
    """In which steps a difference has a reason: near the threshold, or hardly any of the window is known yet."""
    threshold = tier.factor * (1 - slo.objective_ratio)
    near = np.zeros(history.grid.count, dtype=np.bool_)
    for seconds in (tier.long_seconds, tier.short_seconds):
        counts = history.group(row).over(seconds)
        with np.errstate(invalid="ignore"):
            # As many bad events as put this window at the threshold.
            noise = 3 * np.sqrt(0.25 / np.maximum(threshold * counts.total, 1.0))
            near |= np.abs(counts.error_ratio / threshold - 1) <= NEAR + noise
        near |= ~counts.is_known
    return near


def settled(states: BoolArray) -> BoolArray:
    """In which steps an alert has been in its state for longer than an evaluation may come late."""
    changes = np.flatnonzero(np.diff(states.astype(np.int8))) + 1
    calm = np.ones(states.size, dtype=np.bool_)
    for change in changes:
        calm[max(0, change - LATE_STEPS) : change + LATE_STEPS] = False
    return calm


@pytest.mark.parametrize("name", DEMO)
async def test_the_generated_rules_fire_in_the_same_minutes_on_the_demo_world(name: str) -> None:
    slo = slo_from_text(Path(f"connectors/demo/slos/{name}.yaml").read_text(encoding="utf-8"))
    store = SnapshotStore(Recording(demo_samples(), {}))
    history = await history_of(source_of(demo_samples()), slo, store.coverage())
    grid = history.grid
    replayed = replay(slo_rules(slo, at=instant_from_ms(grid.start_ms)).file.groups, store=store, grid=grid)
    assert replayed.problems == ()
    times = grid.times_ms()
    for tier in alert_tiers(slo).used:
        for row, group in enumerate(history.groups):
            theirs = np.zeros(grid.count, dtype=np.bool_)
            for one in replayed.episodes:
                if one.firing_ms is None or one.labels.get("tier") != tier.name or one.labels.only(group) != group:
                    continue
                until = one.resolved_ms if one.resolved_ms is not None else grid.end_ms + 1
                theirs |= (times >= one.firing_ms) & (times < until)
            ours = firing(history, slo, tier, group)
            reasons = excused(history, slo, tier, row)
            differs = (ours != theirs) & settled(theirs) & ~reasons
            known = history.group(row).over(tier.long_seconds).is_known
            assert ((ours != theirs) & known).sum() <= MOST_DIFFERING * theirs.sum() + LATE_STEPS
            assert not differs.any(), (tier.name, str(group), [instant_from_ms(int(at)) for at in times[differs][:5]])


def quiet_world() -> list[Samples]:
    """Five days with one request a minute by day and one in four at night; single failures, and sixes close together."""
    steps = 5 * 1_440
    good = np.where(np.arange(steps) % 1_440 < 960, 1.0, (np.arange(steps) % 4 == 0).astype(float))
    bad = np.zeros(steps)
    for at in (2 * 1_440 + 100, 2 * 1_440 + 700, 3 * 1_440 + 1_300):
        bad[at] = 1.0
    for at in (3 * 1_440 + 200, 4 * 1_440 + 1_200):
        bad[at : at + 44 : 8] = 1.0
    times = END_MS - MINUTE_MS * np.arange(steps - 1, -1, -1, dtype=np.int64)
    return [
        Samples(Labels({"__name__": "reqs_total", "code": code, "job": "api"}), times, np.cumsum(counts))
        for code, counts in (("200", good - bad * (good > 0)), ("500", bad))
    ]


async def test_at_low_traffic_the_backtest_fires_with_the_rules_that_are_generated_there() -> None:
    """The rules as the tool makes them, with the least number of bad events it finds, replayed on the same samples."""
    slo = slo_from_text(slo_document(window="30d"))
    store = SnapshotStore(Recording(tuple(quiet_world()), {}))
    source = source_of(quiet_world())
    tiers = alert_tiers(slo)
    quietest = await quietest_windows(deps_with(source), source, slo, tiers.used)
    assert not isinstance(quietest, SreError)
    history = await history_of(source, slo, store.coverage())
    setting = as_generated(setting_as_defined(slo, tiers), history)
    least = low_traffic_min({tier: setting.threshold_ratio(tier) for tier in tiers.used}, quietest=quietest)
    assert setting.low_traffic_min == least == {"fast": 3.0, "medium": 3.0}
    grid = history.grid
    rules = slo_rules(slo, at=instant_from_ms(grid.start_ms), low_traffic_min=least)
    times, (episodes,) = grid.times_ms(), replayed(history, [setting])
    plain = setting_as_defined(slo, tiers)
    for tier in tiers.used:
        theirs = np.zeros(grid.count, dtype=np.bool_)
        for one in replay(rules.file.groups, store=store, grid=grid).episodes:
            if one.firing_ms is not None and one.labels.get("tier") == tier.name:
                until = one.resolved_ms if one.resolved_ms is not None else grid.end_ms + 1
                theirs |= (times >= one.firing_ms) & (times < until)
        ours = np.zeros(grid.count, dtype=np.bool_)
        for episode in episodes:
            if episode.tier == tier:
                ours |= (times >= episode.start_ms) & (times <= episode.last_ms)
        reasons = excused(history, slo, tier, 0)
        # Counts that are off by a scrape in five may be three or not where just three events are in the window.
        reasons |= np.abs(history.group(0).over(tier.long_seconds).bad - least.get(tier.name, -9.0)) <= 1
        differs = (ours != theirs) & settled(theirs) & ~reasons
        assert not differs.any(), (tier.name, [instant_from_ms(int(at)) for at in times[differs][:5]])
        if tier.name in least:
            assert (ours & theirs & ~reasons).any(), "six failures page"
            alone = firing_condition(history.group(0), tier, plain)
            assert (alone & ~ours).any(), "without the least number it would have paged more"


def planted() -> list[Samples]:
    """Six days, scraped every 30 s: noise, a full outage, a slow burn, a restart, errors that appear for the first time."""
    rng = np.random.default_rng(11)
    steps = 6 * 2_880
    good = rng.poisson(50 + 30 * np.sin(np.arange(steps) / 458), steps).astype(float)
    bad = rng.poisson(0.02, steps).astype(float)
    outage, slow = slice(3 * 2_880, 3 * 2_880 + 40), slice(4 * 2_880, 4 * 2_880 + 600)
    bad[outage], good[outage] = good[outage], 0.0
    bad[slow] += rng.poisson(0.6, 600)
    times = END_MS - 30_000 * np.arange(steps - 1, -1, -1, dtype=np.int64)
    made = []
    for code, counts, first in (("200", good, 0), ("500", bad, 2_880)):
        values = np.cumsum(counts[first:])
        values[5 * 2_880 - first :] -= values[5 * 2_880 - first - 1]
        made.append(Samples(Labels({"__name__": "reqs_total", "code": code, "job": "api"}), times[first:], values))
    return made


@pytest.mark.real_prometheus
async def test_real_prometheus_has_the_alerts_of_the_rules_firing_in_the_same_minutes(tmp_path: Path) -> None:
    """Each alert's condition as its records spell it out, evaluated by Prometheus at every minute of three days."""
    slo = slo_from_text(slo_document(window="30d"))
    samples = planted()
    written(samples, tmp_path / "world.om")
    window = Window(instant_from_ms(END_MS - 3 * 86_400_000), instant_from_ms(END_MS))
    with running_prometheus(openmetrics_path=tmp_path / "world.om") as url:
        client = PrometheusClient(Endpoint(url), name="real")
        live = await history_of(client, slo, window)
        await client.aclose()
        asked = dict(conditions(url, slo, live.grid))
    fired = 0
    for tier in alert_tiers(slo).used:
        ours = firing(live, slo, tier, Labels())
        theirs = asked[tier.name]
        differs = (ours != theirs) & ~excused(live, slo, tier, 0)
        # The condition is asked at the very step, so what is not near the threshold is not even late by one.
        since = live.grid.times_ms() >= END_MS - 3 * 86_400_000
        assert not (differs & since).any(), (tier.name, np.flatnonzero(differs & since)[:5])
        fired += int((theirs & since).any())
    assert fired == 4, "the planted outages set off every tier"


def conditions(url: str, slo: Slo, grid: Grid) -> Iterator[tuple[str, BoolArray]]:
    queries = sli_queries(slo)
    for tier in alert_tiers(slo).used:
        threshold = tier.factor * (1 - slo.objective_ratio)
        long, short = (queries.error_ratio_over(seconds) for seconds in (tier.long_seconds, tier.short_seconds))
        query = f"(({long}) > {threshold:.9f}) and (({short}) > {threshold:.9f})"
        states = np.zeros(grid.count, dtype=np.bool_)
        for first in range(0, grid.count, 10_000):
            last = min(first + 9_999, grid.count - 1)
            start, end = (str((grid.start_ms + grid.step_ms * step) / 1000) for step in (first, last))
            params = {"query": query, "step": str(grid.step_ms / 1000), "start": start, "end": end}
            answer = httpx.get(f"{url}/api/v1/query_range", params=params, timeout=60.0).raise_for_status().json()
            for one in answer["data"]["result"]:
                for at, _ in one["values"]:
                    states[round((at * 1000 - grid.start_ms) / grid.step_ms)] = True
        yield tier.name, states


@pytest.mark.real_prometheus
async def test_a_real_prometheus_and_a_recording_give_the_same_backtest(tmp_path: Path) -> None:
    slo = slo_from_text(slo_document(window="30d"))
    samples = planted()
    written(samples, tmp_path / "world.om")
    window = Window(instant_from_ms(END_MS - 3 * 86_400_000), instant_from_ms(END_MS))
    with running_prometheus(openmetrics_path=tmp_path / "world.om") as url:
        client = PrometheusClient(Endpoint(url), name="real")
        live = await history_of(client, slo, window)
        await client.aclose()
    # Prometheus 2.42 has windows that are closed on the left.
    recorded = RecordedSource(name="hand", load=lambda: Recording(tuple(samples), {}), left_open=False)
    here = await history_of(recorded, slo, window)
    offset = (here.grid.start_ms - live.grid.start_ms) // MINUTE_MS
    np.testing.assert_allclose(live.total[:, offset:], here.total, rtol=1e-9, equal_nan=True)
    np.testing.assert_allclose(live.bad[:, offset:], here.bad, rtol=1e-9, equal_nan=True)
