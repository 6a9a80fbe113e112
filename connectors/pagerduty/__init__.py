"""PagerDuty: incidents as people were paged for them, their log, who is on call; and the writes that answer a page."""

from connectors.pagerduty.client import PagerDutyClient
from connectors.pagerduty.events import RoutingKey

__all__ = ["PagerDutyClient", "RoutingKey"]
