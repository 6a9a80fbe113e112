"""Exported metrics as a source: files in memory, queried with our own PromQL evaluator."""

from connectors.snapshot.source import RecordedSource, SnapshotSource

__all__ = ["RecordedSource", "SnapshotSource"]
