"""What a capacity plan is made of: resources with their demand ahead, dated steps, and what binds when.

All arrays of one plan lie on its days: day i covers the 24 hours from `start_ms` + i days. Demand of a day is its peak.
A resource whose history cannot carry the whole horizon has fewer days than the plan; nothing is said beyond them.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sre.capacity.model import Trust
from sre.core.series import FloatArray, IntArray

Kind: TypeAlias = Literal["replicas", "nodes", "cpu", "memory", "disk", "connections", "requests", "other"]
KINDS: tuple[Kind, ...] = ("replicas", "nodes", "cpu", "memory", "disk", "connections", "requests", "other")
# What is there in several equal pieces that fail one by one; of these one more is kept by default (N+1).
PIECES: tuple[Kind, ...] = ("replicas", "nodes")
DAY_MS = 86_400_000
# Futures a demand is drawn in, where it is uncertain; as many as a forecast simulates.
FUTURE_COUNT = 500

Basis: TypeAlias = Literal["forecast", "assumed", "derived"]
AssumptionSource: TypeAlias = Literal["given", "default", "measured"]


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing the plan rests on.

    Attributes:
        path: Where in the document it can be changed, such as `resources[0].lead_time`.
        value: As people read it.
        source: Written by the caller, taken because nothing was written, or found in the data.
    """

    path: str
    value: str
    source: AssumptionSource
    why: str = ""


@dataclass(frozen=True, slots=True)
class Commitment:
    """Units taken for a term.

    Attributes:
        name: As the caller spells it, such as `1 year reserved`; text from outside.
        upfront: Paid once a unit at the start of each term.
        per_month: Paid a unit and month (30.44 days) whether used or not.
    """

    name: str
    term_months: float
    per_month: float
    upfront: float = 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """Units under a term that runs already.

    Attributes:
        until_ms: When it ends, epoch milliseconds.
        per_month: Still to be paid a unit and month, needed or not; 0 where all was paid upfront.
    """

    units: int
    until_ms: int
    per_month: float = 0.0


@dataclass(frozen=True, slots=True)
class Prices:
    """What a unit costs; nothing is built in.

    Attributes:
        currency: Free text, such as `EUR`; text from outside.
        on_demand_per_month: A unit and month without any commitment; None where it was not given.
        commitments: On offer.
    """

    currency: str
    on_demand_per_month: float | None = None
    commitments: tuple[Commitment, ...] = ()
    held: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class Sizing:
    """How many units a demand needs.

    Attributes:
        headroom_ratio: Share of the capacity that is kept free at the peak of a usual day, 0 <= x < 1.
        spare_units: Units beyond that which may be lost (N+1 is 1).
        zones: Over how many equal zones the units are spread; one may be lost. 1 leaves that out.
        zone_loss_use_ratio: How far the remaining zones may be used while one is lost, 0 < x <= 1.
    """

    headroom_ratio: float = 0.30
    spare_units: int = 0
    zones: int = 1
    zone_loss_use_ratio: float = 0.80


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """What will be asked of a resource.

    Attributes:
        start_ms: Start of day 0, the present; epoch milliseconds.
        paths: shape (futures, days), peak of each day in the resource's unit, >= 0; one row where nothing is uncertain.
        expected: shape (days,), the middle of what is expected.
        basis: From a forecast of measured history, from an assumed growth, or from another resource's demand.
        words: How it was come by, for people.
        trust: Of the forecast; `none` for what was assumed.
        history_days: Length of the history it rests on; 0 for what was assumed.
        present_peak: Highest value in the last week of the history, or the start value.
        highest_seen: Highest value of the whole history, or the start value.
        queries: What was asked of the source.
        selector: The query as given, for alert rules; empty where there is none.
        warnings: What makes it less sure than it looks.
    """

    start_ms: int
    paths: FloatArray
    expected: FloatArray
    basis: Basis
    words: str
    trust: Trust = "none"
    history_days: float = 0.0
    present_peak: float = 0.0
    highest_seen: float = 0.0
    queries: tuple[str, ...] = ()
    selector: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def days(self) -> int:
        """How many days it covers."""
        return int(self.expected.size)

    @property
    def is_certain(self) -> bool:
        """Whether there is one future only, so that no probability can be told."""
        return bool(self.paths.shape[0] == 1)

    def day_ms(self, day: int) -> int:
        """Return the start of a day, epoch milliseconds."""
        return self.start_ms + day * DAY_MS


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """Something that runs out.

    Attributes:
        name: As the caller spells it; text from outside.
        unit: Of demand and capacity, as `sre.core.figures` knows it: `per_second`, `bytes`, `` or any word.
        units_now: How many there are (or are paid for), >= 0.
        unit_capacity: What one unit carries at full use, in `unit`, > 0.
        lead_time_days: From ordering until it carries load.
        order_every_days: Steps are put together so that one lasts at least this long.
        capacity_words: Where `unit_capacity` comes from, for people.
        prices: Of one unit; None where none were given.
    """

    name: str
    kind: Kind
    unit: str
    units_now: int
    unit_capacity: float
    demand: Demand
    sizing: Sizing = field(default_factory=Sizing)
    lead_time_days: float = 14.0
    order_every_days: int = 30
    capacity_words: str = ""
    prices: Prices | None = None

    @property
    def capacity(self) -> float:
        """What all present units carry at full use, in `unit`."""
        return self.units_now * self.unit_capacity


