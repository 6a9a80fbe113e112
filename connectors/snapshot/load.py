"""From a path to a recording."""

from pathlib import Path

from connectors.snapshot.files import CSV_SUFFIX, JSON_SUFFIX, format_suffix, snapshot_files
from connectors.snapshot.openmetrics import read_openmetrics
from connectors.snapshot.range_json import read_range_json
from connectors.snapshot.recording import SETTING, Recording, RecordingBuilder
from connectors.snapshot.wide_csv import read_wide_csv
from sre.core.errors import ConfigError
from sre.core.text import quoted


def load_recording(path: Path) -> Recording:
    """Return the recording in a file, or in all files of a folder that have a known suffix.

    Raises:
        ConfigError: Nothing there, no samples in it, too large, or something that cannot be read; file and line named.
    """
    builder = RecordingBuilder()
    for file in snapshot_files(path):
        _read(file, builder)
    if not builder.sample_count:
        raise ConfigError(f"The snapshot {quoted(str(path))} holds no samples.", setting=SETTING)
    return builder.built()


def _read(file: Path, builder: RecordingBuilder) -> None:
    match format_suffix(file):
        case suffix if suffix == CSV_SUFFIX:
            read_wide_csv(file, builder)
        case suffix if suffix == JSON_SUFFIX:
            read_range_json(file, builder)
        case _:
            read_openmetrics(file, builder)
