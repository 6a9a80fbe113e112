"""A web service as Prometheus sees it: a `/metrics` page whose counters grow with time, and which can be made to fail.

with web_service() as service:
    service.error_ratio = 1.0          # from now on every request fails
    ...  # scrape service.address, "127.0.0.1:PORT"
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.serving import QuietHandler, on_free_port, serving

BUCKETS = (0.05, 0.1, 0.2, 0.5, 1.0)


class WebService:
    """Counters of requests and of their durations.

    Attributes:
        requests_per_second: Traffic from now on.
        error_ratio: Share of requests that fail from now on, 0..1.
        slow_ratio: Share of requests that take 0.7 s from now on, the others take 0.08 s.
    """

    def __init__(self, *, requests_per_second: float = 50.0) -> None:
        self.requests_per_second = requests_per_second
        self.error_ratio = 0.0
        self.slow_ratio = 0.0
        self.address = ""
        self._good = self._bad = self._slow = 0.0
        self._looked_at = self._started = time.time()
        self._lock = threading.Lock()

    def page(self) -> str:
        """Return the exposition of now."""
        with self._lock:
            now = time.time()
            fresh = (now - self._looked_at) * self.requests_per_second
            self._looked_at = now
            self._bad += fresh * self.error_ratio
            self._good += fresh * (1 - self.error_ratio)
            self._slow += fresh * self.slow_ratio
            total = self._good + self._bad
            fast = total - self._slow
            lines = [
                "# TYPE http_requests_total counter",
                f'http_requests_total{{code="200",handler="/",method="GET"}} {round(self._good)}',
                # The series of failures begins with the first failure, as it does in real life.
                *(
                    [f'http_requests_total{{code="500",handler="/",method="GET"}} {round(self._bad)}']
                    if self._bad
                    else []
                ),
                "# TYPE http_request_duration_seconds histogram",
            ]
            for bound in BUCKETS:
                inside = (fast if bound >= 0.08 else 0.0) + (self._slow if bound >= 0.7 else 0.0)
                lines.append(f'http_request_duration_seconds_bucket{{handler="/",le="{bound:g}"}} {round(inside)}')
            lines += [
                f'http_request_duration_seconds_bucket{{handler="/",le="+Inf"}} {round(total)}',
                f'http_request_duration_seconds_count{{handler="/"}} {round(total)}',
                f'http_request_duration_seconds_sum{{handler="/"}} {fast * 0.08 + self._slow * 0.7}',
                "# TYPE process_start_time_seconds gauge",
                f"process_start_time_seconds {self._started}",
                "# TYPE build_info gauge",
                'build_info{version="v1.0.0"} 1',
                "# TYPE process_open_fds gauge",
                "process_open_fds 40",
                "# TYPE process_max_fds gauge",
                "process_max_fds 1024",
            ]
            return "\n".join(lines) + "\n"


@contextmanager
def web_service(*, requests_per_second: float = 50.0) -> Iterator[WebService]:
    """Serve the page on a free loopback port until the block ends."""
    service = WebService(requests_per_second=requests_per_second)

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.answer(service.page().encode(), "text/plain; version=0.0.4")

    with serving(on_free_port(Handler)) as address:
        service.address = address
        yield service
