"""The dashboard of an SLO: how much budget is left, how fast it goes, and what the tiers make of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from sre.core.exact import exact_number
from sre.core.figures import seconds_text
from sre.core.slo.budget import budget_ratio
from sre.core.slo.burn_rate import BurnRateTier, budget_spent_ratio
from sre.core.slo.model import Severity, Slo
from sre.core.slo.windows import CalendarWindow, RollingWindow
from sre.core.steps import FRIENDLY_STEPS_SECONDS
from sre.core.text import cleaned
from sre.core.times import format_duration
from sre.dashboards.identity import dashboard_tags, dashboard_uid, service_tag
from sre.dashboards.model import OUR_TAG, Dashboard, DashboardLink, Link, Panel, Section, Step, Target
from sre.dashboards.slo_queries import RecordedQueries, SloQueries
from sre.dashboards.units import PLAIN, RATIO

# A graph of raw counts over long windows costs as much as its points; so many show the shape (our choice).
_COSTLY_POINTS: Final = 60
_DAY_SECONDS: Final = 86_400.0
_CALLS: Final = {"page": "pages at once", "ticket": "opens a ticket"}


@dataclass(frozen=True, slots=True)
class SloSubject:
    """What a dashboard of an SLO is made from.

    Attributes:
        tiers: Those it alerts by, severities as the SLO has them.
        queries: Records or raw counts.
        budget_levels: Remaining budget below which the policy gets stricter, ascending, such as 0, 0.2 and 0.5.
        period_seconds: Length of the period; of a calendar one, that which the tiers are made for.
        left_out: Names of tiers that it does not alert by, with the reason.
    """

    slo: Slo
    tiers: tuple[BurnRateTier, ...]
    queries: SloQueries
    budget_levels: tuple[float, ...]
    period_seconds: float
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def is_recorded(self) -> bool:
        """Whether it reads the records of the SLO's rules."""
        return isinstance(self.queries, RecordedQueries)

    @property
    def budget(self) -> float:
        """Share of events that may be bad."""
        return budget_ratio(self.slo.objective_ratio)


def slo_dashboard(subject: SloSubject, *, title: str = "", links: tuple[Link, ...] = ()) -> Dashboard:
    """Return the dashboard of an SLO."""
    slo = subject.slo
    name = cleaned(slo.display_name) or slo.name
    zone = slo.window.time_zone if isinstance(slo.window, CalendarWindow) else "browser"
    same_service = (DashboardLink("Service", (OUR_TAG, "service", service_tag(slo.service))),) if slo.service else ()
    return Dashboard(
        uid=dashboard_uid("slo", slo.name),
        title=title or f"SLO {name}",
        description=cleaned(slo.description, limit=500) or f"{percent(slo.objective_ratio)} over {slo.window}.",
        sections=(
            Section("", _overview(subject)),
            Section("Budget", _budget_panels(subject)),
            Section("Burn rate", _burn_panels(subject)),
            Section("Events", _event_panels(subject)),
        ),
        tags=dashboard_tags("slo", service=slo.service),
        variables=subject.queries.variables,
        links=(*same_service, *links),
        time_from="now-7d",
        # Counting from raw metrics over weeks is not asked every minute.
        refresh="1m" if subject.is_recorded else "5m",
        time_zone="utc" if zone == "UTC" else zone,
        notes=_notes(subject),
    )


def percent(ratio: float) -> str:
    """Return a ratio as percent, exactly: 99.95 %."""
    return f"{exact_number(ratio * 100)} %"


def _overview(subject: SloSubject) -> tuple[Panel, ...]:
    queries, slo = subject.queries, subject.slo
    worst = " Of the worst group." if slo.group_by else ""
    over, window = f"over {slo.window}", _nearest_window(subject, 3600.0)
    return (
        _stat(
            subject,
            "Budget left",
            f"Share of the error budget left {over}; below 0 it is overspent.{worst} It decides whether to ship.",
            _worst("min", queries.budget_left(), slo),
            unit=RATIO,
            steps=_budget_steps(subject.budget_levels),
        ),
        _stat(
            subject,
            "SLI",
            f"Share of good events {over}; the objective is {percent(slo.objective_ratio)}.{worst}",
            _worst("min", f"1 - {queries.period_error_ratio()}", slo),
            unit=RATIO,
            steps=(Step(None, "red"), Step(slo.objective_ratio, "green")),
        ),
        _stat(
            subject,
            "Burn rate now",
            f"How many times faster than allowed the budget goes, over the last {format_duration(window)}.{worst} 1 "
            "spends exactly all of it.",
            _worst("max", _burn(subject, window), slo),
            steps=_tier_steps(subject.tiers),
        ),
        _stat(subject, "Bad events", f"Bad events {over}.", _worst("sum", queries.period_bad(), slo)),
        _stat(subject, "All events", f"Events {over}: what one bad one weighs.", _total(subject)),
        Panel("Objective", "What was promised.", kind="text", width=4, height=4, text=_objective_text(subject)),
    )


