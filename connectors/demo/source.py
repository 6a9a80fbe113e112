"""The demo world as a source of metrics, and of the rules its shop's team keeps."""

from functools import partial
from typing import TYPE_CHECKING

from connectors.demo.seed import DEFAULT_SEED
from connectors.snapshot import RecordedSource

if TYPE_CHECKING:
    from connectors.snapshot.recording import Recording
    from connectors.snapshot.store import SnapshotStore
    from sre.core.telemetry import ActiveAlert, Rule


class DemoSource(RecordedSource):
    """Two weeks of a small shop, built in memory with the first question; implements `RuleSource` too.

    Args:
        seed: The same seed gives the same world.
    """

    kind = "demo"

    def __init__(self, *, name: str = "demo", seed: int = DEFAULT_SEED, left_open: bool = True) -> None:
        super().__init__(name=name, load=partial(_built, seed), left_open=left_open)
        self.seed = seed
        self._rules: tuple[Rule, ...] | None = None

    async def rules(self) -> "tuple[Rule, ...]":
        """Return the team's rules with the state they are in at the end of the world."""
        store = await self._store()
        if self._rules is None:
            self._rules = await self._in_thread(partial(self._evaluated_rules, store))
        return self._rules

    async def alerts(self) -> "tuple[ActiveAlert, ...]":
        """Return the alerts that are pending or firing at the end of the world."""
        return tuple(alert for rule in await self.rules() for alert in rule.alerts)

    def _evaluated_rules(self, store: "SnapshotStore") -> "tuple[Rule, ...]":
        from connectors.demo.alert_rules import loaded_rules
        from connectors.demo.schedule import END, START
        from sre.core.times import epoch_ms

        return loaded_rules(store, first_ms=epoch_ms(START), last_ms=epoch_ms(END), left_open=self._left_open)


def _built(seed: int) -> "Recording":
    from connectors.demo.world import build_world
    from connectors.snapshot.recording import Recording

    world = build_world(seed)
    return Recording(world.samples, world.metadata)
