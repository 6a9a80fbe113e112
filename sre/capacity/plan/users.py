"""From users to requests a second, by assumptions that are stated and can be changed."""

from dataclasses import dataclass

SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class UsageAssumption:
    """One factor between users and load.

    Attributes:
        default: Taken where the caller writes nothing.
        why: Where the default comes from, for people.
    """

    name: str
    default: float
    low: float
    high: float
    why: str


# No number here is measured at the reader's service, and the answer says so of each that was not given. The load is
# proportional to every one of them: twice the value is twice the load.
USAGE: tuple[UsageAssumption, ...] = (
    UsageAssumption("active_share", 0.2, 0.0001, 1.0, "share of users active on one day; a fifth is our rule of thumb"),
    UsageAssumption("sessions_per_day", 2.0, 0.01, 1000, "visits of an active user a day; our rule of thumb"),
    UsageAssumption(
        "requests_per_session", 30.0, 0.01, 1e6, "requests that reach this system in a visit; our rule of thumb"
    ),
    UsageAssumption(
        "peak_factor",
        4.0,
        1.0,
        100,
        "busiest minutes over the mean of the day; our rule of thumb: a busy hour of three times the mean, "
        "a third more within it",
    ),
)


def peak_requests_per_second(
    *, users: float, active_share: float, sessions_per_day: float, requests_per_session: float, peak_factor: float
) -> float:
    """Return the requests a second in the busiest minutes of a day.

    Args:
        users: People who use the service in a month, >= 0.
        active_share: Of them on one day, 0..1.
        peak_factor: Busiest minutes over the mean of the day, >= 1.
    """
    a_day = users * active_share * sessions_per_day * requests_per_session
    return a_day / SECONDS_A_DAY * peak_factor
