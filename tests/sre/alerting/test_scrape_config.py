"""Scrape jobs: what a caller writes, and what Prometheus' own programs make of the result."""

import json

import pytest
import yaml

from connectors.programs import Program
from connectors.promtool import Promtool
from sre.alerting.prometheus_config import certificate_files, prometheus_config, scrape_secrets, target_files
from sre.alerting.scrape_jobs import relabelling
from sre.alerting.scrape_services import read_scrape_plan
from sre.core.errors import InputError
from sre.core.rules.writing import yaml_document
from tests.support.real_prometheus import require_program

PLAN = """
scrape_interval: 15s
external_labels: {cluster: prod, replica: a}
services:
- {name: web, targets: ["web:8080"], labels: {team: "a$b"}, interval: 1m}
- {name: api, targets: ["api:8080"], discovery: {kind: file}, scheme: https, tls: {ca_file: certs/ca.pem},
   credentials_file: secrets/api}
- {name: ec2, discovery: {kind: ec2, region: eu-central-1, port: 9100, tags: {Service: x}}}
"""


@pytest.mark.anyio
@pytest.mark.real_prometheus
async def test_promtool_loads_the_jobs() -> None:
    require_program("promtool")
    plan = read_scrape_plan(PLAN)
    named = {secret.path: "x" for secret in scrape_secrets(plan)} | dict.fromkeys(certificate_files(plan), "")
    files = {"prometheus.yml": yaml_document(prometheus_config(plan)), **target_files(plan), **named}
    run = await Promtool().check_config(files)
    assert run.is_ok, run.output
    broken = files["prometheus.yml"].replace("target_label: service", "target_label: 1-x")
    assert not (await Promtool().check_config({**files, "prometheus.yml": broken})).is_ok


def _discovered(relabel: list[object], targets: list[dict[str, str]]) -> dict[str, str]:
    """A configuration whose targets carry the labels that a discovery would have given them, and the same relabelling."""
    job = {"job_name": "x", "file_sd_configs": [{"files": ["t.yml"]}], "relabel_configs": relabel}
    document = [{"targets": [one.pop("address")], "labels": one} for one in targets]
    return {"prometheus.yml": yaml.safe_dump({"scrape_configs": [job]}), "t.yml": yaml.safe_dump(document)}


async def _kept(relabel: list[object], targets: list[dict[str, str]]) -> list[dict[str, str]]:
    """What the real relabelling of Prometheus keeps, with its final labels."""
    files = _discovered(relabel, targets)
    run = await Program("promtool").run(
        ["check", "service-discovery", "--timeout=3s", "prometheus.yml", "x"], files=files
    )
    found = json.loads(run.output[run.output.index("[\n") :])
    return [one["labels"] for one in found if one.get("labels")]


POD = "__meta_kubernetes_pod"
RUNNING = {f"{POD}_phase": "Running", f"{POD}_name": "p-0", "__meta_kubernetes_namespace": "shop"}


@pytest.mark.anyio
@pytest.mark.real_prometheus
async def test_pods_by_annotation_are_scraped_where_they_say() -> None:
    """*Source*: the meta labels of Prometheus' documentation; the relabelling is done by Prometheus itself."""
    require_program("promtool")
    plan = read_scrape_plan("[{name: pods, discovery: {kind: kubernetes, annotations: true}}]")
    asked = {f"{POD}_annotation_prometheus_io_scrape": "true"}
    kept = await _kept(
        relabelling(plan.services[0]),
        [
            {"address": "10.0.0.1:80", **RUNNING, **asked, f"{POD}_annotation_prometheus_io_port": "9102",
             f"{POD}_annotation_prometheus_io_path": "/m", f"{POD}_label_app": "cart"},
            {"address": "[fd00::1]:80", **RUNNING, **asked, f"{POD}_annotation_prometheus_io_port": "9102"},
            {"address": "10.0.0.2:80", **RUNNING},
            {"address": "10.0.0.3:80", **RUNNING, **asked, f"{POD}_phase": "Succeeded"},
            {"address": "10.0.0.4:80", **RUNNING, **asked, f"{POD}_container_init": "true"},
            {"address": "10.0.0.5:80", **RUNNING, **asked},
        ],
    )  # fmt: skip
    by_address = {labels["__address__"]: labels for labels in kept}
    assert set(by_address) == {"10.0.0.1:9102", "[fd00::1]:9102", "10.0.0.5:80"}
    first = by_address["10.0.0.1:9102"]
    assert (first["__metrics_path__"], first["service"], first["pod"]) == ("/m", "cart", "p-0")
    assert by_address["10.0.0.5:80"]["service"] == "pods"
    assert by_address["10.0.0.5:80"]["__metrics_path__"] == "/metrics"


@pytest.mark.anyio
@pytest.mark.real_prometheus
async def test_only_the_named_port_is_scraped_and_labels_are_literal() -> None:
    require_program("promtool")
    plan = read_scrape_plan(
        '[{name: cart, discovery: {kind: kubernetes, selector: app=cart, port: web}, labels: {team: "a$1"}}]'
    )
    port = f"{POD}_container_port_name"
    kept = await _kept(
        relabelling(plan.services[0]),
        [{"address": "10.0.0.1:80", **RUNNING, port: "web"}, {"address": "10.0.0.1:81", **RUNNING, port: "webx"}],
    )
    assert [(one["__address__"], one["service"], one["team"]) for one in kept] == [("10.0.0.1:80", "cart", "a$1")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('- {name: x, targets: ["http://a/b"]}', "host:port"),
        ("- {name: x}", "targets: [host:port]"),
        ("- {name: prometheus, targets: [a:1]}", "not prometheus"),
        ("- {name: x, discovery: {kind: nope}}", "static, file, kubernetes, ec2, consul"),
        ("- {name: x, discovery: {kind: kubernetes}}", "selector"),
        ("- {name: x, discovery: {kind: ec2, region: r}}", "tags"),
        ("- {name: x, targets: [a:1], intervall: 5s}", "interval"),
        ("- {name: x, targets: [a:1], interval: 5s, timeout: 10s}", "timeout"),
        ("[{name: x, targets: [a:1]}, {name: x, targets: [b:1]}]", "more than once"),
        ("services: []", "names no service"),
        ("[1, 2", "not YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_mending(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_scrape_plan(text)
    assert said in caught.value.explained()


def test_all_problems_come_at_once() -> None:
    with pytest.raises(InputError) as caught:
        read_scrape_plan("[{name: x, targets: ['a b']}, {name: y, scheme: ftp, targets: [a:1]}]")
    assert len(caught.value.next_steps) == 2


def test_an_alias_bomb_is_refused() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n" for before, name in zip("abcdef", "bcdefg", strict=True)
    )
    with pytest.raises(InputError):
        read_scrape_plan(bomb)
