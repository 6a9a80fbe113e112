"""What an Alertmanager tells: alerts as notified, silences, and the groups they are sent in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sre.core.labels import Labels


@dataclass(frozen=True, slots=True)
class LabelMatcher:
    """A condition on one label, anchored like Prometheus' own."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def __str__(self) -> str:
        operator = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
        value = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.name}{operator[self.is_regex, self.is_equal]}"{value}"'


@dataclass(frozen=True, slots=True)
class NotifiedAlert:
    """An alert as the Alertmanager holds it; labels and annotations are text from outside.

    Attributes:
        state: `suppressed` while a silence, an inhibition or a mute time holds it back.
        silenced_by: Ids of silences.
        inhibited_by: Fingerprints of alerts.
        muted_by: Names of time intervals.
        group_labels: Labels of the notification group it is sent in.
    """

    labels: Labels
    annotations: Mapping[str, str]
    state: Literal["active", "suppressed", "unprocessed"]
    starts_at: datetime
    ends_at: datetime | None
    fingerprint: str
    receivers: tuple[str, ...] = ()
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()
    group_labels: Labels = field(default_factory=Labels)
    generator_url: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence; author and comment are text from outside."""

    id: str
    matchers: tuple[LabelMatcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    state: Literal["active", "pending", "expired"]
