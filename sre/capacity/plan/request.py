"""What a caller asks to be planned, read but not yet resolved: demands may still have to be asked of a source."""

from dataclasses import dataclass
from typing import TypeAlias

from sre.capacity.plan.demand import Growth
from sre.capacity.plan.model import Assumption, Kind, Prices, Sizing


@dataclass(frozen=True, slots=True)
class QueryDemand:
    """The forecast of a query's daily peaks; `scenario` as `forecast_capacity` reads it.

    Attributes:
        is_free: The query asks for what is left, and the demand is the capacity less that.
    """

    query: str
    scenario: str = ""
    is_free: bool = False


@dataclass(frozen=True, slots=True)
class SeriesDemand:
    """The forecast of a series passed in the call; times as the caller spells them, None for missing values."""

    timestamps: tuple[str | int | float, ...]
    values: tuple[float | None, ...]
    scenario: str = ""


@dataclass(frozen=True, slots=True)
class RowsDemand:
    """A forecast made elsewhere, row by row.

    Attributes:
        times: As the caller spells them, rising.
        lower, upper: Edges of an interval that holds a share of `interval_ratio`; empty where there is none.
    """

    times: tuple[str | int | float, ...]
    expected: tuple[float, ...]
    lower: tuple[float, ...] = ()
    upper: tuple[float, ...] = ()
    interval_ratio: float = 0.8


@dataclass(frozen=True, slots=True)
class GrowingDemand:
    """A start value and a growth that are assumed."""

    start_value: float
    growth: Growth
    scenario: str = ""


@dataclass(frozen=True, slots=True)
class FollowingDemand:
    """A demand that follows another: `factor` times it plus `offset`.

    Attributes:
        of: Name of a resource, or `users` for the requests a second that the users make.
        seconds_held: Mean time each request holds one, where `factor` comes from it (Little's law); else None.
        per_user: Follows the number of users and not their requests.
    """

    of: str
    factor: float
    offset: float = 0.0
    seconds_held: float | None = None
    per_user: bool = False


DemandRequest: TypeAlias = QueryDemand | SeriesDemand | RowsDemand | GrowingDemand | FollowingDemand


@dataclass(frozen=True, slots=True)
class Usage:
    """The users, their growth, and what they do.

    Attributes:
        users: In the first month.
        peak_per_user: Requests a second in the busiest minutes for each of them.
        words: The chain of factors, for people.
        guessed: Names of the factors that nobody gave.
    """

    users: float
    growth: Growth
    peak_per_user: float
    words: str
    guessed: tuple[str, ...] = ()
    scenario: str = ""


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """One resource as asked for; see `Resource` for what the fields mean."""

    path: str
    name: str
    kind: Kind
    unit: str
    units_now: int
    unit_capacity: float
    capacity_words: str
    demand: DemandRequest
    sizing: Sizing
    lead_time_days: float
    order_every_days: int
    prices: Prices | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Everything asked for.

    Attributes:
        resources: In an order in which each follows only earlier ones.
        usage: None where no users were given.
    """

    resources: tuple[ResourceRequest, ...]
    usage: Usage | None
    assumptions: tuple[Assumption, ...]
