"""Several questions to a source at once, and how long an answer waits for each."""

from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import TypeVar

import anyio

from sre.core.errors import SreError, TimedOutError

Result = TypeVar("Result")
Main = TypeVar("Main")

# Kept back from the deadline of a call: an answer still has to be put together and sent (our choice).
SPARE_SECONDS = 5.0


def seconds_left(*, spare_seconds: float = SPARE_SECONDS) -> float:
    """Return how long questions may still take before the deadline of this call, >= 0; infinite where it has none."""
    return max(0.0, anyio.current_effective_deadline() - anyio.current_time() - spare_seconds)


class Stopwatch:
    """Says when the time for work in a thread is over, where the deadline of the call cannot reach.

    Attributes:
        has_stopped: It has said so.
    """

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds
        self.has_stopped = False

    def is_over(self) -> bool:
        """Return whether to stop."""
        self.has_stopped = self.has_stopped or monotonic() > self._end
        return self.has_stopped


async def within(call: Callable[[], Awaitable[Result]], *, seconds: float, system: str) -> Result:
    """Return the result of a call that may take so long.

    Raises:
        TimedOutError: It took longer and was stopped.
    """
    with anyio.move_on_after(seconds):
        return await call()
    raise TimedOutError(
        f"{system} did not answer within the {seconds:.0f} s that an answer can wait for it.",
        system=system,
        retryable=True,
        next_steps=("Ask again in a moment, or for a shorter window.",),
    )


async def outcome_of(call: Callable[[], Awaitable[Result]], *, seconds: float, system: str) -> Result | SreError:
    """Return the result, or the error that stands in its place: for questions that must not fail each other."""
    try:
        return await within(call, seconds=seconds, system=system)
    except SreError as error:
        return error


async def with_stand_in(
    main: Callable[[], Awaitable[Result]],
    stand_in: Callable[[], Awaitable[Result]],
    *,
    after_seconds: float,
    seconds: float,
    system: str,
) -> tuple[Result | SreError, bool]:
    """Return the outcome of `main`, or where it fails that of `stand_in`, and whether it is the stand-in's.

    Args:
        stand_in: A cheaper question, asked once `main` has failed or let itself be waited for.
        after_seconds: How long `main` is waited for alone.
        seconds: How long both may take together.
    """
    outcomes: list[Result | SreError] = []
    stands: list[Result | SreError] = []
    settled = anyio.Event()
    deadline = anyio.current_time() + seconds

    async def ask() -> None:
        outcome = await outcome_of(main, seconds=seconds, system=system)
        outcomes.append(outcome)
        settled.set()
        if not isinstance(outcome, SreError):
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        with anyio.move_on_after(min(after_seconds, seconds)):
            await settled.wait()
        if not outcomes or isinstance(outcomes[0], SreError):
            stands.append(await outcome_of(stand_in, seconds=deadline - anyio.current_time(), system=system))
    if not isinstance(outcomes[0], SreError):
        return outcomes[0], False
    # Where neither came, the whole time that was waited is the better reason.
    is_late = isinstance(outcomes[0], TimedOutError) and isinstance(stands[0], TimedOutError)
    return (outcomes if is_late else stands)[0], True


async def all_of(calls: Sequence[Callable[[], Awaitable[Result]]]) -> list[Result]:
    """Return the results of all calls, in their order; the first failure ends the others and is raised as itself."""
    results: dict[int, Result] = {}

    async def run(index: int, call: Callable[[], Awaitable[Result]]) -> None:
        results[index] = await call()

    failure: SreError | None = None
    try:
        async with anyio.create_task_group() as group:
            for index, call in enumerate(calls):
                group.start_soon(run, index, call)
    except BaseExceptionGroup as failures:
        failure = _first_of_ours(failures)
        if failure is None:
            raise
    if failure is not None:
        raise failure
    return [results[index] for index in range(len(calls))]


async def attempted(call: Callable[[], Awaitable[Result]], *, seconds: float | None = None) -> Result | None:
    """Return the result, or None where the source could not say; for questions an answer can do without.

    Args:
        seconds: How long it may take; None leaves that to the source.
    """
    with anyio.move_on_after(seconds):
        try:
            return await call()
        except SreError:
            return None
    return None


async def beside(
    main: Callable[[], Awaitable[Main]], hint: Callable[[], Awaitable[Result]], *, patience_seconds: float | None
) -> tuple[Main, Result | None]:
    """Return the main result and that of a hint asked at the same time.

    Args:
        patience_seconds: How long the hint may take once the main result is there; None waits for it. A hint that is
            late or fails is None: it must never delay the answer much, nor spoil it.
    """
    hints: list[Result] = []
    mains: list[Main] = []
    failure: SreError | None = None

    async def ask(done: anyio.Event) -> None:
        try:
            hints.append(await hint())
        except SreError:
            pass
        finally:
            done.set()

    try:
        async with anyio.create_task_group() as group:
            done = anyio.Event()
            group.start_soon(ask, done)
            mains.append(await main())
            with anyio.move_on_after(patience_seconds):
                await done.wait()
            group.cancel_scope.cancel()
    except BaseExceptionGroup as failures:
        failure = _first_of_ours(failures)
        if failure is None:
            raise
    if failure is not None:
        raise failure
    return mains[0], hints[0] if hints else None


def _first_of_ours(failures: BaseExceptionGroup[BaseException]) -> SreError | None:
    for failure in failures.exceptions:
        if isinstance(failure, SreError):
            return failure
        if isinstance(failure, BaseExceptionGroup) and (inner := _first_of_ours(failure)) is not None:
            return inner
    return None
