"""A real Prometheus that scrapes itself and evaluates rules: what only a living one can tell."""

import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import pytest

from connectors.http import BasicAuth, Endpoint, Tls
from connectors.prometheus import PrometheusClient
from sre.core.errors import AuthDeniedError, BadResponseError, RefusedError, SreError, UnavailableError
from sre.core.times import Duration, Window
from tests.support.real_process import free_port
from tests.support.real_prometheus import require_program, running_prometheus
from tests.support.tls_server import Authority

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]

RULES = """
groups:
  - name: shop
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
        labels: {team: core}
      - alert: TargetDown
        expr: up == 0
        for: 1h
        labels: {severity: page}
        annotations: {summary: "{{ $labels.job }} is down"}
      - alert: AlwaysFiring
        expr: vector(42)
"""
CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{folder}/rules.yml"]
scrape_configs:
  - job_name: itself
    file_sd_configs: [{{files: ["{folder}/targets.json"], refresh_interval: 1s}}]
  - job_name: gone
    static_configs: [{{targets: ["127.0.0.1:1"]}}]
"""
# User `admin` with the password `test`, from the Prometheus guide "Securing Prometheus API and UI endpoints".
PASSWORD_HASH = "$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay"
POLLS = 600
POLL_SECONDS = 0.05


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a claim about another process holds, at most half a minute."""
    for _ in range(POLLS):
        if await is_so():
            return
        await anyio.sleep(POLL_SECONDS)
    pytest.fail("it never became so")


@pytest.fixture(scope="module")
def live_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("live")
    (folder / "rules.yml").write_text(RULES)
    (folder / "targets.json").write_text("[]")
    with running_prometheus(config=CONFIG.format(folder=folder), extra_args=["--query.max-samples=5000"]) as url:
        # Only now the port is known; Prometheus watches the file.
        (folder / "targets.json").write_text(json.dumps([{"targets": [urlsplit(url).netloc]}]))
        yield url


@pytest.fixture
async def live(live_url: str) -> AsyncIterator[PrometheusClient]:
    """A client, once both targets were scraped and the rules evaluated."""
    client = PrometheusClient(Endpoint(live_url), name="live")

    async def is_awake() -> bool:
        seen = await client.instant_query('job:up:sum{job="itself"} == 1', at=datetime.now(tz=UTC))
        return len(seen.labels) == 1 and len(await client.alerts()) == 2

    await eventually(is_awake)
    yield client
    await client.aclose()


def last_minutes(minutes: int = 5) -> Window:
    now = datetime.now(tz=UTC)
    return Window(now - timedelta(minutes=minutes), now + timedelta(minutes=1))


async def test_it_says_what_it_is(live: PrometheusClient) -> None:
    """Source: Prometheus HTTP API, build information."""
    info = await live.build_info()
    told = await anyio.run_process([require_program("prometheus"), "--version"])
    assert info.product == "prometheus"
    assert f"version {info.version} " in (told.stdout + told.stderr).decode()


async def test_targets_tell_how_their_last_scrape_went(live: PrometheusClient) -> None:
    """Source: the configuration above."""
    targets = {target.job: target for target in await live.targets()}
    assert set(targets) == {"itself", "gone"}
    assert (targets["itself"].health, targets["gone"].health) == ("up", "down")
    assert "connection refused" in targets["gone"].last_error
    assert targets["itself"].scrape_interval_seconds == 1.0
    assert targets["itself"].scrape_url.endswith("/metrics")
    scraped = targets["itself"].last_scrape
    assert scraped is not None
    assert abs(datetime.now(tz=UTC) - scraped) < timedelta(minutes=1)


async def test_rules_are_as_they_were_written(live: PrometheusClient) -> None:
    """Source: the rule file above."""
    rules = {rule.name: rule for rule in await live.rules()}
    recording, down = rules["job:up:sum"], rules["TargetDown"]
    assert (recording.kind, recording.query, recording.labels["team"]) == ("recording", "sum by (job) (up)", "core")
    assert (down.kind, down.for_seconds, down.state, down.group) == ("alerting", 3600.0, "pending", "shop")
    assert down.annotations == {"summary": "{{ $labels.job }} is down"}
    assert down.file.endswith("rules.yml")
    assert {rule.health for rule in rules.values()} == {"ok"}
    assert rules["AlwaysFiring"].state == "firing"
    assert down.alerts[0].labels["job"] == "gone"


async def test_alerts_are_pending_or_firing(live: PrometheusClient) -> None:
    """Source: the rule file above."""
    alerts = {alert.name: alert for alert in await live.alerts()}
    assert (alerts["AlwaysFiring"].state, alerts["AlwaysFiring"].value) == ("firing", 42.0)
    assert (alerts["TargetDown"].state, alerts["TargetDown"].value) == ("pending", 0.0)
    assert alerts["TargetDown"].annotations == {"summary": "gone is down"}
    since = alerts["TargetDown"].active_at
    assert since is not None
    assert abs(datetime.now(tz=UTC) - since) < timedelta(minutes=5)


