"""The public series that the forecast networks learn from, read from a folder of files that README.md lists.

Not read, so that forecasts can be measured on them: M3, NN3 (which may share series with M3), and of M4 all but the
hourly and weekly series.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rdata

from sre.core.series import FloatArray
from training.kinds import Kind
from training.series import PublicSeries

# Of a longer series its end says enough.
_LONGEST = 4000
# Years of hours are cut in pieces, with as much left out between two, lest a few sensors outweigh all else.
_PIECE_EACH = 2 * _LONGEST
# A piece shorter than this is no use: the network for hours reads 336 and is asked for 48.
_LEAST_PIECE = 2500
# Zones of one utility move together: by the day, where there is little else, the first two of every five do for all.
_ZONES_EACH = 5
_ZONES_KEPT = (1, 2)
_HOURS_A_DAY = 24
_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Rule:
    """What makes a series worth learning from; one that never changes never is."""

    fewest_known: int = 1
    most_missing_ratio: float = 0.2
    most_zeros_ratio: float = 1.0


# Competitions chose their series; tables of statistics also hold what is rare, broken off or nearly always 0.
_OF_COMPETITIONS = Rule()
_OF_TABLES = Rule(fewest_known=30, most_missing_ratio=0.05, most_zeros_ratio=0.3)


def corpus(folder: Path) -> list[PublicSeries]:
    """Return all series that are kept, without gaps, their last 4000 steps."""
    return [
        replace(found, values=values[-_LONGEST:])
        for read, rule in _SOURCES
        for found in read(folder)
        if (values := kept(found.values, rule)) is not None
    ]


def kept(values: FloatArray, rule: Rule) -> FloatArray | None:
    """Return the values from the first known to the last with their gaps filled, None where the rule says no."""
    known = np.flatnonzero(np.isfinite(values))
    if known.size < rule.fewest_known:
        return None
    inside = values[known[0] : known[-1] + 1]
    if known.size < (1 - rule.most_missing_ratio) * inside.size or np.ptp(values[known]) == 0:
        return None
    whole = _filled(inside)
    return None if (whole == 0).mean() > rule.most_zeros_ratio else whole


def m1(folder: Path) -> Iterator[PublicSeries]:
    """Mcomp: the monthly series of the M1 competition."""
    return _of_competition(folder, "M1", source="M1")


def tourism(folder: Path) -> Iterator[PublicSeries]:
    """Tcomp: the monthly series of the tourism forecasting competition."""
    return _of_competition(folder, "tourism", source="tourism")


def nn5(folder: Path) -> Iterator[PublicSeries]:
    """tscompdata: daily cash withdrawals of the NN5 competition."""
    for name, series in _read(folder, "nn5").items():
        yield PublicSeries("day", "nn5", str(name), series.values)


def nngc1(folder: Path) -> Iterator[PublicSeries]:
    """tscompdata: transport series of the NNGC1 competition; a letter in the name, as in `1.C-001`, says the step."""
    kinds: dict[str, Kind] = {"C": "month", "D": "week", "E": "day", "F": "hour"}
    for name, series in _read(folder, "nngc1").items():
        kind = kinds.get(str(name).split("-", maxsplit=1)[0][-1])
        if kind:
            yield PublicSeries(kind, "nngc1", str(name), series.values)


def gefcom(folder: Path) -> Iterator[PublicSeries]:
    """tscompdata: electric load of the zones of GEFCom 2012, by the day and in pieces by the hour."""
    for zone, series in _read(folder, "gefcom2012_load").items():
        # Whole weeks were left out for the competition.
        values = _filled(series.values[: series.values.size // _HOURS_A_DAY * _HOURS_A_DAY])
        if int(zone) % _ZONES_EACH in _ZONES_KEPT:
            yield PublicSeries("day", "gefcom", str(zone), _daily_mean(values))
        for piece in _pieces(values):
            yield PublicSeries("hour", "gefcom", str(zone), piece)


def tsdl(folder: Path) -> Iterator[PublicSeries]:
    """tsdl, the Time Series Data Library: what has one column and a step that we know."""
    for number, series in enumerate(_read(folder, "tsdl")):
        kind = _kind(series.steps_a_year)
        if kind and series.values.ndim == 1:
            yield PublicSeries(kind, "tsdl", str(number), series.values)


def hospital(folder: Path) -> Iterator[PublicSeries]:
    """expsmooth: patients by product, every third of the 767, for they are short and much alike."""
    columns = _read(folder, "hospital").values
    for number in range(0, columns.shape[1], 3):
        yield PublicSeries("month", "hospital", str(number), columns[:, number])


def m4(folder: Path) -> Iterator[PublicSeries]:
    """M4 competition: hourly and weekly, what was given to learn from and what was to be forecast as one series."""
    kinds: dict[str, Kind] = {"Hourly": "hour", "Weekly": "week"}
    for file, kind in kinds.items():
        parts = [pd.read_csv(folder / f"m4_{file}-{part}.csv", index_col=0) for part in ("train", "test")]
        # The rows of both files are in the same order; only the first names them.
        for name, *rows in zip(parts[0].index, *(part.to_numpy(float) for part in parts), strict=True):
            yield PublicSeries(kind, "m4", str(name), np.concatenate([row[np.isfinite(row)] for row in rows]))


def tables(folder: Path) -> Iterator[PublicSeries]:
    """Tables of tsibbledata and fpp3, which have one row a month or day and key."""
    for table in _TABLES:
        for name, rows in _groups(_frame(folder, table.file), index=table.index, keys=table.keys):
            for column in table.columns:
                yield PublicSeries(table.kind, table.file, ", ".join((*name, column)), rows[column].to_numpy(float))


def pedestrian(folder: Path) -> Iterator[PublicSeries]:
    """Sensors in Melbourne that count people, of tsibble, by the day and in pieces by the hour."""
    for name, rows in _groups(_frame(folder, "pedestrian"), index="Date_Time", keys=("Sensor",)):
        hours = np.round(rows["Date_Time"].to_numpy(float) / _HOUR_SECONDS).astype(int)
        values = np.full(hours[-1] - hours[0] + 1, np.nan)
        values[hours - hours[0]] = rows["Count"].to_numpy(float)
        yield PublicSeries("day", "pedestrian", name[0], _daily_mean(values))
        for piece in _pieces(values, each=_LONGEST):
            yield PublicSeries("hour", "pedestrian", name[0], piece)


_SOURCES: tuple[tuple[Callable[[Path], Iterator[PublicSeries]], Rule], ...] = (
    (m1, _OF_COMPETITIONS),
    (tourism, _OF_COMPETITIONS),
    (nn5, _OF_COMPETITIONS),
    (nngc1, _OF_COMPETITIONS),
    (gefcom, _OF_COMPETITIONS),
    (tsdl, _OF_COMPETITIONS),
    (m4, _OF_COMPETITIONS),
    (hospital, _OF_TABLES),
    (tables, _OF_TABLES),
    (pedestrian, _OF_TABLES),
)


@dataclass(frozen=True, slots=True)
class _Table:
    """A file with one row a step and key, and the columns that are series."""

    file: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    index: str = "Month"
    kind: Kind = "month"


_TABLES = (
    # Medicines of a group or subgroup without a name are the odds and ends, and drop out here.
    _Table("PBS", ("Concession", "Type", "ATC1_desc", "ATC2_desc"), ("Cost", "Scripts")),
    _Table("aus_retail", ("State", "Industry"), ("Turnover",)),
    _Table("aus_livestock", ("Animal", "State"), ("Count",)),
    _Table("us_employment", ("Series_ID",), ("Employed",)),
    _Table("aus_inbound", ("Country", "Purpose"), ("Count",)),
    _Table("aus_outbound", ("Country", "Purpose"), ("Count",)),
    _Table("nsw_offences", ("Type",), ("Count",)),
    _Table("otexts_views", (), ("Pageviews",), index="Date", kind="day"),
)


@dataclass(frozen=True, slots=True, eq=False)
class _TimeSeries:
    """What R calls a `ts`: shape (steps,), or (steps, series) where there are several."""

    values: FloatArray
    steps_a_year: float


def _read(folder: Path, name: str) -> Any:
    """Return the one object of an R data file: a mapping, a list or a time series."""
    parsed = rdata.parser.parse_file(folder / f"{name}.rda")
    with warnings.catch_warnings():
        # A class that rdata does not know is read as the plain vector below it, which is what we want.
        warnings.simplefilter("ignore")
        (read,) = rdata.conversion.convert(parsed, constructor_dict=_CONSTRUCTORS).values()
    return read


def _time_series(value: Any, attributes: Any) -> _TimeSeries:
    return _TimeSeries(np.asarray(value, dtype=float), float(attributes["tsp"][2]))


def _columns(value: Any, _attributes: Any) -> Any:
    return value


# The time index of a table stays the number that R keeps, days or seconds: rows are only put in order by it.
_CONSTRUCTORS = {
    **rdata.conversion.DEFAULT_CLASS_MAP,
    **dict.fromkeys(("ts", "msts", "mts"), _time_series),
    **dict.fromkeys(("tbl_ts", "tbl_df", "tbl", "data.frame", "yearmonth", "Date", "POSIXct"), _columns),
}


def _of_competition(folder: Path, file: str, *, source: str) -> Iterator[PublicSeries]:
    """Yield the monthly series, what was given to learn from and what was to be forecast as one."""
    for name, series in _read(folder, file).items():
        if "MONTH" in str(series["period"][0]).upper():
            yield PublicSeries("month", source, str(name), np.concatenate([series["x"].values, series["xx"].values]))


def _frame(folder: Path, file: str) -> pd.DataFrame:
    return pd.DataFrame({str(name): list(column) for name, column in _read(folder, file).items()})


def _groups(
    frame: pd.DataFrame, *, index: str, keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    ordered = frame.sort_values(index)
    if not keys:
        yield (), ordered
        return
    for name, rows in ordered.groupby(list(keys)):
        yield tuple(str(part) for part in name), rows


def _pieces(values: FloatArray, *, each: int = _PIECE_EACH) -> Iterator[FloatArray]:
    return (values[start : start + _LONGEST] for start in range(0, values.size - _LEAST_PIECE, each))


def _daily_mean(values: FloatArray) -> FloatArray:
    whole = values[: values.size // _HOURS_A_DAY * _HOURS_A_DAY]
    return np.asarray(whole.reshape(-1, _HOURS_A_DAY).mean(axis=1))


def _filled(values: FloatArray) -> FloatArray:
    """Return the values with straight lines through the gaps."""
    steps, known = np.arange(values.size), np.isfinite(values)
    return np.asarray(np.interp(steps, steps[known], values[known]))


def _kind(steps_a_year: float) -> Kind | None:
    kinds: dict[Kind, tuple[float, float]] = {"month": (12, 1e-6), "week": (52, 0.3), "day": (365, 1)}
    return next((kind for kind, (usual, apart) in kinds.items() if abs(steps_a_year - usual) < apart), None)
