"""Every number in docs/concepts/demo-world.md is that of the default seed."""

import re
from datetime import datetime
from pathlib import Path

from connectors.demo.schedule import EXPORTER_OUTAGE
from connectors.demo.world import World

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "demo-world.md"


def clock(at: datetime) -> str:
    return f"{at:%H:%M}"


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table whose header row starts with `heading`."""
    table = text.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_table_of_services_is_the_truth(world: World) -> None:
    told = {cells[0]: cells[2:] for cells in rows(PAGE.read_text(), "Service")}
    assert told == {
        budget.service: [
            f"{budget.total_events:,}",
            f"{budget.bad_events:,}",
            f"{budget.consumed_ratio:.1%}".replace("%", " %"),
        ]
        for budget in world.truth.budgets
    }


def test_the_table_of_the_incident_is_the_truth(world: World) -> None:
    incident = world.truth.incident
    told = [cells[1] for cells in rows(PAGE.read_text(), "The incident")]
    assert told == [
        f"{clock(incident.start)}, {clock(incident.end)} UTC (over 1 % of checkout's requests fail)",
        f"{incident.minutes} minutes",
        f"{incident.peak_error_ratio:.1%} failed, at {clock(incident.peak_at)}".replace("%", " %"),
        f"{incident.requests:,}",
        f"{incident.failed_requests:,}",
        f"{incident.web_failed_requests:,}",
    ]


def test_the_story_is_told_with_the_numbers_of_the_truth(world: World) -> None:
    truth, page = world.truth, " ".join(PAGE.read_text().split())
    incident, regression, disk = truth.incident, truth.regression, truth.disk
    (payments,) = (deploy for deploy in truth.deploys if deploy.service == "payments")
    (rollback,) = (deploy for deploy in truth.deploys if deploy.is_rollback)
    expected = (
        f"grows by {truth.growth_ratio_per_week:.0%} a week".replace("%", " %"),
        f"{regression.deployed_at:%A, %d %B, %H:%M}. Catalog {regression.version} goes live** and is two fifths slower"
        f" from {clock(regression.settled_at)} on",
        f"was {1000 * regression.p95_before_seconds:.0f} ms over the day before"
        f" and is {1000 * regression.p95_after_seconds:.0f} ms over the day after",
        f"{incident.deployed_at:%A, %d %B, %H:%M}. Checkout {incident.version} goes live",
        f"At {clock(incident.pool_full_at)} the pools of {incident.pool_size} connections a pod are full",
        f"Payments {payments.version} of {clock(payments.at)} the same day",
        f"At {clock(rollback.at)} checkout is rolled back** to {rollback.version}",
        f"{EXPORTER_OUTAGE[0]:%A, %d %B, %H:%M} to {EXPORTER_OUTAGE[1]:%H:%M}",
        f"`{disk.mountpoint}` on `{disk.instance}`, {disk.size_bytes / 1e9:.0f} GB, loses"
        f" {disk.lost_bytes_per_day / 1e9:.0f} GB a day",
        f"{disk.free_bytes_at_end / 1e9:.2f} GB are free",
        f"full on {disk.full_at:%d %B %Y at %H:%M} UTC, {(disk.full_at - truth.window.end).days} days later",
        f"seed {truth.seed}, the numbers above",
    )
    assert [sentence for sentence in expected if sentence not in page] == []
    assert regression.slower_ratio == 2 / 5


def test_the_page_names_every_service_and_route(world: World) -> None:
    page = PAGE.read_text()
    named = {
        series.labels[label]
        for series in world.samples
        for label in ("service", "handler", "http_route")
        if label in series.labels
    }
    assert not [name for name in named if not re.search(rf"(?<!\w){re.escape(name)}", page)]
