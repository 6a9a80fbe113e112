"""Who is told about alerts, and how: data for alertmanager.yml. Secrets are named by file everywhere."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Audience: TypeAlias = Literal["pages", "tickets", "watchdog"]

AUDIENCES: Final[tuple[Audience, ...]] = ("pages", "tickets", "watchdog")
DEFAULT_SECRETS_DIR: Final = "/etc/alertmanager/secrets"


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """PagerDuty, Events API v2.

    Attributes:
        url: Of another region's or a proxy's API; empty for PagerDuty's own.
    """

    routing_key_file: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Slack:
    """A Slack channel by incoming webhook."""

    api_url_file: str
    channel: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """Any address that takes Alertmanager's JSON.

    Attributes:
        url: The address; empty where it is itself secret and stands in `url_file`.
        credentials_file: Bearer token; empty where none is needed.
    """

    url: str = ""
    url_file: str = ""
    credentials_file: str = ""


@dataclass(frozen=True, slots=True)
class Email:
    """Mail by SMTP.

    Attributes:
        auth_username: Empty where the mail server wants no sign-in.
    """

    to: str
    sender: str
    smarthost: str
    auth_username: str = ""
    auth_password_file: str = ""
    require_tls: bool = True


Integration: TypeAlias = PagerDuty | Slack | Webhook | Email


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When tickets are sent; outside of it they wait.

    Attributes:
        weekdays: As Alertmanager writes them, such as `monday:friday`.
        start, end: `HH:MM`; end is not included, and may be 24:00.
        zone: Of the tz database, such as `Europe/Berlin`.
    """

    weekdays: str = "monday:friday"
    start: str = "09:00"
    end: str = "17:00"
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class NotificationPlan:
    """Who is told what.

    Attributes:
        watchdog: Told every few minutes that alerts are delivered; with none, nothing notices when they are not.
        group_labels: By which SLOs fall into groups; a page inhibits the ticket of its own group only.
        identity_labels: External labels of the servers that send alerts, such as `cluster`.
    """

    pages: tuple[Integration, ...]
    tickets: tuple[Integration, ...]
    watchdog: tuple[Integration, ...] = ()
    office_hours: OfficeHours | None = None
    group_labels: tuple[str, ...] = ()
    identity_labels: tuple[str, ...] = ()

    def integrations(self, audience: Audience) -> tuple[Integration, ...]:
        """Return how an audience is told."""
        return {"pages": self.pages, "tickets": self.tickets, "watchdog": self.watchdog}[audience]
