"""Service discovery and relabelling of a scrape job.

Source: prometheus.io/docs, "Configuration": the meta labels of each kind of discovery.
"""

from typing import Final

from sre.alerting.scrape_model import (
    ConsulTargets,
    Discovery,
    Ec2Targets,
    FileTargets,
    KubernetesTargets,
    ScrapeService,
)
from sre.core.conventions import SERVICE_LABEL
from sre.core.rules.writing import YamlValue

_POD: Final = "__meta_kubernetes_pod"
# Where the port of a target stands, by role: its name, and its number where there is a label of its own.
_PORT_LABELS: Final = {
    "pod": (f"{_POD}_container_port_name", f"{_POD}_container_port_number"),
    "service": ("__meta_kubernetes_service_port_name", "__meta_kubernetes_service_port_number"),
    "endpoints": ("__meta_kubernetes_endpoint_port_name", ""),
    "endpointslice": ("__meta_kubernetes_endpointslice_port_name", "__meta_kubernetes_endpointslice_port"),
}
# An address with or without a port, then the port wanted; lazy, so that IPv6 in brackets keeps its colons.
_ADDRESS_AND_PORT: Final = r"(.+?)(?::\d+)?;(\d+)"


def discovery_config(discovery: Discovery) -> dict[str, YamlValue]:
    """Return the discovery section of a job; static targets have none here."""
    match discovery:
        case FileTargets():
            return {"file_sd_configs": [{"files": list(discovery.files)}]}
        case KubernetesTargets():
            return {"kubernetes_sd_configs": [_kubernetes(discovery)]}
        case Ec2Targets():
            return {"ec2_sd_configs": [_ec2(discovery)]}
        case ConsulTargets():
            return {"consul_sd_configs": [_consul(discovery)]}
        case _:
            return {}


def relabelling(service: ScrapeService) -> list[YamlValue]:
    """Return which of the found targets are scraped, where, and under which labels."""
    rules: list[YamlValue] = []
    match service.discovery:
        case KubernetesTargets() as found:
            rules += [*_chosen(found), *_by_annotations(found), *_kubernetes_labels(found)]
        case Ec2Targets():
            rules += [
                _copied("__meta_ec2_instance_id", "instance_id"),
                _copied("__meta_ec2_availability_zone", "availability_zone"),
            ]
        case ConsulTargets():
            rules += [_copied("__meta_consul_node", "node"), _copied("__meta_consul_dc", "datacenter")]
        case _:
            pass
    return [*rules, *_service_label(service), *(_set(name, value) for name, value in service.labels.items())]


def _kubernetes(found: KubernetesTargets) -> dict[str, YamlValue]:
    config: dict[str, YamlValue] = {"role": found.role}
    if found.namespaces:
        config["namespaces"] = {"names": list(found.namespaces)}
    if found.selector:
        config["selectors"] = [{"role": found.role, "label": found.selector}]
    return config


def _ec2(found: Ec2Targets) -> dict[str, YamlValue]:
    filters: list[YamlValue] = [{"name": f"tag:{name}", "values": [value]} for name, value in found.tags.items()]
    filters.append({"name": "instance-state-name", "values": ["running"]})
    role: dict[str, YamlValue] = {"role_arn": found.role_arn} if found.role_arn else {}
    return {"region": found.region, **role, "port": found.port, "filters": filters}


def _consul(found: ConsulTargets) -> dict[str, YamlValue]:
    config: dict[str, YamlValue] = {"server": found.server, "services": list(found.services)}
    if found.tags:
        config["tags"] = list(found.tags)
    if found.datacenter:
        config["datacenter"] = found.datacenter
    if found.scheme != "http":
        config["scheme"] = found.scheme
    if found.credentials_file:
        config["authorization"] = {"credentials_file": found.credentials_file}
    return config


def _chosen(found: KubernetesTargets) -> list[YamlValue]:
    rules: list[YamlValue] = []
    if found.role == "pod":
        # Pods that have ended stay listed and would be down for ever; init containers serve nothing.
        rules.append(_if(f"{_POD}_phase", "Succeeded|Failed", action="drop"))
        rules.append(_if(f"{_POD}_container_init", "true", action="drop"))
    if found.port:
        name_label, number_label = _PORT_LABELS[found.role]
        if not found.port.isdigit():
            rules.append(_if(name_label, _literal(found.port)))
        elif number_label:
            rules.append(_if(number_label, found.port))
        else:
            rules.append(_if("__address__", f".+:{found.port}"))
    return rules


def _by_annotations(found: KubernetesTargets) -> list[YamlValue]:
    if not found.uses_annotations:
        return []
    owner = "pod" if found.role == "pod" else "service"
    prefix = f"__meta_kubernetes_{owner}_annotation_prometheus_io"
    return [
        _if(f"{prefix}_scrape", "true"),
        _copied(f"{prefix}_scheme", "__scheme__", regex="(https?)"),
        _copied(f"{prefix}_path", "__metrics_path__"),
        {
            "source_labels": ["__address__", f"{prefix}_port"],
            "regex": _ADDRESS_AND_PORT,
            "target_label": "__address__",
            "replacement": "$1:$2",
        },
    ]


def _kubernetes_labels(found: KubernetesTargets) -> list[YamlValue]:
    rules: list[YamlValue] = [_copied("__meta_kubernetes_namespace", "namespace")]
    if found.role != "service":
        rules += [_copied(f"{_POD}_name", "pod"), _copied(f"{_POD}_node_name", "node")]
    return rules


def _service_label(service: ScrapeService) -> list[YamlValue]:
    found = service.discovery
    if not isinstance(found, KubernetesTargets) or found.selector:
        return [_set(SERVICE_LABEL, service.name)]
    # By annotations alone one job finds many services, so each target says whose it is.
    if found.role != "pod":
        return [_copied("__meta_kubernetes_service_name", SERVICE_LABEL)]
    return [
        _set(SERVICE_LABEL, service.name),
        _copied(f"{_POD}_label_app", SERVICE_LABEL),
        _copied(f"{_POD}_label_app_kubernetes_io_name", SERVICE_LABEL),
    ]


def _if(label: str, regex: str, *, action: str = "keep") -> dict[str, YamlValue]:
    return {"source_labels": [label], "regex": regex, "action": action}


def _copied(label: str, target: str, *, regex: str = "(.+)") -> dict[str, YamlValue]:
    # An empty source would not only add nothing, it would take away what is there.
    return {"source_labels": [label], "regex": regex, "target_label": target}


def _set(target: str, value: str) -> dict[str, YamlValue]:
    return {"target_label": target, "replacement": value.replace("$", "$$")}


def _literal(text: str) -> str:
    return "".join(character if character.isalnum() or character in "-_" else f"\\{character}" for character in text)
