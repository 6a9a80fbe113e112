"""Which files make a snapshot, and the bounds on them. Provenance: our choice."""

import gzip
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.snapshot.files import text_of
from connectors.snapshot.load import load_recording
from connectors.snapshot.recording import RecordingBuilder
from sre.core.errors import ConfigError
from sre.core.labels import Labels

OPENMETRICS = "m 1 1700000000\nm 2 1700000060\n# EOF\n"


def test_a_folder_is_read_whole_with_its_folders_and_packed_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.om").write_text(OPENMETRICS)
    (tmp_path / "b.openmetrics.gz").write_bytes(gzip.compress(b"m 3 1700000120\n# EOF\n"))
    (tmp_path / "deep" / "c.csv").write_text("time,m\n1700000180,4\n")
    (tmp_path / "notes.md").write_text("not metrics")
    (tmp_path / ".hidden.om").write_text("broken")
    recording = load_recording(tmp_path)
    assert len(recording.samples) == 1
    assert recording.samples[0].values.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_the_suffix_is_read_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "A.OM.GZ").write_bytes(gzip.compress(OPENMETRICS.encode()))
    assert load_recording(tmp_path / "A.OM.GZ").samples[0].values.tolist() == [1.0, 2.0]


def broken_snapshots(folder: Path) -> dict[str, tuple[Path, str]]:
    empty = folder / "empty"
    empty.mkdir()
    files = {
        "latin.om": b'm{a="\xfc"} 1 1700000000\n# EOF\n',
        "word.docx": b"PK",
        "no gzip.om.gz": b"plain text",
        "cut.om.gz": gzip.compress(OPENMETRICS.encode() * 100)[:-12],
        "flipped.om.gz": gzip.compress(OPENMETRICS.encode() * 100)[:20] + b"\xff" * 20,
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return {
        "nothing there": (folder / "nowhere", "There is no file or folder"),
        "an empty folder": (empty, "holds no metrics"),
        "not UTF-8": (folder / "latin.om", "is not UTF-8"),
        "another format": (folder / "word.docx", "is no format that can be read"),
        "not gzip": (folder / "no gzip.om.gz", "is damaged"),
        "gzip cut off": (folder / "cut.om.gz", "is damaged"),
        "gzip damaged": (folder / "flipped.om.gz", "is damaged"),
    }


def test_what_is_no_snapshot_is_said(tmp_path: Path) -> None:
    for case, (path, said) in broken_snapshots(tmp_path).items():
        with pytest.raises(ConfigError) as caught:
            load_recording(path)
        assert said in caught.value.message, case


def test_a_small_file_that_unpacks_without_end_is_stopped_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.om.gz"
    path.write_bytes(gzip.compress(b"m 1 1700000000\n" * 400_000))
    assert path.stat().st_size < 100_000
    with pytest.raises(ConfigError, match="larger than 1 MiB unpacked"), text_of(path, max_bytes=1 << 20) as text:
        for _ in text:
            pass


def test_more_samples_or_series_than_a_snapshot_holds_are_refused_with_a_way_round() -> None:
    one = np.arange(3, dtype=np.int64), np.zeros(3)
    builder = RecordingBuilder(max_samples=5, max_series=1)
    builder.add(Labels({"__name__": "a"}), *one)
    with pytest.raises(ConfigError, match="more than 1 series"):
        builder.add(Labels({"__name__": "b"}), np.arange(1), np.zeros(1))
    with pytest.raises(ConfigError, match="more than 5 samples") as caught:
        builder.add(Labels({"__name__": "a"}), *one)
    assert any("PROMETHEUS_URL" in step for step in caught.value.next_steps)


FRAGMENTS = (
    "m", "a_total", "{", "}", '"', "\\", ",", "=", 'a="b"', "{a=\"1\"}", " ", "\t", "\n", "\r\n", "1", "-1.5e3", "NaN", "+Inf",
    "1700000000", "1700000000000", "# EOF", "# TYPE m counter", "# HELP", "#", "time", "null", "[", "]", '{"data":',
    '"resultType":"matrix"', '"result":', ":", "\x00", "\ufeff", "é", "\ud7ff", "m 1 1700000000000", "1e300", "1e999", "9" * 400, "_",
)  # fmt: skip


@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    parts=st.lists(st.sampled_from(FRAGMENTS), max_size=30), suffix=st.sampled_from([".om", ".prom", ".csv", ".json"])
)
def test_any_text_is_either_read_or_refused_with_our_error(tmp_path: Path, parts: list[str], suffix: str) -> None:
    """Our choice: a broken file is the operator's to mend and never our bug."""
    path = tmp_path / f"x{suffix}"
    path.write_text("".join(parts), encoding="utf-8", newline="")
    with suppress(ConfigError):
        for series in load_recording(path).samples:
            assert series.timestamps_ms.size == series.values.size > 0
            assert np.all(np.diff(series.timestamps_ms) > 0)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), suffix=st.sampled_from([".om", ".om.gz", ".csv", ".json.gz"]))
def test_any_bytes_are_either_read_or_refused_with_our_error(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    with suppress(ConfigError):
        load_recording(path)
