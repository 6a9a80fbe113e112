"""Reading all metrics of a source around a window: few questions, what matters most first, within a call."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import anyio

from sre.core.errors import BadResponseError, InputError, RefusedError, SreError, TimedOutError
from sre.core.times import epoch_ms
from tools.concurrent import outcome_of, seconds_left
from tools.context import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from connectors.base import MetricSource
    from sre.core.series import RangeResult
    from sre.incidents.scan.assembly import Scanned, ScanTable
    from sre.incidents.scan.model import ScanQuery
    from sre.incidents.scan.timeline import ScanWindows
    from tools.incidents.scan_discovery import Discovered

# At once: a source answers others beside us.
_AT_ONCE = 4
# Kept back from the deadline: ranking ten thousand series and putting the answer together.
_SPARE_SECONDS = 10.0
# One question may not use up the time of all others; its halves are asked again where there is time left.
_QUESTION_SECONDS = 14.0


@dataclass(slots=True)
class Scan:
    """What was read.

    Attributes:
        asked_count: Questions for series, all windows.
        unread: Questions of the main window without an answer, and why.
        unmonitored: Instants of the main window, in epoch milliseconds, with samples of hardly any usual series.
        unread_seasons: Questions for earlier days without an answer.
        row_count, point_count: What came back, before means and shares were made of it.
    """

    windows: ScanWindows
    scanned: tuple[Scanned, ...] = ()
    asked_count: int = 0
    row_count: int = 0
    point_count: int = 0
    unread: list[tuple[ScanQuery, SreError]] = field(default_factory=list)
    unread_seasons: int = 0
    unmonitored: tuple[int, ...] = ()
    source_warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Job:
    query: ScanQuery
    part: int


async def scan_metrics(
    source: MetricSource, found: Discovered, windows: ScanWindows, *, told: Callable[[int, int], Awaitable[None]]
) -> Scan:
    """Return what all metrics did, as far as it could be read in time.

    Args:
        told: Called with how many questions are answered, and how many there are.

    Raises:
        UpstreamError: Nothing at all could be read; the first reason.
    """
    from sre.incidents.scan.assembly import ScanTable
    from sre.incidents.scan.packing import packed

    reading = _Reading(source, windows, ScanTable(windows.grids, windows.rate_window, fallback=source.name), told)
    main = len(windows.windows) - 1
    queries = packed(found.items, rate_window=windows.rate_window)
    # The window itself first, then what was usual at this hour.
    parts = (main, *range(main))
    await reading.run([_Job(query, part) for part in parts for query in queries])
    scan = reading.scan
    if scan.unread and reading.table.row_count == 0:
        raise scan.unread[0][1]
    scan.row_count, scan.point_count = reading.table.row_count, reading.table.point_count
    scan.scanned, scan.unmonitored = await in_thread(partial(_assembled, reading.table, windows))
    return scan


def _assembled(table: ScanTable, windows: ScanWindows) -> tuple[tuple[Scanned, ...], tuple[int, ...]]:
    """Return the behaviours, and the instants of the main window at which hardly anything was collected."""
    from sre.incidents.scan.presence import monitored_steps

    timeline = windows.timeline()
    seen = monitored_steps(table.entity_rows(), timeline.is_normal)
    is_main = timeline.times_ms >= epoch_ms(windows.main.start)
    return (*table.scanned(), *table.present(timeline.is_normal)), tuple(timeline.times_ms[is_main & ~seen].tolist())


class _Reading:
    """Questions on their way, a few at a time."""

    def __init__(
        self,
        source: MetricSource,
        windows: ScanWindows,
        table: ScanTable,
        told: Callable[[int, int], Awaitable[None]],
    ) -> None:
        self.scan = Scan(windows)
        self.table = table
        self._source = source
        self._windows = windows
        self._told = told
        self._jobs: deque[_Job] = deque()
        self._under_way: list[_Job] = []
        self._done = 0
        self._settled = anyio.Event()
        self._warnings: dict[str, None] = {}

    async def run(self, jobs: Sequence[_Job]) -> None:
        """Ask everything, until the time is up."""
        self._jobs.extend(jobs)
        with anyio.move_on_after(seconds_left(spare_seconds=_SPARE_SECONDS)):
            async with anyio.create_task_group() as group:
                for _ in range(_AT_ONCE):
                    group.start_soon(self._work)
        for job in (*self._under_way, *self._jobs):
            self._failed(job, _late(self._source.name))
        self.scan.source_warnings = tuple(self._warnings)

    async def _work(self) -> None:
        while self._jobs or self._under_way:
            if not self._jobs:
                # One that is under way may come back as halves.
                await self._settled.wait()
                continue
            job = self._jobs.popleft()
            self._under_way.append(job)
            window = self._windows.windows[job.part]
            ask = partial(self._source.range_query, job.query.text, window=window, step=self._windows.step)
            outcome = await outcome_of(ask, seconds=_QUESTION_SECONDS, system=self._source.name)
            self._under_way.remove(job)
            self._settle(job, outcome)
            self._settled.set()
            self._settled = anyio.Event()
            self._done += 1
            await self._told(self._done, self._done + len(self._jobs) + len(self._under_way))

    def _settle(self, job: _Job, outcome: RangeResult | SreError) -> None:
        self.scan.asked_count += 1
        if not isinstance(outcome, SreError):
            self.table.add(job.query, part=job.part, series=outcome.series)
            self._warnings.update(dict.fromkeys(outcome.warnings))
            return
        halves = self._halves(job, outcome)
        self._jobs.extendleft(reversed(halves))
        if not halves:
            self._failed(job, outcome)

    def _halves(self, job: _Job, error: SreError) -> list[_Job]:
        from sre.incidents.scan.packing import halved

        # Too much at once, or one metric among many that cannot be read so. A source that answered nothing yet is not
        # asked for more, and earlier days are not worth the time.
        is_late = isinstance(error, TimedOutError) and self.table.row_count > 0 and self._is_main(job)
        if not (is_late or isinstance(error, (RefusedError, InputError, BadResponseError))):
            return []
        return [_Job(half, job.part) for half in halved(job.query, rate_window=self._windows.rate_window)]

    def _is_main(self, job: _Job) -> bool:
        return job.part == len(self._windows.windows) - 1

    def _failed(self, job: _Job, error: SreError) -> None:
        if self._is_main(job):
            self.scan.unread.append((job.query, error))
        else:
            self.scan.unread_seasons += 1


def _late(system: str) -> SreError:
    return TimedOutError(
        f"{system} was not asked or did not answer in the time of this call.", system=system, retryable=True
    )
