"""Settings: environment alone, a file, both; what is wrong is said all at once and without its value."""

from pathlib import Path

import pytest

from server.settings import DemoSettings, PrometheusSettings, SnapshotSettings, load_settings
from sre.core.errors import ConfigError


def test_nothing_set_is_a_valid_configuration() -> None:
    settings = load_settings({})
    assert settings.sources == {}
    assert settings.default_source is None


def test_the_environment_alone_configures_a_prometheus() -> None:
    settings = load_settings(
        {"PROMETHEUS_URL": "http://127.0.0.1:9090", "PROMETHEUS_TOKEN": "s3cr3t-token", "PROMETHEUS_TENANT": "team-a"}
    )
    source = settings.sources["prometheus"]
    assert isinstance(source, PrometheusSettings)
    assert source.url == "http://127.0.0.1:9090"
    assert source.headers["X-Scope-OrgID"].get_secret_value() == "team-a"
    assert settings.default_source == "prometheus"
    assert "s3cr3t-token" in settings.secret_values()
    assert "s3cr3t-token" not in repr(settings)


@pytest.mark.parametrize("value", ["", "   ", "${user_config.prometheus_url}", "http://${HOST}:9090"])
def test_empty_and_unexpanded_values_count_as_unset(value: str) -> None:
    assert load_settings({"PROMETHEUS_URL": value}).sources == {}


def test_a_snapshot_from_the_environment_is_the_default_source() -> None:
    settings = load_settings({"SRE_MCP_SNAPSHOT": "/data/export"})
    assert isinstance(settings.sources["snapshot"], SnapshotSettings)
    assert settings.default_source == "snapshot"


def test_with_both_the_live_system_is_the_default() -> None:
    settings = load_settings({"SRE_MCP_SNAPSHOT": "/data", "PROMETHEUS_URL": "http://127.0.0.1:9090"})
    assert settings.default_source == "prometheus"
    assert set(settings.sources) == {"prometheus", "snapshot"}


def _file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


FULL = """
slo_dir = "slos"
[sources.prod]
type = "prometheus"
url = "https://prometheus.example.org"
token_file = "/run/secrets/token"
default = true
[sources.old]
type = "snapshot"
path = "/data/export"
[sources.world]
type = "demo"
[services.checkout]
traffic = 'sum(rate(orders_total[$window]))'
"""


def test_a_file_configures_several_sources_and_services(tmp_path: Path) -> None:
    settings = load_settings({}, config_file=_file(tmp_path, FULL))
    assert settings.default_source == "prod"
    assert isinstance(settings.sources["world"], DemoSettings)
    assert settings.services["checkout"].traffic == "sum(rate(orders_total[$window]))"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = load_settings({"PROMETHEUS_URL": "http://127.0.0.1:1"}, config_file=_file(tmp_path, FULL))
    assert settings.default_source == "prometheus"
    assert "prod" in settings.sources


def test_the_file_can_come_from_the_environment(tmp_path: Path) -> None:
    assert load_settings({"SRE_MCP_CONFIG": _file(tmp_path, FULL)}).default_source == "prod"


def test_every_problem_is_named_at_once_and_no_value_is_shown(tmp_path: Path) -> None:
    text = """
[sources.prod]
type = "prometheus"
url = "https://x"
token = "hunter2-hunter2"
username = "me"
[sources.b]
type = "graphite"
[http]
tokn = "hunter2-hunter2"
"""
    with pytest.raises(ConfigError) as caught:
        load_settings({}, config_file=_file(tmp_path, text))
    message = caught.value.explained()
    assert "sources.prod" in message
    assert "sources.b" in message
    assert "http.tokn" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("text", ["[sources", "\x00", "a = 1 = 2"])
def test_a_file_that_is_not_toml_is_a_clear_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="not TOML"):
        load_settings({}, config_file=_file(tmp_path, text))


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings({}, config_file=str(tmp_path / "no.toml"))


def test_two_defaults_in_a_file_are_refused(tmp_path: Path) -> None:
    text = '[sources.a]\ntype="demo"\ndefault=true\n[sources.b]\ntype="demo"\ndefault=true\n'
    with pytest.raises(ConfigError, match="only one source"):
        load_settings({}, config_file=_file(tmp_path, text))


def test_a_flag_that_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(ConfigError, match="SRE_MCP_ALLOW_WRITES"):
        load_settings({"SRE_MCP_ALLOW_WRITES": "maybe"})
    assert load_settings({"SRE_MCP_ALLOW_WRITES": "true"}).allow_writes
