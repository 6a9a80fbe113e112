"""Several questions to a source at once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio

from sre.core.errors import SreError

Result = TypeVar("Result")
Main = TypeVar("Main")


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


async def attempted(call: Callable[[], Awaitable[Result]]) -> Result | None:
    """Return the result, or None where the source could not say; for questions an answer can do without."""
    try:
        return await call()
    except SreError:
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
