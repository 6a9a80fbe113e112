"""The five services of the shop: what they serve, how fast, and how often they fail on an ordinary day."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

# How a service names its metrics: client libraries' HTTP names, go-grpc-middleware's, OpenTelemetry's.
Convention: TypeAlias = Literal["http", "grpc", "otel"]


@dataclass(frozen=True, slots=True)
class Route:
    """One thing a service can be asked.

    Attributes:
        path: Route pattern, or full method of a gRPC service.
        median_seconds: Half of the requests take less, in a healthy hour.
        tail_exponent: Exponent of the log-logistic law of durations; p95 is median * 19 ** (1 / exponent).
        own_error_ratio: Share of requests that fail by the service's own fault on an ordinary day.
        missing_ratio: Share of requests answered "not found", which nobody's budget pays for.
    """

    service: str
    method: str
    path: str
    median_seconds: float
    tail_exponent: float
    own_error_ratio: float
    missing_ratio: float = 0.0


@dataclass(frozen=True, slots=True)
class Service:
    """A deployed service.

    Attributes:
        cpu_seconds_per_request: Cost of a request; sets the CPU graphs.
        cpu_limit_cores: Limit of one pod.
        memory_limit_bytes: Limit of one pod.
        scrape_offset_seconds: How long before the full minute its first pod is scraped.
    """

    name: str
    convention: Convention
    port: int
    routes: tuple[Route, ...]
    cpu_seconds_per_request: float
    cpu_limit_cores: float
    memory_limit_bytes: float
    scrape_offset_seconds: float


REPLICAS: Final = 2
NAMESPACE: Final = "shop"
_MIB: Final = 1024.0 * 1024.0

HOME: Final = Route("web", "GET", "/", 0.060, 3.6, 0.00008)
PRODUCT: Final = Route("web", "GET", "/product/{id}", 0.085, 3.6, 0.00010, missing_ratio=0.004)
CART: Final = Route("web", "GET", "/cart", 0.070, 3.8, 0.00008)
CHECKOUT: Final = Route("web", "POST", "/checkout", 0.240, 4.2, 0.00015)
LIST: Final = Route("catalog", "GET", "/items", 0.078, 4.0, 0.00004)
ITEM: Final = Route("catalog", "GET", "/items/{id}", 0.088, 4.0, 0.00005, missing_ratio=0.004)
READ_CART: Final = Route("checkout", "GET", "/carts/{id}", 0.032, 3.8, 0.00012)
ORDER: Final = Route("checkout", "POST", "/orders", 0.170, 4.2, 0.00030)
AUTHORIZE: Final = Route("payments", "unary", "Authorize", 0.095, 4.0, 0.00060)
REFUND: Final = Route("payments", "unary", "Refund", 0.120, 4.0, 0.00050)
STOCK: Final = Route("inventory", "GET", "/stock/{sku}", 0.018, 3.6, 0.00006)
RESERVE: Final = Route("inventory", "POST", "/reservations", 0.042, 3.8, 0.00015)

SERVICES: Final = (
    Service("web", "http", 8080, (HOME, PRODUCT, CART, CHECKOUT), 0.0110, 1.0, 768 * _MIB, 3.417),
    Service("catalog", "http", 8080, (LIST, ITEM), 0.0100, 0.5, 512 * _MIB, 11.083),
    Service("checkout", "http", 8080, (READ_CART, ORDER), 0.0300, 0.5, 512 * _MIB, 22.651),
    Service("payments", "grpc", 9090, (AUTHORIZE, REFUND), 0.0400, 0.25, 256 * _MIB, 37.904),
    Service("inventory", "otel", 8888, (STOCK, RESERVE), 0.0050, 0.25, 256 * _MIB, 48.232),
)

# Upper bounds of buckets in seconds, dense where objectives are set; OpenTelemetry's are those that its semantic
# conventions for http.server.request.duration advise.
_CLIENT_BOUNDS: Final = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0, 2.5, 5.0)
_OTEL_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
BUCKET_BOUNDS_SECONDS: Final[dict[Convention, tuple[float, ...]]] = {
    "http": _CLIENT_BOUNDS,
    "grpc": _CLIENT_BOUNDS,
    "otel": _OTEL_BOUNDS,
}


def service_named(name: str) -> Service:
    """Return a service by name; KeyError for a name the shop does not have."""
    return {service.name: service for service in SERVICES}[name]
