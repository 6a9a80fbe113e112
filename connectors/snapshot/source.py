"""A recording as a source of metrics: the same questions as to a live Prometheus, answered from memory."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import anyio.to_thread

from sre.core.errors import InputError, RefusedError
from sre.core.telemetry import BuildInfo, MetricMetadata
from sre.core.times import Duration, Window, epoch_ms, format_instant, instant_from_ms

if TYPE_CHECKING:  # numpy and the PromQL parser are loaded with the first question, not with the server
    from connectors.snapshot.recording import Recording
    from connectors.snapshot.store import SnapshotStore
    from sre.core.labels import Labels
    from sre.core.promql import EvaluationOptions, Matcher
    from sre.core.series import InstantResult, RangeResult

Result = TypeVar("Result")

# Version of what is kept and understood, for `build_info`: the dialect of PromQL that is spoken.
_DIALECTS: Final = {True: "PromQL of Prometheus 3", False: "PromQL of Prometheus 2"}
# Far more than any chart or table needs; a week at one second would be 604,800.
MAX_STEPS: Final = 100_000
# Evaluations are CPU work on numpy arrays; more at once only take memory from each other.
_CONCURRENT_WORK: Final = 4


class RecordedSource:
    """Implements `MetricSource` on a recording that is loaded once, with the first question, in a thread.

    Args:
        name: Name in the configuration.
        load: Returns the recording, or raises an error of the tree.
        left_open: Whether windows are those of Prometheus 3 (true) or 2.
    """

    kind = "snapshot"

    def __init__(self, *, name: str, load: "Callable[[], Recording]", left_open: bool = True) -> None:
        self.name = name
        self._load = load
        self._left_open = left_open
        self._loading = threading.Lock()
        self._loaded: SnapshotStore | None = None
        self._limiter: anyio.CapacityLimiter | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    async def aclose(self) -> None:
        """Let go of the recording."""
        self._loaded = None

    async def build_info(self) -> BuildInfo:
        """Return what is held; loads the recording, so a snapshot that cannot be read is noticed here."""
        store = await self._store()
        details = {
            "series": str(store.series_count),
            "samples": str(store.sample_count),
            "coverage": str(store.coverage()),
            "dialect": _DIALECTS[self._left_open],
        }
        if store.warnings:
            details["warnings"] = " ".join(store.warnings)
        return BuildInfo(self.kind, "1", details)

    async def latest(self) -> datetime | None:
        """Return the time of the last sample: the recording's own now."""
        return instant_from_ms((await self._store()).last_ms)

    async def coverage(self) -> Window | None:
        """Return the window from the first to the last sample."""
        return (await self._store()).coverage()

    async def sample_spacing(self) -> Duration | None:
        """Return the usual distance of the samples."""
        return _spacing(await self._store())

    async def instant_query(self, query: str, *, at: datetime) -> "InstantResult":
        """Evaluate PromQL at one instant."""
        return await self._evaluated(partial(self._instant, query, at))

    async def range_query(self, query: str, *, window: Window, step: Duration | None = None) -> "RangeResult":
        """Evaluate PromQL over a window, at up to 250 points unless a step is given."""
        return await self._evaluated(partial(self._range, query, window, step))

    async def metadata(self, metric: str | None = None) -> Mapping[str, MetricMetadata]:
        """Return metadata by metric family, as far as the files had it."""
        return (await self._store()).metadata(metric)

    async def series(
        self, matchers: Sequence[str], *, window: Window, limit: int | None = None
    ) -> "tuple[Labels, ...]":
        """Return the label sets that match any of `matchers` and have samples in the window, at most `limit`."""
        if not matchers:
            raise InputError("At least one series selector is needed.", field="query", valid=("up", '{job="api"}'))
        return (await self._label_sets(matchers, window))[:limit]

    async def label_names(self, matchers: Sequence[str] = (), *, window: Window) -> tuple[str, ...]:
        """Return label names in use, sorted."""
        return tuple(sorted({name for labels in await self._label_sets(matchers, window) for name in labels}))

    async def label_values(self, label: str, matchers: Sequence[str] = (), *, window: Window) -> tuple[str, ...]:
        """Return the values of one label, sorted."""
        found = await self._label_sets(matchers, window)
        return tuple(sorted({labels[label] for labels in found if label in labels}))

    async def _store(self) -> "SnapshotStore":
        if self._loaded is not None:
            return self._loaded
        return await self._in_thread(self._load_once)

    def _load_once(self) -> "SnapshotStore":
        from connectors.snapshot.store import SnapshotStore

        with self._loading:
            if self._loaded is None:
                self._loaded = SnapshotStore(self._load())
            return self._loaded

    async def _label_sets(self, matchers: Sequence[str], window: Window) -> "tuple[Labels, ...]":
        store = await self._store()

        def found() -> "tuple[Labels, ...]":
            selectors = [_selector(text) for text in matchers]
            return store.label_sets(selectors, start_ms=epoch_ms(window.start), end_ms=epoch_ms(window.end))

        return await self._in_thread(found)

    async def _evaluated(self, evaluate: "Callable[[SnapshotStore, EvaluationOptions], Result]") -> Result:
        """Run an evaluation in a thread; when the caller is cancelled it ends at its next pause."""
        store = await self._store()
        stopped = threading.Event()

        def work() -> Result:
            from sre.core.promql import EvaluationOptions

            return evaluate(store, EvaluationOptions(left_open=self._left_open, should_stop=stopped.is_set))

        try:
            return await self._in_thread(work)
        finally:
            stopped.set()

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_CONCURRENT_WORK)
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)

    def _instant(
        self, query: str, at: datetime, store: "SnapshotStore", options: "EvaluationOptions"
    ) -> "InstantResult":
        from dataclasses import replace

        from sre.core.promql import evaluate_instant

        answer = evaluate_instant(query, store=store, at_ms=epoch_ms(at), options=options)
        return replace(answer, warnings=(*store.warnings, *answer.warnings))

    def _range(
        self, query: str, window: Window, step: Duration | None, store: "SnapshotStore", options: "EvaluationOptions"
    ) -> "RangeResult":
        from sre.core.promql import evaluate_range
        from sre.core.series import Grid, RangeResult
        from sre.core.steps import default_step

        chosen = step or default_step(window, sample_spacing=_spacing(store))
        grid = Grid.covering(window, step_seconds=chosen.seconds)
        _check_steps(grid.count, window)
        answer = evaluate_range(query, store=store, grid=grid, options=options)
        warnings = (*store.warnings, *answer.warnings)
        return RangeResult(query, window, answer.series, samples_read=answer.samples_read, warnings=warnings)


class SnapshotSource(RecordedSource):
    """Files of exported metrics, held in memory: OpenMetrics text, wide CSV, Prometheus JSON.

    Args:
        path: A file, or a folder whose files are read together.
    """

    def __init__(self, *, name: str, path: Path, left_open: bool = True) -> None:
        super().__init__(name=name, load=partial(_loaded_from, path), left_open=left_open)
        self.path = path


def _loaded_from(path: Path) -> "Recording":
    from connectors.snapshot.load import load_recording

    return load_recording(path)


def _spacing(store: "SnapshotStore") -> Duration | None:
    return Duration(store.spacing_seconds) if store.spacing_seconds else None


def _selector(text: str) -> "tuple[Matcher, ...]":
    from sre.core.promql import parse_selector

    return parse_selector(text)


def _check_steps(count: int, window: Window) -> None:
    if count > MAX_STEPS:
        raise RefusedError(
            f"{count:,} points from {format_instant(window.start)} to {format_instant(window.end)} are too many; "
            f"at most {MAX_STEPS:,} are evaluated.",
            next_steps=(f"Use a step of {Duration(-(-window.seconds // MAX_STEPS))} or more.", "Ask for less time."),
        )
