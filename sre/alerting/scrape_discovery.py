"""How the targets of a service are found, read from what a caller wrote."""

import re
from dataclasses import dataclass
from typing import Final, cast

from sre.alerting.scrape_model import (
    ConsulTargets,
    Discovery,
    Ec2Targets,
    FileTargets,
    KubernetesRole,
    KubernetesTargets,
    Scheme,
    StaticTargets,
)
from sre.core.fields import Fields
from sre.core.text import quoted

_ROLES: Final = ("pod", "service", "endpoints", "endpointslice")
_KINDS: Final = ("static", "file", "kubernetes", "ec2", "consul")
# A target is host:port, IPv6 in brackets; the scheme and the path are fields of their own.
_TARGET = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The discovery of one service: its fields, and the name and targets that stand beside it."""

    part: Fields
    name: str
    targets: tuple[str, ...]


def read_discovery(fields: Fields, name: str) -> Discovery:
    """Return where the targets of a service come from: `targets` itself, or `discovery` and its kind."""
    targets = read_targets(fields, "targets")
    part = fields.part("discovery")
    if part is None:
        if not targets:
            fields.problem("targets", "and discovery are missing", "give targets: [host:port], or discovery: {kind: …}")
        return StaticTargets(targets)
    kind = part.choice("kind", _KINDS, default="static")
    if targets and kind not in {"static", "file"}:
        fields.problem("targets", f"stand beside discovery by {kind}", "give one of the two")
    found = _READERS[kind](_Asked(part, name, targets))
    part.refuse_others()
    return found


def _static(asked: _Asked) -> Discovery:
    part = asked.part
    read = asked.targets or read_targets(part, "targets")
    if not read:
        part.problem("targets", "is missing", "give a list of host:port")
    return StaticTargets(read)


def _file(asked: _Asked) -> Discovery:
    part = asked.part
    files = part.texts("files") or (f"targets/{asked.name}.yml",)
    for path in files:
        if not re.fullmatch(r"[\w./*-]+\.(?:ya?ml|json)", path) or "*" in path.rsplit("/", 1)[0]:
            part.problem("files", f"has {quoted(path)}", "paths end in .yml, .yaml or .json; * only in the file's name")
        elif asked.targets and ("*" in path or path.startswith("/") or ".." in path.split("/")):
            part.problem("files", f"has {quoted(path)}, where targets cannot be written", "name a file below")
    return FileTargets(files, asked.targets)


def _kubernetes(asked: _Asked) -> Discovery:
    part = asked.part
    found = KubernetesTargets(
        role=cast("KubernetesRole", part.choice("role", _ROLES, default="pod")),
        namespaces=part.texts("namespaces"),
        selector=part.text("selector"),
        port=part.text("port"),
        uses_annotations=part.flag("annotations"),
    )
    if not found.selector and not found.uses_annotations:
        part.problem(
            "selector", "is missing, so every object of the cluster would be this service",
            f"give a label selector such as app={asked.name or 'checkout'}, or annotations: true",
        )  # fmt: skip
    return found


def _ec2(asked: _Asked) -> Discovery:
    part = asked.part
    tags = part.pairs("tags")
    if not tags:
        part.problem("tags", "is missing, so every machine of the region would be this service", "give tags")
    if "port" not in part:
        part.problem("port", "is missing", "give the port that serves metrics")
    return Ec2Targets(
        region=part.text("region", is_needed=True),
        port=round(part.number("port", default=80, low=1, high=65535)),
        tags=tags,
        role_arn=part.text("role_arn"),
    )


def _consul(asked: _Asked) -> Discovery:
    part = asked.part
    return ConsulTargets(
        server=part.text("server", default="localhost:8500"),
        services=part.texts("services") or (asked.name,),
        tags=part.texts("tags"),
        datacenter=part.text("datacenter"),
        scheme=cast("Scheme", part.choice("scheme", ("http", "https"), default="http")),
        credentials_file=part.text("credentials_file"),
    )


_READERS: Final = {"static": _static, "file": _file, "kubernetes": _kubernetes, "ec2": _ec2, "consul": _consul}


def read_targets(fields: Fields, key: str) -> tuple[str, ...]:
    """Return a list of `host:port`."""
    read = fields.texts(key)
    for target in read:
        if not _TARGET.fullmatch(target):
            fields.problem(key, f"has {quoted(target, limit=80)}", "write host:port, without scheme and path")
    return read
