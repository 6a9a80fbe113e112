"""Which objectives are worth comparing: the usual nines, what was achieved, and what somebody asked for."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sre.core.slo.budget import budget_ratio

Origin: TypeAlias = Literal["usual", "achieved", "defined", "asked"]

USUAL = (0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999)
# From here on a nine more makes little sense to compare for a service that has not reached it.
_ALWAYS_FROM = 0.99
# Rounding that people use for shares of failures.
_ROUND_STEPS = (1.0, 2.0, 5.0, 10.0)
_DIGITS = 12


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """An objective to compare, and why it is on the list."""

    objective_ratio: float
    origin: Origin


def candidates_for(
    sli_ratio: float, *, asked: float | None = None, defined: float | None = None
) -> tuple[Candidate, ...]:
    """Return the objectives to compare, the easiest first.

    Args:
        sli_ratio: Share of good events over the whole history, 0..1.
        asked: An objective that the caller wants judged.
        defined: The one the SLO has.

    Raises:
        InputError: `asked` is no objective.
    """
    found: dict[float, Origin] = {one: "usual" for one in USUAL if one >= _ALWAYS_FROM or sli_ratio < 0.995}
    achieved = rounded_down(sli_ratio)
    if achieved is not None:
        found.setdefault(achieved, "achieved")
    if defined is not None:
        found[defined] = "defined"
    if asked is not None:
        budget_ratio(asked)
        found[asked] = "asked"
    return tuple(sorted(Candidate(objective, origin) for objective, origin in found.items()))


def rounded_down(sli_ratio: float) -> float | None:
    """Return the next easier objective of a round number of failures (1, 2 or 5 of a power of ten), or None.

    100 % is no objective, and nothing below a half is one either.
    """
    failures = 1.0 - sli_ratio
    if failures <= 10**-6 or failures > 0.5:
        return None
    power = 10.0 ** math.floor(math.log10(failures))
    # Exactly on a step, the last bit of the division must not push it to the next.
    step = next(one for one in _ROUND_STEPS if failures <= one * power * (1 + 1e-9))
    return round(1.0 - step * power, _DIGITS)
