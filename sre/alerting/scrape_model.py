"""What one Prometheus scrapes: services, how their targets are found, and how it signs in to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

KubernetesRole: TypeAlias = Literal["pod", "service", "endpoints", "endpointslice"]
Scheme: TypeAlias = Literal["http", "https"]

DEFAULT_INTERVAL_SECONDS: Final = 30.0
DEFAULT_ALERTMANAGER: Final = "localhost:9093"
DEFAULT_PROMETHEUS: Final = "localhost:9090"
# The jobs that every generated configuration has.
OWN_JOBS: Final = ("prometheus", "alertmanager")


@dataclass(frozen=True, slots=True)
class StaticTargets:
    """Addresses that do not change, `host:port`."""

    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileTargets:
    """Targets in files that something else writes; read again whenever they change.

    Attributes:
        files: Paths or globs, relative to prometheus.yml.
        targets: What the first file holds to begin with; empty where it is not ours to write.
    """

    files: tuple[str, ...]
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KubernetesTargets:
    """Objects of a cluster.

    Attributes:
        namespaces: Empty for all.
        selector: Label selector that the API server applies, such as `app=checkout`.
        port: Name or number of the port that serves metrics; empty for every one.
        uses_annotations: Scrape what carries `prometheus.io/scrape: "true"`, at the port and path it names.
    """

    role: KubernetesRole
    namespaces: tuple[str, ...] = ()
    selector: str = ""
    port: str = ""
    uses_annotations: bool = False


@dataclass(frozen=True, slots=True)
class Ec2Targets:
    """Running machines with these tags; credentials are those of the machine Prometheus runs on."""

    region: str
    port: int
    tags: Mapping[str, str] = field(default_factory=dict)
    role_arn: str = ""


@dataclass(frozen=True, slots=True)
class ConsulTargets:
    """Instances registered in Consul.

    Attributes:
        server: `host:port` of the agent.
        credentials_file: Holds the ACL token; empty where none is needed.
    """

    server: str
    services: tuple[str, ...]
    tags: tuple[str, ...] = ()
    datacenter: str = ""
    scheme: Scheme = "http"
    credentials_file: str = ""


Discovery: TypeAlias = StaticTargets | FileTargets | KubernetesTargets | Ec2Targets | ConsulTargets


@dataclass(frozen=True, slots=True)
class ScrapeAccess:
    """How Prometheus proves who it is, and whom it trusts; all by file.

    Attributes:
        is_unverified: The certificate of the target is not checked.
    """

    credentials_file: str = ""
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    server_name: str = ""
    is_unverified: bool = False


@dataclass(frozen=True, slots=True)
class ScrapeService:
    """One service to scrape: its job, and the value of its label `service`."""

    name: str
    discovery: Discovery
    metrics_path: str = "/metrics"
    scheme: Scheme = "http"
    interval_seconds: float = 0.0
    timeout_seconds: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)
    access: ScrapeAccess = ScrapeAccess()
    sample_limit: int = 0


@dataclass(frozen=True, slots=True)
class ScrapePlan:
    """Everything one Prometheus does.

    Attributes:
        external_labels: Who this Prometheus is, for its alerts and for what stores its data elsewhere.
        alertmanagers: Where alerts are sent, `host:port`.
        prometheus_address: Where it finds itself, `host:port`.
    """

    services: tuple[ScrapeService, ...] = ()
    interval_seconds: float = DEFAULT_INTERVAL_SECONDS
    evaluation_seconds: float = DEFAULT_INTERVAL_SECONDS
    external_labels: Mapping[str, str] = field(default_factory=dict)
    alertmanagers: tuple[str, ...] = (DEFAULT_ALERTMANAGER,)
    prometheus_address: str = DEFAULT_PROMETHEUS
