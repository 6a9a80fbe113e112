import anyio
import pytest

from sre.core.errors import InputError, RefusedError
from tools.concurrent import all_of, attempted, beside

pytestmark = pytest.mark.anyio


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
