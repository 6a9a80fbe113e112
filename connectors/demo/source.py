"""The demo world as a source of metrics."""

from functools import partial
from typing import TYPE_CHECKING

from connectors.demo.seed import DEFAULT_SEED
from connectors.snapshot import RecordedSource

if TYPE_CHECKING:
    from connectors.snapshot.recording import Recording


class DemoSource(RecordedSource):
    """Two weeks of a small shop, built in memory with the first question.

    Args:
        seed: The same seed gives the same world.
    """

    kind = "demo"

    def __init__(self, *, name: str = "demo", seed: int = DEFAULT_SEED, left_open: bool = True) -> None:
        super().__init__(name=name, load=partial(_built, seed), left_open=left_open)
        self.seed = seed


def _built(seed: int) -> "Recording":
    from connectors.demo.world import build_world
    from connectors.snapshot.recording import Recording

    world = build_world(seed)
    return Recording(world.samples, world.metadata)
