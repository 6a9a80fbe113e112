"""The demo team's rules: what they do follows from what happened in the shop. Provenance: the counted truth."""

from datetime import timedelta

import pytest

from connectors.base import RuleSource
from connectors.demo import DemoSource
from connectors.demo.alert_rules import rule_files
from connectors.demo.world import World
from connectors.promtool import Promtool
from connectors.snapshot.recording import Recording
from connectors.snapshot.store import SnapshotStore
from sre.core.rules import rule_file_yaml
from sre.core.rules.replay import AlertEpisode, replay
from sre.core.series import Grid
from sre.core.times import epoch_ms, instant_from_ms
from tests.support.real_prometheus import require_program

pytestmark = pytest.mark.anyio
MINUTE = 60_000


@pytest.fixture(scope="module")
def firing(world: World) -> dict[str, list[AlertEpisode]]:
    """The times each alert fired in the two weeks."""
    window = world.truth.window
    start, end = epoch_ms(window.start), epoch_ms(window.end)
    groups = [group for file in rule_files() for group in file.groups]
    result = replay(
        groups,
        store=SnapshotStore(Recording(world.samples, world.metadata)),
        grid=Grid(start, MINUTE, (end - start) // MINUTE + 1),
    )
    assert not result.problems
    found: dict[str, list[AlertEpisode]] = {rule.alert: [] for file in rule_files() for rule in file.alerts()}
    for one in result.episodes:
        if one.firing_ms is not None:
            found[one.alert].append(one)
    return found


def test_the_good_alert_fires_once_in_the_incident_and_soon(
    firing: dict[str, list[AlertEpisode]], world: World
) -> None:
    incident = world.truth.incident
    (page,) = firing["CheckoutErrorsHigh"]
    assert page.firing_ms is not None
    assert page.resolved_ms is not None
    begun, over = instant_from_ms(page.firing_ms), instant_from_ms(page.resolved_ms)
    assert incident.start < begun <= incident.start + timedelta(minutes=5)
    # Five minutes of the rate, and a step.
    assert incident.end < over <= incident.end + timedelta(minutes=6)


def test_the_misspelt_status_and_the_metric_nobody_exports_never_fire(firing: dict[str, list[AlertEpisode]]) -> None:
    assert firing["PaymentsFailing"] == firing["ContainerRestarting"] == []


def test_the_slow_catalogue_flaps_about_its_threshold_since_the_release(
    firing: dict[str, list[AlertEpisode]], world: World
) -> None:
    pages = firing["CatalogSlow"]
    assert len(pages) > 30
    assert all(instant_from_ms(one.pending_ms) >= world.truth.regression.deployed_at for one in pages)
    lengths = sorted((one.resolved_ms or 0) - (one.firing_ms or 0) for one in pages)
    assert lengths[len(lengths) // 2] <= 2 * MINUTE


def test_the_database_fills_its_disk_below_a_threshold_it_was_never_above(
    firing: dict[str, list[AlertEpisode]], world: World
) -> None:
    (one,) = firing["DiskSpaceLow"]
    assert one.resolved_ms is None
    assert instant_from_ms(one.pending_ms) - world.truth.window.start <= timedelta(minutes=1)
    assert one.last_value == pytest.approx(world.truth.disk.free_bytes_at_end, rel=0.01)


def test_the_lost_exporter_pages_at_night_for_six_minutes(firing: dict[str, list[AlertEpisode]]) -> None:
    (one,) = firing["TargetDown"]
    assert instant_from_ms(one.pending_ms).strftime("%a %H:%M") == "Sat 03:13"
    assert ((one.resolved_ms or 0) - one.pending_ms) // MINUTE == 6


def test_two_rules_watch_the_same_processors(firing: dict[str, list[AlertEpisode]]) -> None:
    first, second = ([one.firing_ms for one in firing[name]] for name in ("HighCpuUsage", "HostHighLoad"))
    assert len(first) > 20
    assert first == second


async def test_the_source_tells_what_is_firing_when_the_world_ends() -> None:
    source = DemoSource()
    rules: RuleSource = source
    firing = {alert.name: alert for alert in await rules.alerts() if alert.state == "firing"}
    assert set(firing) == {"DiskSpaceLow", "PoolTimeouts", "Watchdog"}
    # A counter keeps what it counted in the last minute of the incident, after its pod had been restarted.
    assert firing["PoolTimeouts"].labels["pod"] == "checkout-0"
    assert firing["DiskSpaceLow"].annotations["summary"].startswith("/var/lib/postgresql on db-1:9100 has 71.")
    loaded = await rules.rules()
    assert {rule.state for rule in loaded if rule.kind == "alerting"} == {"firing", "inactive"}
    assert {rule.file for rule in loaded} == {"rules/platform.yml", "rules/shop.yml"}


@pytest.mark.real_prometheus
async def test_prometheus_loads_the_rules() -> None:
    require_program("promtool")
    run = await Promtool().check_rules({file.path: rule_file_yaml(file) for file in rule_files()})
    assert run.is_ok, run.output
