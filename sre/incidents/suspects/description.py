"""A suspect in words and numbers: the rows of a ranking described one by one."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sre.core.figures import figure_text, seconds_text
from sre.core.series import FloatArray
from sre.incidents.suspects.evidence import Evidence
from sre.incidents.suspects.followers import Explained
from sre.incidents.suspects.model import Behaviour, Direction, Suspect, Timeline
from sre.incidents.suspects.onset import OUTSIDE_DEVIATIONS
from sre.incidents.suspects.surge import Surge

_WHOLLY_EXPLAINED: Final = 0.8
_FEW_NORMAL_SAMPLES: Final = 30
# A strength of 3 (as of a lasting move by four deviations) reads as 0.63.
_SCORE_SCALE: Final = 3.0


def score_of(strength: float) -> float:
    """Return a strength of evidence (>= 0) as a score of 0..1."""
    return float(-np.expm1(-max(strength, 0.0) / _SCORE_SCALE))


def _ratio(during: float | None, before: float | None) -> float | None:
    if not before or during is None:
        return None
    ratio = during / before
    return ratio if np.isfinite(ratio) else None


@dataclass(frozen=True, slots=True, eq=False)
class Describer:
    """What is needed to describe a suspect.

    Attributes:
        strengths: shape (series,), after the discount for followers and for the symptom itself.
    """

    behaviours: tuple[Behaviour, ...]
    timeline: Timeline
    evidence: Evidence
    explained: Explained
    surge: Surge | None
    strengths: FloatArray
    symptom_rows: frozenset[int]

    def suspect(self, row: int) -> Suspect:
        """Describe one series."""
        behaviour = self.behaviours[row]
        before, during = self._before(row), self._during(row)
        return Suspect(
            service=behaviour.service,
            metric=behaviour.metric,
            labels=behaviour.labels,
            kind=behaviour.kind,
            onset_ms=self.onset_ms(row),
            before=before,
            during=during,
            direction=self._direction(row, before, during),
            effect=self._effect(row),
            ratio=_ratio(during, before),
            score=score_of(float(self.strengths[row])),
            evidence=self._numbers(row),
            caveats=tuple(self._caveats(row, before)),
        )

    def onset_ms(self, row: int) -> int | None:
        """Return when the series left its normal range, None where that cannot be dated."""
        if self.evidence.presence.appeared[row] or self.evidence.presence.vanished[row]:
            return int(self.timeline.times_ms[np.argmax(self.timeline.is_incident)])
        first = int(self.evidence.move.first[row])
        return int(self.timeline.times_ms[self.evidence.window][first]) if first >= 0 else None

    def _before(self, row: int) -> float | None:
        """Return the normal level, or where the series had already moved to on its way."""
        median, recent = float(self.evidence.raw.median[row]), float(self.evidence.raw.recent[row])
        if np.isnan(median):
            return None
        return recent if self._had_moved(row) and self.evidence.change[row] * (recent - median) > 0 else median

    def _had_moved(self, row: int) -> bool:
        return bool(abs(np.nan_to_num(self.evidence.normal.drift[row])) > OUTSIDE_DEVIATIONS)

    def _during(self, row: int) -> float | None:
        """Return the median of the steps of the incident that were out of range, of all of them where none was."""
        incident = self.timeline.is_incident[self.evidence.window]
        values = self.evidence.values[row, self.evidence.window]
        changed = values[incident & self.evidence.move.is_outside[row] & np.isfinite(values)]
        every = values[incident & np.isfinite(values)]
        chosen = changed if len(changed) else every
        return float(np.median(chosen)) if len(chosen) else None

    def _direction(self, row: int, before: float | None, during: float | None) -> Direction:
        if self.evidence.presence.appeared[row] or before is None:
            return "appeared"
        if self.evidence.presence.vanished[row] or during is None:
            return "vanished"
        return "up" if during >= before else "down"

    def _effect(self, row: int) -> float:
        deviations = np.abs(self.evidence.deviations[row])
        deviations = deviations[np.isfinite(deviations)]
        outside = deviations[deviations > OUTSIDE_DEVIATIONS]
        chosen = outside if len(outside) else deviations
        return float(np.median(chosen)) if len(chosen) else 0.0

    def _numbers(self, row: int) -> dict[str, float]:
        evidence = self.evidence
        incident = self.timeline.is_incident[evidence.window]
        return {
            "strength": float(evidence.strength[row]),
            "steps_out_of_range": float((evidence.move.is_outside[row] & incident).sum()),
            "incident_samples": float(np.isfinite(evidence.deviations[row]).sum()),
            "normal_samples": float(self._normal_samples(row)),
            "deviations_just_before": float(np.nan_to_num(evidence.normal.drift[row])),
            "explained_by_callee_ratio": float(self.explained.ratio[row]),
        }

    def _normal_samples(self, row: int) -> int:
        return int(np.isfinite(self.evidence.values[row, self.timeline.is_normal]).sum())

    def _caveats(self, row: int, before: float | None) -> list[str]:
        found = []
        if row in self.symptom_rows:
            found.append("this is the symptom itself, or another view of it")
        if self.explained.by[row]:
            found.append(f'its callee "{self.explained.by[row]}" changed in the same way and may explain it')
        if self._had_moved(row):
            median, recent = self.evidence.raw.median[row], self.evidence.raw.recent[row]
            found.append(f"had already moved from {figure_text(float(median))} to {figure_text(float(recent))} before")
        found += self._timing_caveats(row)
        if before is not None and (count := self._normal_samples(row)) < _FEW_NORMAL_SAMPLES:
            found.append(f"its normal is known from {count} samples only")
        if self.surge is not None and self.surge.explained[row] >= _WHOLLY_EXPLAINED:
            found.append("it grew no more than the traffic of its service did")
        if self.behaviours[row].kind == "traffic" and not (self.surge is not None and self.surge.is_entry[row]):
            found.append("traffic often follows: callers send less when they are slow")
        return found

    def _timing_caveats(self, row: int) -> list[str]:
        onset = self.onset_ms(row)
        if onset is None:
            return ["it never left its normal range for two steps together, so its onset is unknown"]
        start = int(self.timeline.times_ms[np.argmax(self.timeline.is_incident)])
        if onset < start:
            return [f"it moved {seconds_text((start - onset) / 1000)} before the incident"]
        return []
