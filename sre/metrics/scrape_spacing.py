"""How far apart samples are, told from how many of them fit into known lengths of time."""

import math
from dataclasses import dataclass
from typing import Final

# A rate over fewer scrapes jumps about and is gone when one is missed (our choice; two are the least that works).
MIN_SCRAPES: Final = 4
# Intervals people configure. A count leaves room for one sample more or less; the round number inside is likely.
_USUAL_SECONDS: Final = (1, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Counted:
    """So many samples of a series were in a window of so many seconds."""

    samples: float
    seconds: float

    @property
    def closest_seconds(self) -> float:
        """The distance they have at least: one more would fit otherwise."""
        return self.seconds / (self.samples + 1)

    @property
    def furthest_seconds(self) -> float:
        """The distance they have at most; nothing is known of a single sample."""
        return self.seconds / (self.samples - 1) if self.samples > 1 else math.inf


def sample_spacing(in_range: Counted, in_span: Counted) -> float:
    """Return the distance of samples in seconds.

    Args:
        in_range: What the series with the most samples has in the range of a query, at least one sample.
        in_span: What the series with the most samples has in a longer time, at least one sample. Not heeded where it
            contradicts the range: all the series are younger than the span.
    """
    closest = max(in_range.closest_seconds, in_span.closest_seconds)
    furthest = min(in_range.furthest_seconds, in_span.furthest_seconds)
    likely = in_span.seconds / in_span.samples
    if closest > furthest:
        closest, furthest = in_range.closest_seconds, in_range.furthest_seconds
        likely = in_range.seconds / in_range.samples
    likely = min(max(likely, closest), furthest)
    usual = [seconds for seconds in _USUAL_SECONDS if closest <= seconds <= furthest]
    return float(min(usual, key=lambda seconds: abs(math.log(seconds / likely)))) if usual else likely


def recommended_range(spacing_seconds: float) -> float:
    """Return the range, in whole minutes, that holds enough scrapes for a rate."""
    return math.ceil(round(spacing_seconds * MIN_SCRAPES / 60, 6)) * 60.0
