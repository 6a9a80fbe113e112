"""Other settings to hold the alerts of an SLO against, as people write them down: changes to what there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sre.core.errors import InputError
from sre.core.problems import Findings
from sre.core.slo.burn_rate import BurnRateTier, factor_for_share
from sre.core.slo.model import Severity, Slo
from sre.core.text import cleaned, nearest_names, quoted
from sre.core.times import format_duration, parse_duration
from sre.slo.alert_tiers import AlertTiers
from sre.slo.approaches import Frame, TierMaker
from sre.slo.backtest import AlertSetting

MAX_CANDIDATES = 12
_MAX_TIERS = 8
_KEYS = ("name", "objective", "min_bad_events", "for", "tiers")
_TIER_KEYS = ("enabled", "severity", "long", "short", "factor", "share", "for")
_SEVERITIES: dict[object, Severity] = {"page": "page", "ticket": "ticket"}
# The chapter's short windows are a twelfth of the long ones.
_SHORT_SHARE = 1 / 12

EXAMPLE = "- {name: looser, objective: 0.995, min_bad_events: 10, tiers: {medium: false, fast: {share: 0.05}}}"


def setting_as_defined(slo: Slo, tiers: AlertTiers, *, name: str = "as defined") -> AlertSetting:
    """Return how an SLO alerts by its own definition."""
    return AlertSetting(name, slo.objective_ratio, tiers.used, slo.alerting.min_bad_events or None)


def candidate_settings(rows: object, *, base: AlertSetting, frame: Frame) -> tuple[AlertSetting, ...]:
    """Return the settings that a parsed document describes, each as changes to `base`.

    Args:
        rows: A list of mappings, or a mapping of names to them: `objective`, `min_bad_events`, `for`, and `tiers` by
            name, each `false` or a mapping of `severity`, `long`, `short`, `factor` or `share`, `for`.

    Raises:
        InputError: Anything is wrong; lists every problem with its path and mending.
    """
    found = Findings()
    reader = _Reader(found, base, frame)
    listed = _rows(rows, found)
    settings = [reader.setting(row, number=number) for number, row in enumerate(listed, 1)]
    names = [base.name, *(setting.name for setting in settings)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        found.add("name", f"{quoted(name)} is there more than once", "give each candidate its own name")
    found.raise_if_any(what="The candidates", field_name="candidates")
    return tuple(settings)


def _rows(rows: object, found: Findings) -> list[Mapping[str, object]]:
    if isinstance(rows, Mapping):
        rows = [{"name": name, **row} if isinstance(row, Mapping) else row for name, row in rows.items()]
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise InputError("candidates is not a list of settings.", field="candidates", valid=("book", EXAMPLE))
    if len(rows) > MAX_CANDIDATES:
        raise InputError(f"At most {MAX_CANDIDATES} candidates are compared at once.", field="candidates")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            found.add(f"[{number}]", "is not a mapping", f"write it like {EXAMPLE}")
    return [row for row in rows if isinstance(row, Mapping)]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads candidates, gathering everything that is wrong with them."""

    found: Findings
    base: AlertSetting
    frame: Frame

    def setting(self, row: Mapping[str, object], *, number: int) -> AlertSetting:
        """Return one candidate; what is wrong is left as in the base."""
        path = f"[{number}]"
        self._check_keys(row, _KEYS, path=path)
        objective = self._ratio(row, "objective", path=path) or self.base.objective_ratio
        least = self._number(row, "min_bad_events", path=path)
        make = TierMaker(objective, self.frame)
        wanted = self._tier_rows(row, path=path)
        tiers = self._tiers(wanted, make, path=path)
        if not tiers:
            self.found.add(f"{path}.tiers", "leaves no tier", "leave at least one enabled")
        return AlertSetting(
            name=cleaned(str(row.get("name") or f"candidate {number}"), limit=60),
            objective_ratio=objective,
            tiers=tuple(sorted(tiers.values(), key=lambda tier: (tier.long_seconds, -tier.factor))),
            min_bad_events=self.base.min_bad_events if least is None else least,
            for_seconds=self._waits(row, wanted, tiers, path=path),
        )

    def _tiers(
        self, wanted: Mapping[str, Mapping[str, object] | None], make: TierMaker, *, path: str
    ) -> dict[str, BurnRateTier]:
        tiers = {tier.name: self._moved(tier, make) for tier in self.base.tiers}
        for name, settings in wanted.items():
            if settings is None or settings.get("enabled") is False:
                tiers.pop(name, None)
                continue
            tier = self._tier(name, settings, tiers.get(name), make, path=f"{path}.tiers.{name}")
            if tier is not None:
                tiers[name] = tier
        return tiers

    def _waits(
        self,
        row: Mapping[str, object],
        wanted: Mapping[str, Mapping[str, object] | None],
        tiers: Mapping[str, BurnRateTier],
        *,
        path: str,
    ) -> dict[str, float]:
        """Return the `for` of each tier: its own, else the candidate's, else that of the base."""
        general = self._seconds(row, "for", path=path)
        waits = {}
        for name in tiers:
            own = self._seconds(wanted.get(name) or {}, "for", path=f"{path}.tiers.{name}")
            chosen = next((wait for wait in (own, general) if wait is not None), self.base.for_seconds.get(name, 0.0))
            waits[name] = chosen
        return waits

    def _moved(self, tier: BurnRateTier, make: TierMaker) -> BurnRateTier:
        moved = make.with_factor(tier.name, tier.long_seconds, tier.short_seconds, tier.factor)
        return replace(moved, severity=tier.severity, budget_share=tier.budget_share)

    def _tier_rows(self, row: Mapping[str, object], *, path: str) -> dict[str, Mapping[str, object] | None]:
        tiers = row.get("tiers", {})
        if not isinstance(tiers, Mapping) or len(tiers) > _MAX_TIERS:
            self.found.add(f"{path}.tiers", "is not a mapping of up to 8 tiers", "write {fast: {share: 0.05}}")
            return {}
        read: dict[str, Mapping[str, object] | None] = {}
        for name, settings in tiers.items():
            label = cleaned(str(name), limit=40)
            if settings is False or settings is None:
                read[label] = None
            elif settings is True:
                read[label] = {}
            elif isinstance(settings, Mapping):
                self._check_keys(settings, _TIER_KEYS, path=f"{path}.tiers.{label}")
                read[label] = settings
            else:
                self.found.add(f"{path}.tiers.{label}", "is not a mapping", "write false, or {share: 0.05}")
        return read

    def _tier(
        self,
        name: str,
        row: Mapping[str, object],
        known: BurnRateTier | None,
        make: TierMaker,
        *,
        path: str,
    ) -> BurnRateTier | None:
        long = self._window(row, "long", path=path) or (known.long_seconds if known else None)
        if long is None:
            if not self._has_problem_at(path):
                self.found.add(path, "is a tier of its own without windows", "give long, and share or factor")
            return None
        short = self._window(row, "short", path=path) or self._short(long, known)
        if short > long:
            self.found.add(f"{path}.short", "is longer than long", "make it a twelfth of the long window")
        severity = _SEVERITIES.get(row["severity"]) if "severity" in row else (known.severity if known else "page")
        if severity is None:
            self.found.add(f"{path}.severity", "is neither page nor ticket", "write page or ticket")
        factor = self._factor(row, known, long, path=path)
        if factor is None or severity is None:
            return None
        return replace(make.with_factor(name, long, short, factor), severity=severity)

    def _short(self, long: float, known: BurnRateTier | None) -> float:
        if known is not None and known.long_seconds == long:
            return known.short_seconds
        base = self.frame.base_seconds
        return base * max(1, -(-long * _SHORT_SHARE // base))

    def _factor(self, row: Mapping[str, object], known: BurnRateTier | None, long: float, *, path: str) -> float | None:
        if "factor" in row and "share" in row:
            self.found.add(path, "has both factor and share", "give one; factor = share x period / long")
        if "factor" in row:
            factor = self._number(row, "factor", path=path)
            if factor == 0:
                self.found.add(f"{path}.factor", "is 0, which always fires", "give a burn rate such as 14.4")
            return factor or None
        share = self._ratio(row, "share", path=path) if "share" in row else (known.budget_share if known else None)
        if share is None:
            if "share" not in row:
                self.found.add(path, "has neither factor nor share", "give share: 0.05, or factor: 14.4")
            return None
        return factor_for_share(budget_share=share, window_seconds=long, period_seconds=self.frame.period_seconds)

    def _window(self, row: Mapping[str, object], key: str, *, path: str) -> float | None:
        seconds = self._seconds(row, key, path=path)
        base = self.frame.base_seconds
        if seconds is None:
            return None
        if seconds % base or seconds > self.frame.period_seconds:
            bases, period = format_duration(base), format_duration(self.frame.period_seconds)
            self.found.add(f"{path}.{key}", f"is no multiple of {bases} up to {period}", f"use multiples of {bases}")
        return seconds

    def _seconds(self, row: Mapping[str, object], key: str, *, path: str) -> float | None:
        """Return a duration, 0 where it is spelt as none, or None where it is not given or wrong."""
        if row.get(key) is None:
            return None
        text = str(row[key])
        if text in {"0", "0s"}:
            return 0.0
        try:
            return parse_duration(text, field=key).seconds
        except InputError as error:
            self.found.add(f"{path}.{key}", error.message.rstrip("."), "use 5m, 1h or 3d")
            return None

    def _ratio(self, row: Mapping[str, object], key: str, *, path: str) -> float | None:
        value = self._number(row, key, path=path)
        if value is None or 0 < value < 1:
            return value
        self.found.add(f"{path}.{key}", "is not a ratio between 0 and 1", "99.9 % is written 0.999")
        return None

    def _number(self, row: Mapping[str, object], key: str, *, path: str) -> float | None:
        """Return a finite number >= 0, or None where it is not given or wrong."""
        value = row.get(key)
        if value is None:
            return None
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf"):
            return float(value)
        self.found.add(f"{path}.{key}", "is not a number of 0 or more", "give a plain number")
        return None

    def _check_keys(self, row: Mapping[str, object], known: tuple[str, ...], *, path: str) -> None:
        for key in row:
            if key not in known:
                nearest = nearest_names(str(key), known)
                self.found.add(
                    f"{path}.{cleaned(str(key), limit=40)}",
                    "is not a setting",
                    f"did you mean {nearest[0]}?" if nearest else f"known are {', '.join(known)}",
                )

    def _has_problem_at(self, path: str) -> bool:
        return any(problem.path.startswith(path) for problem in self.found.problems)
