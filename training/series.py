"""A public series, and in which half of them it is."""

import zlib
from dataclasses import dataclass

from sre.core.series import FloatArray
from training.kinds import Kind

FOLDS = 2


@dataclass(frozen=True, slots=True, eq=False)
class PublicSeries:
    """One series; `values` has shape (steps,), its own unit, NaN where unknown until `kept` has looked at it."""

    kind: Kind
    source: str
    name: str
    values: FloatArray

    @property
    def fold(self) -> int:
        """Which half it belongs to: by its name alone, so that it stays when other series come or go."""
        return zlib.crc32(f"{self.source}{self.name}".encode()) % FOLDS