def _total(subject: SloSubject) -> str:
    return _worst("sum", subject.queries.period_total(), subject.slo)


def _budget_panels(subject: SloSubject) -> tuple[Panel, ...]:
    queries, slo, window = subject.queries, subject.slo, _nearest_window(subject, 3600.0)
    panels = []
    if query := queries.budget_over_time():
        panels.append(
            Panel(
                "Budget left over time",
                f"What is left of the budget of {slo.window}, at each moment. A cliff is an incident; a slope is a "
                "steady leak, which no page reports: find its share below.",
                unit=RATIO,
                targets=(Target(query, _legend(slo, "left")),),
                steps=_budget_steps(subject.budget_levels),
                maximum=1,
                time_from="" if subject.is_recorded else _length_of(slo),
                min_interval="" if subject.is_recorded else _interval(subject.period_seconds),
            )
        )
    panels.append(
        Panel(
            "SLI against the objective",
            f"Share of good events over {format_duration(window)}; the line is the objective, "
            f"{percent(slo.objective_ratio)}. What is below it spends more than its share of the budget.",
            unit=RATIO,
            targets=(Target(f"1 - {queries.error_ratio(window)}", _legend(slo, "SLI")),),
            steps=(Step(None, "red"), Step(slo.objective_ratio, "green")),
            maximum=1,
        )
    )
    return tuple(panels)


def _burn_panels(subject: SloSubject) -> tuple[Panel, ...]:
    groups: tuple[tuple[Severity, str], ...] = (
        ("page", "A page goes out when both windows of a tier are above its line: act now, mitigate first."),
        ("ticket", "A ticket is opened when both windows of a tier are above its line: plan the mending this week."),
    )
    panels = [_burn_panel(subject, severity, told) for severity, told in groups]
    graphs = [panel for panel in panels if panel is not None]
    table = Panel(
        "Tiers and what they mean",
        "Burn rates and windows of each tier, from the objective and the period.",
        kind="text",
        width=24,
        height=7,
        text=_tier_table(subject),
    )
    return (*graphs, table)


def _burn_panel(subject: SloSubject, severity: Severity, told: str) -> Panel | None:
    tiers = [tier for tier in subject.tiers if tier.severity == severity]
    if not tiers:
        return None
    windows = sorted(set(chain.from_iterable((tier.short_seconds, tier.long_seconds) for tier in tiers)))
    lines = ", ".join(f"{tier.name} {exact_number(round(tier.factor, 6))}" for tier in tiers)
    worst = " Each line is the worst group." if subject.slo.group_by else ""
    return Panel(
        f"Burn rate: {severity}s",
        f"How many times faster than allowed the budget goes, by window. Lines: {lines}.{worst} {told}",
        targets=tuple(
            Target(_worst("max", _burn(subject, seconds), subject.slo), format_duration(seconds)) for seconds in windows
        ),
        steps=_tier_steps(tiers),
        minimum=0,
        min_interval="" if subject.is_recorded else _interval(7 * _DAY_SECONDS),
    )


def _event_panels(subject: SloSubject) -> tuple[Panel, ...]:
    queries, slo, window = subject.queries, subject.slo, _nearest_window(subject, 3600.0)
    bad, total = _worst("sum", queries.bad(), slo), _worst("sum", queries.total(), slo)
    panels = [
        Panel(
            "Good and bad events",
            "How many events each window of a few minutes had. Few events make every bad one weigh much: look at the "
            "count before the rate.",
            targets=(Target(bad, "bad"), Target(f"clamp_min(({total}) - ({bad}), 0)", "good")),
            minimum=0,
            is_stacked=True,
        )
    ]
    if slo.group_by:
        panels.append(
            Panel(
                f"Burn rate by {', '.join(slo.group_by)}",
                f"How many times faster than allowed each group spends its own budget, over {format_duration(window)}.",
                targets=(Target(_burn(subject, window), _legend(slo, "")),),
                steps=_tier_steps(subject.tiers),
                minimum=0,
            )
        )
    return tuple(panels)