@dataclass(frozen=True, slots=True)
class Crossing:
    """When futures first ask for more than there is; times are starts of days, None beyond the days known.

    Attributes:
        probability_ratio: Share of futures in which it happens within the days known.
        earliest_ms: By when it has happened in a share of `risk` of them.
        expected_ms: By when in half of them.
        latest_ms: By when in all but a share of `risk`.
    """

    probability_ratio: float
    earliest_ms: int | None
    expected_ms: int | None
    latest_ms: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """Units to order.

    Attributes:
        order_by_ms: Lead time before `needed_by_ms`; may lie in the past, then it is late already.
        needed_by_ms: First day on which, at the risk accepted, the units before no longer do.
        lasts_until_ms: First day on which `units_after` no longer do at that risk; None beyond the days known.
        late_days: How many days too late an order of today arrives; 0 where it is not.
        reason: What makes it necessary, for people.
    """

    order_by_ms: int
    needed_by_ms: int
    lasts_until_ms: int | None
    units_before: int
    units_after: int
    late_days: float = 0.0
    reason: str = ""

    @property
    def units_added(self) -> int:
        """How many to order."""
        return self.units_after - self.units_before


@dataclass(frozen=True, slots=True, eq=False)
class ResourcePlan:
    """What one resource needs.

    Attributes:
        required: shape (days,), units needed at the plan's risk, never falling; what is there already not considered.
        in_place: shape (days,), units there when every step is in place on its day; never below `units_now`.
        shortage: When the units of today no longer do by the sizing (headroom, spare, zones).
        overload: When the peak passes all that the units of today carry at full use, no headroom left.
        use_now_ratio: Expected peak of the first day over present capacity; None where there is no capacity.
        room_ratio: shape (days,), how often the expected peak of a day fits into what the units of today may carry by
            the sizing; under 1 they no longer do.
    """

    resource: Resource
    required: IntArray
    in_place: IntArray
    steps: tuple[Step, ...]
    shortage: Crossing
    overload: Crossing
    use_now_ratio: float | None
    room_ratio: FloatArray

    @property
    def short_units_now(self) -> int:
        """How many units are missing already."""
        return max(0, int(self.required[0]) - self.resource.units_now) if self.required.size else 0


@dataclass(frozen=True, slots=True)
class Binding:
    """Which resource binds from a day on, with the units of today.

    Attributes:
        room_ratio: How often its expected peak fits into what it may carry.
        others: Names with their own room, tightest first.
    """

    from_ms: int
    resource: str
    room_ratio: float
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Steps for several resources.

    Attributes:
        start_ms: The present, epoch milliseconds; day 0 starts here.
        days: Length of the horizon.
        risk_ratio: Accepted probability that a step comes too late, 0 < x <= 0.5; 0.5 plans on the middle.
        resources: Most urgent first.
        binding: In order of time.
    """

    start_ms: int
    days: int
    risk_ratio: float
    resources: tuple[ResourcePlan, ...]
    binding: tuple[Binding, ...]
    assumptions: tuple[Assumption, ...] = ()
    warnings: tuple[str, ...] = ()
