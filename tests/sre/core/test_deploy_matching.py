"""Which deploy stands before a change. *Our choice* of order: own service, then versions before restarts, then nearness."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.deploy_matching import WITHIN_MS, Moment, deploys_before
from sre.core.deploys import Deploy, DeployKind

MINUTE = 60_000
NOON = 1_793_620_800_000
AT_NOON = Moment(NOON, NOON - 5 * MINUTE, NOON + 5 * MINUTE)


def deploy(
    minutes: float, service: str = "cart", *, kind: DeployKind = "deploy", seen_after: float | None = None
) -> Deploy:
    """Return a deploy so many minutes from noon; `seen_after` is the last look without it."""
    at_ms = NOON + round(minutes * MINUTE)
    after_ms = at_ms if seen_after is None else NOON + round(seen_after * MINUTE)
    return Deploy(kind, service, at_ms, after_ms, after="v2")


def matched(*deploys: Deploy, services: tuple[str, ...] = ("cart",)) -> list[tuple[str, float]]:
    found = deploys_before(AT_NOON, deploys, services=services)
    return [(one.deploy.service, (one.deploy.at_ms - NOON) / MINUTE) for one in found]


def test_the_nearest_before_is_first() -> None:
    assert matched(deploy(-50), deploy(-10), deploy(-20)) == [("cart", -10), ("cart", -20), ("cart", -50)]


def test_one_after_the_change_is_never_meant() -> None:
    assert matched(deploy(6), deploy(30)) == []


def test_one_inside_the_time_the_change_may_have_been_is_not_ruled_out() -> None:
    found = deploys_before(AT_NOON, [deploy(3)], services=("cart",))
    assert [one.before_ms for one in found] == [0]


def test_a_deploy_seen_late_may_have_been_before() -> None:
    assert matched(deploy(8, seen_after=-2)) == [("cart", 8)]
    assert matched(deploy(8, seen_after=6)) == []


def test_one_more_than_an_hour_before_is_too_old() -> None:
    assert matched(deploy(-66)) == []
    assert matched(deploy(-64)) == [("cart", -64)]


def test_of_a_change_that_may_have_been_at_any_time_of_a_day_only_what_is_near_counts() -> None:
    vague = Moment(NOON, NOON - 720 * MINUTE, NOON + 720 * MINUTE)
    deploys = [deploy(minutes) for minutes in (-300, -110, 50, 200)]
    found = deploys_before(vague, deploys, services=("cart",))
    assert [(one.deploy.at_ms - NOON) / MINUTE for one in found] == [50, -110]


def test_the_own_service_comes_before_a_nearer_one() -> None:
    assert matched(deploy(-2, "payments"), deploy(-45)) == [("cart", -45), ("payments", -2)]


def test_restarts_count_only_for_the_own_service_and_after_versions() -> None:
    own, other = deploy(-1, kind="restart"), deploy(-1, "payments", kind="restart")
    assert matched(own, other, deploy(-40, "payments")) == [("payments", -40), ("cart", -1)]


def test_a_mark_of_no_service_is_as_good_as_an_own_deploy() -> None:
    assert matched(deploy(-5, "", kind="marked"), deploy(-2, "payments"), deploy(-20)) == [
        ("", -5),
        ("cart", -20),
        ("payments", -2),
    ]


@given(
    minutes=st.lists(st.floats(-200, 200), max_size=8),
    early=st.floats(0, 30),
    late=st.floats(0, 30),
    shift=st.integers(-(10**9), 10**9),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_matches_are_before_and_do_not_depend_on_the_clock(
    minutes: list[float], early: float, late: float, shift: int
) -> None:
    deploys = [deploy(one) for one in minutes]
    moment = Moment(NOON, NOON - round(early * MINUTE), NOON + round(late * MINUTE))
    found = deploys_before(moment, deploys, services=())
    for match in found:
        assert moment.earliest_ms - WITHIN_MS <= match.deploy.at_ms <= moment.latest_ms
        assert match.before_ms >= 0
    moved = [Deploy(one.kind, one.service, one.at_ms + shift, one.after_ms + shift, after="v2") for one in deploys]
    later = Moment(moment.at_ms + shift, moment.earliest_ms + shift, moment.latest_ms + shift)
    again = deploys_before(later, moved, services=())
    assert [one.before_ms for one in again] == [one.before_ms for one in found]