def _burn(subject: SloSubject, seconds: float) -> str:
    return f"{subject.queries.error_ratio(seconds)} / {exact_number(subject.budget)}"


def _nearest_window(subject: SloSubject, seconds: float) -> float:
    """Return the window of a tier that is nearest: only those are recorded."""
    known = {window for tier in subject.tiers for window in (tier.short_seconds, tier.long_seconds)}
    return min(known or {seconds}, key=lambda window: abs(window - seconds))


def _worst(aggregation: str, query: str, slo: Slo) -> str:
    return f"{aggregation}({query})" if slo.group_by else query


def _legend(slo: Slo, otherwise: str) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in slo.group_by) or otherwise


def _stat(
    subject: SloSubject, title: str, told: str, query: str, *, unit: str = PLAIN, steps: tuple[Step, ...] = ()
) -> Panel:
    return Panel(
        title,
        told,
        kind="stat",
        unit=unit,
        targets=(Target(query),),
        width=4,
        height=4,
        steps=steps,
        decimals=_decimals(subject.slo) if unit == RATIO else None,
        time_from=subject.queries.period_range,
    )


def _decimals(slo: Slo) -> int:
    """Return one digit more than the objective has in percent."""
    return len(exact_number(slo.objective_ratio * 100).partition(".")[2]) + 1


def _budget_steps(levels: Sequence[float]) -> tuple[Step, ...]:
    colors = ("red", "orange", "yellow", "green")
    chosen = colors[-(len(levels) + 1) :] if len(levels) < len(colors) else colors
    return tuple(Step(value, color) for value, color in zip((None, *sorted(levels)), chosen, strict=False))


def _tier_steps(tiers: Sequence[BurnRateTier]) -> tuple[Step, ...]:
    colors = {0: "yellow", 1: "orange", 2: "red", 3: "dark-red"}
    factors = sorted({tier.factor for tier in tiers})
    return (
        Step(None, "green"),
        *(Step(round(factor, 9), colors[min(index, 3)]) for index, factor in enumerate(factors)),
    )


def _length_of(slo: Slo) -> str:
    return str(slo.window.duration) if isinstance(slo.window, RollingWindow) else ""


def _interval(range_seconds: float) -> str:
    wanted = range_seconds / _COSTLY_POINTS
    return format_duration(next((step for step in FRIENDLY_STEPS_SECONDS if step >= wanted), _DAY_SECONDS))


def _objective_text(subject: SloSubject) -> str:
    slo = subject.slo
    full = subject.budget * subject.period_seconds
    return (
        f"**{percent(slo.objective_ratio)}** over {slo.window}\n\n"
        f"May fail: {percent(subject.budget)}, or {seconds_text(full)} of full outage"
    )


def _tier_table(subject: SloSubject) -> str:
    rows = [
        "| Tier | Burn rate | Windows | Bad events above | Full outage noticed after | Budget gone by then | Does |",
        "|---|---|---|---|---|---|---|",
        *(_tier_row(subject, tier) for tier in subject.tiers),
        *(f"| {name} | | | | | | nothing: {reason} |" for name, reason in subject.left_out),
    ]
    return "\n".join(rows)


def _tier_row(subject: SloSubject, tier: BurnRateTier) -> str:
    windows = f"{format_duration(tier.long_seconds)} and {format_duration(tier.short_seconds)}"
    delay, gone = "never", "none"
    if tier.detection_seconds is not None:
        spent = budget_spent_ratio(
            rate=1 / subject.budget, for_seconds=tier.detection_seconds, period_seconds=subject.period_seconds
        )
        delay, gone = seconds_text(tier.detection_seconds), percent(round(spent, 4))
    cells = (
        tier.name,
        exact_number(round(tier.factor, 6)),
        windows,
        percent(round(tier.factor * subject.budget, 9)),
        delay,
        gone,
        _CALLS[tier.severity],
    )
    return f"| {' | '.join(cells)} |"


def _notes(subject: SloSubject) -> tuple[str, ...]:
    if subject.is_recorded:
        return ("Panels read the records of this SLO's rules (generate_slo_rules).",)
    told = "Panels count from the SLO's raw metrics, because its rules are not recorded at the source: exact enough, "
    notes = [f"{told}but slower over long windows. Load the rules, then make the dashboard again."]
    if isinstance(subject.slo.window, CalendarWindow):
        notes.append("Budget left over time has no panel: over a calendar period it needs the recorded rules.")
    return tuple(notes)
