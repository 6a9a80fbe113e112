"""Which world is meant when nobody says: kept apart, since the source must know it without building one."""

from typing import Final

# The world that docs/concepts/demo-world.md describes.
DEFAULT_SEED: Final = 42
