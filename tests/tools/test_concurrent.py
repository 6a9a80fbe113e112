import anyio
import pytest

from sre.core.errors import InputError, RefusedError, TimedOutError
from tests.support.virtual_time import VirtualTimeLoop
from tools.concurrent import all_of, attempted, beside, outcome_of, seconds_left, with_stand_in, within

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """A loop that does not wait for its timers."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def one() -> int:
    return 1


async def refused() -> int:
    raise RefusedError("no")


async def never() -> int:
    await anyio.sleep_forever()
    raise AssertionError("unreachable")


async def test_results_come_in_the_order_of_the_calls() -> None:
    second_may_end = anyio.Event()

    async def slow() -> str:
        await second_may_end.wait()
        return "first"

    async def quick() -> str:
        second_may_end.set()
        return "second"

    with anyio.fail_after(5):
        assert await all_of([slow, quick]) == ["first", "second"]
    assert await all_of([]) == []


async def test_the_first_failure_is_raised_as_itself_and_ends_the_others() -> None:
    with anyio.fail_after(5), pytest.raises(RefusedError):
        await all_of([never, refused])


async def test_a_failure_deep_inside_comes_out_as_itself() -> None:
    with pytest.raises(RefusedError):
        await all_of([one, nested])


async def nested() -> int:
    return (await all_of([refused]))[0]


async def test_a_bug_is_not_taken_for_an_answer() -> None:
    async def bug() -> int:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        await all_of([bug])
    with pytest.raises(ZeroDivisionError):
        await attempted(bug)


async def test_what_can_be_done_without_is_none() -> None:
    assert await attempted(refused) is None
    assert await attempted(one) == 1


async def test_a_hint_in_time_comes_along() -> None:
    assert await beside(one, one, patience_seconds=None) == (1, 1)


async def test_a_late_hint_is_dropped_and_a_failed_one_spoils_nothing() -> None:
    with anyio.fail_after(5):
        assert await beside(one, never, patience_seconds=0.01) == (1, None)
        assert await beside(one, refused, patience_seconds=None) == (1, None)


async def test_a_failing_main_question_is_raised_and_ends_the_hint() -> None:
    async def wrong() -> int:
        raise InputError("wrong", field="query")

    with anyio.fail_after(5), pytest.raises(InputError):
        await beside(wrong, never, patience_seconds=None)


async def test_a_call_that_takes_too_long_is_stopped_and_named() -> None:
    with pytest.raises(TimedOutError, match="prod did not answer within the 20 s"):
        await within(never, seconds=20, system="prod")
    assert isinstance(await outcome_of(never, seconds=20, system="prod"), TimedOutError)
    assert isinstance(await outcome_of(refused, seconds=20, system="prod"), RefusedError)
    assert await attempted(never, seconds=20) is None


async def test_the_time_left_is_that_of_the_nearest_deadline_less_what_is_kept_back() -> None:
    assert seconds_left() == float("inf")
    with anyio.fail_after(50):
        assert seconds_left() == pytest.approx(45, abs=0.1)
        await anyio.sleep(30)
        assert seconds_left(spare_seconds=10) == pytest.approx(10, abs=0.1)
        await anyio.sleep(18)
        assert seconds_left() == 0


async def two() -> int:
    await anyio.sleep(5)
    return 2


async def late() -> int:
    await anyio.sleep(15)
    return 3


@pytest.mark.parametrize(
    ("main", "stand_in", "expected"),
    [
        (one, never, (1, False)),
        (late, never, (3, False)),
        (late, one, (3, False)),
        (refused, one, (1, True)),
        (never, two, (2, True)),
        (never, late, (TimedOutError, True)),
        (refused, never, (TimedOutError, True)),
        (never, refused, (RefusedError, True)),
    ],
)
async def test_a_stand_in_is_heard_only_where_the_main_question_fails(main, stand_in, expected) -> None:  # type: ignore[no-untyped-def]
    """The main question is waited for alone for 8 s, both for 20 s."""
    started = anyio.current_time()
    found, is_stand_in = await with_stand_in(main, stand_in, after_seconds=8, seconds=20, system="prod")
    assert (type(found) if isinstance(found, Exception) else found, is_stand_in) == expected
    assert anyio.current_time() - started < 21


async def test_a_bug_in_either_question_is_not_taken_for_an_answer() -> None:
    async def bug() -> int:
        raise ZeroDivisionError

    for main, stand_in in ((bug, one), (refused, bug)):
        with pytest.raises(ExceptionGroup):
            await with_stand_in(main, stand_in, after_seconds=8, seconds=20, system="prod")