async def test_metadata_has_type_and_help(live: PrometheusClient) -> None:
    """Source: what Prometheus exposes about itself."""
    everything = await live.metadata()
    assert everything["prometheus_http_requests_total"].type == "counter"
    assert everything["prometheus_http_request_duration_seconds"].type == "histogram"
    assert everything["go_gc_duration_seconds"].type == "summary"
    one = await live.metadata("prometheus_http_requests_total")
    assert list(one) == ["prometheus_http_requests_total"]
    assert "HTTP" in one["prometheus_http_requests_total"].help


async def test_series_names_and_values_are_those_of_the_targets(live: PrometheusClient) -> None:
    """Source: the configuration above."""
    window = last_minutes()
    assert {labels["job"] for labels in await live.series(["up"], window=window)} == {"itself", "gone"}
    assert await live.label_values("job", ["up"], window=window) == ("gone", "itself")
    assert {"__name__", "handler", "job"} <= set(await live.label_names(window=window))
    assert "job:up:sum" in await live.label_values("__name__", window=window)


async def test_up_is_one_and_zero(live: PrometheusClient) -> None:
    """Source: the configuration above."""
    result = await live.instant_query("up", at=datetime.now(tz=UTC))
    assert {labels["job"]: value for labels, value in zip(result.labels, result.values, strict=True)} == {
        "itself": 1.0,
        "gone": 0.0,
    }
    over_time = await live.range_query("up", window=last_minutes(), step=Duration(5))
    assert len(over_time.series) == 2
    assert 0 < over_time.series.point_count < over_time.series.values.size


async def test_a_query_over_the_sample_limit_is_refused_with_a_way_round(live: PrometheusClient) -> None:
    """Source: the flag --query.max-samples above."""
    with pytest.raises(RefusedError) as caught:
        await live.range_query('{__name__=~".+"}', window=last_minutes(), step=Duration(1))
    assert "too many samples" in caught.value.message
    assert "topk" in caught.value.explained()


@contextmanager
def guarded_prometheus(folder: Path, authority: Authority) -> Iterator[str]:
    """Run a Prometheus behind TLS, client certificates, a password and a path prefix."""
    server = authority.issued("server")
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n")
    web = {
        "tls_server_config": {
            "cert_file": server.cert_file,
            "key_file": server.key_file,
            "client_auth_type": "RequireAndVerifyClientCert",
            "client_ca_file": authority.ca_file,
        },
        "basic_auth_users": {"admin": PASSWORD_HASH},
    }
    # JSON is YAML.
    (folder / "web.yml").write_text(json.dumps(web))
    address = f"127.0.0.1:{free_port()}"
    command = [
        require_program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        f"--web.config.file={folder}/web.yml", f"--web.listen-address={address}", "--web.route-prefix=/team/prom",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield f"https://{address}/team/prom/"
    finally:
        process.terminate()
        process.wait(timeout=20)


async def test_a_guarded_prometheus_lets_in_who_has_certificate_password_and_path(tmp_path: Path) -> None:
    """Source: Prometheus web configuration file; issue 2: basic, CA file, client certificate, path prefix."""
    authority = Authority(tmp_path)
    ours = authority.issued("client")
    tls = Tls(ca_file=authority.ca_file, cert_file=ours.cert_file, key_file=ours.key_file)
    with guarded_prometheus(tmp_path, authority) as url:

        async def failure_of(endpoint: Endpoint) -> SreError | None:
            client = PrometheusClient(endpoint, name="guarded")
            try:
                await client.build_info()
            except SreError as error:
                return error
            finally:
                await client.aclose()
            return None

        def told(error: SreError | None) -> str:
            return error.explained() if error is not None else ""

        async def is_let_in() -> bool:
            # Started, and loaded: before that every path answers 503.
            return await failure_of(Endpoint(url, tls=tls, auth=BasicAuth("admin", "test"))) is None

        await eventually(is_let_in)
        assert await failure_of(Endpoint(url.replace("//", "//admin:test@", 1), tls=tls)) is None
        assert type(await failure_of(Endpoint(url, tls=tls, auth=BasicAuth("admin", "wrong")))) is AuthDeniedError
        assert "no credentials were sent" in told(await failure_of(Endpoint(url, tls=tls)))
        without = await failure_of(Endpoint(url, tls=Tls(ca_file=authority.ca_file)))
        assert type(without) is UnavailableError
        assert "client certificate" in told(without)
        assert "authority" in told(await failure_of(Endpoint(url)))
        root = Endpoint(url.replace("/team/prom/", ""), tls=tls, auth=BasicAuth("admin", "test"))
        assert type(await failure_of(root)) is BadResponseError
        plain = Endpoint(url.replace("https://", "http://"), auth=BasicAuth("admin", "test"))
        assert "Write https://" in told(await failure_of(plain))
