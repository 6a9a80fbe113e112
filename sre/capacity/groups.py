"""Candidates that share a season and a scale, written so that any leads of any of them can be worked out alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sre.core.series import FloatArray, IntArray


class Group(Protocol):
    """Some candidates.

    Attributes:
        families: One name a candidate; candidates of a family are variations of one idea.
        names: What each does, for people.
    """

    @property
    def families(self) -> tuple[str, ...]:
        """One name a candidate."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """What each candidate does."""
        ...

    def at(self, leads: IntArray, chosen: IntArray) -> FloatArray:
        """Return the forecasts of the chosen candidates at these leads (1, 2, ...), (chosen, origins, leads)."""
        ...


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale on which candidates work: plain, or logarithms of the values plus a shift.

    Attributes:
        shift: Added before the logarithm; None for the plain scale.
        ceiling: Largest logarithm believed.
    """

    shift: float | None = None
    ceiling: float = np.inf

    def on(self, values: FloatArray) -> FloatArray:
        """Return the values on this scale."""
        return values if self.shift is None else np.asarray(np.log(values + self.shift))

    def back(self, values: FloatArray) -> FloatArray:
        """Return values of this scale in the series' unit."""
        return values if self.shift is None else np.asarray(np.exp(np.minimum(values, self.ceiling)) - self.shift)


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Candidates of the form level + slope with damping + a gap that closes + season.

    Attributes:
        level, slope, gap: shape (candidates, origins).
        damping: shape (candidates,), factor by which the slope shrinks each step.
        back: shape (candidates,), steps after which 63 % of the gap is closed.
        profile: shape (origins, period).
    """

    families: tuple[str, ...]
    names: tuple[str, ...]
    level: FloatArray
    slope: FloatArray
    damping: FloatArray
    gap: FloatArray
    back: FloatArray
    profile: FloatArray
    scale: Scale

    def at(self, leads: IntArray, chosen: IntArray) -> FloatArray:
        """Return the forecasts of the chosen candidates at these leads, shape (chosen, origins, leads)."""
        out = self.level[chosen][:, :, None] + self.profile[:, (leads - 1) % self.profile.shape[1]][None]
        sloping = np.flatnonzero(self.slope[chosen].any(axis=1))
        if sloping.size:
            rows = chosen[sloping]
            out[sloping] += self.slope[rows][:, :, None] * reach(self.damping[rows], leads)[:, None, :]
        closing = np.flatnonzero(self.gap[chosen].any(axis=1))
        if closing.size:
            rows = chosen[closing]
            out[closing] += self.gap[rows][:, :, None] * np.exp(-leads / self.back[rows][:, None])[:, None, :]
        return self.scale.back(out)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Candidates worked out over the whole horizon.

    Attributes:
        rows: shape (candidates, origins, horizon), in the series' unit.
    """

    families: tuple[str, ...]
    names: tuple[str, ...]
    rows: FloatArray

    def at(self, leads: IntArray, chosen: IntArray) -> FloatArray:
        """Return the forecasts of the chosen candidates at these leads, shape (chosen, origins, leads)."""
        return np.asarray(self.rows[chosen][:, :, leads - 1])


@dataclass(frozen=True, slots=True)
class Pool:
    """All candidates that compete."""

    groups: tuple[Group, ...]

    @property
    def families(self) -> tuple[str, ...]:
        """One name a candidate."""
        return tuple(family for group in self.groups for family in group.families)

    @property
    def names(self) -> tuple[str, ...]:
        """What each candidate does."""
        return tuple(name for group in self.groups for name in group.names)

    def at(self, leads: IntArray, chosen: IntArray | None = None) -> FloatArray:
        """Return forecasts, shape (chosen or all candidates, origins, leads).

        Args:
            chosen: Indices of candidates, increasing; None for all.
        """
        index = np.arange(len(self.families)) if chosen is None else chosen
        return np.concatenate([forecasts for _, forecasts in self.parts(leads, index)])

    def parts(self, leads: IntArray, chosen: IntArray) -> Iterator[tuple[IntArray, FloatArray]]:
        """Yield group by group where in `chosen` its candidates stand, and their forecasts as of `at`."""
        start = 0
        for group in self.groups:
            count = len(group.families)
            places = np.flatnonzero((chosen >= start) & (chosen < start + count))
            if places.size:
                yield places, group.at(leads, chosen[places] - start)
            start += count


def reach(damping: FloatArray, leads: IntArray) -> FloatArray:
    """Return how many undamped steps a damped slope has gone at each lead, shape (candidates, leads)."""
    factor = np.minimum(damping, 1 - 1e-9)[:, None]
    damped = factor * (1 - factor**leads) / (1 - factor)
    return np.asarray(np.where(damping[:, None] == 1, leads.astype(np.float64), damped))
