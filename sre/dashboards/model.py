"""A dashboard as data: what is shown, not how Grafana spells it (`grafana_json.py` does that)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

PanelKind: TypeAlias = Literal["timeseries", "stat", "text"]
Better: TypeAlias = Literal["low", "high"]

# Every dashboard that we make carries it, and by it we know our own again.
OUR_TAG: Final = "sre-mcp"
# Grafana's name of the variable that picks the data source.
DATASOURCE_VARIABLE: Final = "datasource"
# Stands for a range that fits the scrape interval and the zoom; Grafana puts it in.
RATE_INTERVAL: Final = "$__rate_interval"
# The whole time range that a panel shows.
PANEL_RANGE: Final = "$__range"


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel.

    Attributes:
        expr: PromQL; may hold Grafana's variables.
        legend: Name of its series, with `{{label}}` for a label's value; empty takes Grafana's own.
        may_be_empty: Finding nothing is a usual answer, not a broken panel.
        recorded_from: Of a recorded series, the expression behind it, tried where nobody records it yet.
    """

    expr: str
    legend: str = ""
    may_be_empty: bool = False
    recorded_from: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A colour from a value upwards; None is the colour below all others."""

    value: float | None
    color: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another page; only http and https addresses are kept."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        description: What it shows and what to do about it.
        unit: Grafana's identifier of a unit, such as `s` or `percentunit`.
        width: Columns of 24.
        steps: Colours by value; of a time series they are drawn as lines.
        minimum, maximum: Ends of the axis; None leaves them to the data.
        decimals: Digits after the point; None leaves them to Grafana.
        text: Markdown, of a text panel.
        time_from: A range of its own instead of the dashboard's, such as `30d` or `now/M`.
        min_interval: Points are no closer than that; for costly queries.
        is_stacked: Series are drawn upon each other.
    """

    title: str
    description: str
    kind: PanelKind = "timeseries"
    unit: str = "short"
    targets: tuple[Target, ...] = ()
    width: int = 12
    height: int = 8
    steps: tuple[Step, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    text: str = ""
    links: tuple[Link, ...] = ()
    time_from: str = ""
    min_interval: str = ""
    is_stacked: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Panels below a heading; without a title they stand at the top, without one."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class LabelVariable:
    """A choice of label values above the dashboard; `All` is chosen first.

    Attributes:
        label: The label whose values are chosen from.
        query: Grafana's query of the values: `label_values(...)` or `query_result(...)`.
        regex: Picks the value out of what the query gives; empty takes it whole.
    """

    label: str
    query: str
    regex: str = ""

    @property
    def name(self) -> str:
        """The variable's name: the label's, unless Grafana has another use for it."""
        return f"label_{self.label}" if self.label == DATASOURCE_VARIABLE or self.label.startswith("__") else self.label

    @property
    def reference(self) -> str:
        """The variable as it stands in a query, a regular expression of the chosen values."""
        return f"${{{self.name}}}"


@dataclass(frozen=True, slots=True)
class Annotation:
    """Events drawn across all panels, wherever a query has a value.

    Attributes:
        title, text: May hold `{{label}}`.
        tags: Labels whose values become tags.
    """

    name: str
    expr: str
    title: str
    text: str = ""
    tags: tuple[str, ...] = ()
    color: str = "blue"
    step: str = "60s"


@dataclass(frozen=True, slots=True)
class DashboardLink:
    """A menu of other dashboards that carry all these tags."""

    title: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard.

    Attributes:
        uid: Stable, so that making it again replaces it (`identity.py`).
        time_from: How far back it looks at first.
        refresh: How often it asks again.
        time_zone: `browser`, `utc` or an IANA name.
        scrape_seconds: Usual distance of samples where known: Grafana's data source may be set to another one, and
            ranges that fit the scrape interval would then be too short.
        notes: What its reader must know about how it was made; goes into the answer, not into the dashboard.
    """

    uid: str
    title: str
    description: str
    sections: tuple[Section, ...]
    tags: tuple[str, ...] = ()
    variables: tuple[LabelVariable, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    links: tuple[Link | DashboardLink, ...] = ()
    time_from: str = "now-6h"
    refresh: str = "1m"
    time_zone: str = "browser"
    scrape_seconds: float | None = None
    notes: tuple[str, ...] = ()

    def panels(self) -> Iterator[Panel]:
        """Return all panels in order."""
        for section in self.sections:
            yield from section.panels
