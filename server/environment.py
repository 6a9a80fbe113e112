"""What environment variables say of the settings: which there are, and the keys of the configuration that they set."""

import re
from collections.abc import Mapping

from sre.core.errors import ConfigError
from sre.core.text import quoted

CONFIG_VARIABLE = "SRE_MCP_CONFIG"
# Clients pass `${user_config.x}` through as it is when the user left it empty.
_UNEXPANDED = re.compile(r"\$\{[^}]*\}")
# Each HTTP system reads the same variables under its own prefix, such as PROMETHEUS_TOKEN.
_SYSTEM_VARIABLES = {
    "TOKEN": "token",
    "TOKEN_FILE": "token_file",
    "USERNAME": "username",
    "PASSWORD": "password",
    "CA_FILE": "ca_file",
    "CLIENT_CERT_FILE": "client_cert_file",
    "CLIENT_KEY_FILE": "client_key_file",
    "TIMEOUT_SECONDS": "timeout_seconds",
}
_SYSTEMS = ("PROMETHEUS", "ALERTMANAGER", "GRAFANA")
_PAGERDUTY_VARIABLES = {
    "URL": "url",
    "TOKEN": "token",
    "TOKEN_FILE": "token_file",
    "FROM": "from_email",
    "ROUTING_KEY": "routing_key",
    "ROUTING_KEY_FILE": "routing_key_file",
    "EVENTS_URL": "events_url",
    "CA_FILE": "ca_file",
    "TIMEOUT_SECONDS": "timeout_seconds",
}
# Variable -> field that is set as it is.
_PLAIN_VARIABLES = {
    "SRE_MCP_OUTPUT_DIR": "output_dir",
    "SRE_MCP_SLO_DIR": "slo_dir",
    "SRE_MCP_DATA_DIR": "data_dir",
    "SRE_MCP_STORE_URL": "store_url",
    "SRE_MCP_AUTHOR": "author",
    "SRE_MCP_RUNBOOK_URL": "runbook_url",
}
ENVIRONMENT_VARIABLES = (
    CONFIG_VARIABLE,
    *(f"{system}_{name}" for system in _SYSTEMS for name in ("URL", *_SYSTEM_VARIABLES)),
    *(f"PAGERDUTY_{name}" for name in _PAGERDUTY_VARIABLES),
    "PROMETHEUS_TENANT",
    "SRE_MCP_SNAPSHOT",
    *_PLAIN_VARIABLES,
    "SRE_MCP_ALLOW_WRITES",
    "SRE_MCP_HTTP_TOKEN",
    "SRE_MCP_HTTP_TOKEN_FILE",
)


class Variables:
    """Environment variables where empty and unexpanded values count as unset."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get(self, name: str) -> str | None:
        """Return the value, None where it is unset."""
        value = self._environment.get(name, "").strip()
        return None if not value or _UNEXPANDED.search(value) else value

    def flag(self, name: str) -> bool | None:
        """Return the value as true or false, None where it is unset.

        Raises:
            ConfigError: It is neither.
        """
        value = self.get(name)
        if value is None:
            return None
        if value.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
            raise ConfigError(f"{name} is {quoted(value)}, which is neither true nor false.", setting=name)
        return value.lower() in ("1", "true", "yes", "on")


def overlaid(document: dict[str, object], variables: Variables) -> dict[str, object]:
    """Return the configuration with what the variables say laid over it, and without what was left empty in it.

    Raises:
        ConfigError: A variable has a value that it cannot have.
    """
    merged = _without_unset(document)
    from_environment = _sources_of(variables)
    if from_environment:
        merged["sources"] = {**_without_default(merged.get("sources")), **from_environment}
    for name, key in _PLAIN_VARIABLES.items():
        if value := variables.get(name):
            merged[key] = value
    for system in ("alertmanager", "grafana"):
        if values := _system_of(system.upper(), variables):
            merged[system] = values
    if values := _pagerduty_of(variables):
        merged["pagerduty"] = values
    if (writes := variables.flag("SRE_MCP_ALLOW_WRITES")) is not None:
        merged["allow_writes"] = writes
    http = merged.get("http")
    http_values = dict(http) if isinstance(http, dict) else {}
    for name, key in (("SRE_MCP_HTTP_TOKEN", "token"), ("SRE_MCP_HTTP_TOKEN_FILE", "token_file")):
        if value := variables.get(name):
            http_values[key] = value
    return {**merged, "http": http_values} if http_values else merged


def _without_default(declared: object) -> dict[str, object]:
    # A source named by the environment is the default, whatever the file says.
    if not isinstance(declared, dict):
        return {}
    return {
        name: {**source, "default": False} if isinstance(source, dict) else source for name, source in declared.items()
    }


def _sources_of(variables: Variables) -> dict[str, object]:
    sources: dict[str, object] = {}
    if system := _system_of("PROMETHEUS", variables):
        source: dict[str, object] = {"type": "prometheus", "default": True, **system}
        if tenant := variables.get("PROMETHEUS_TENANT"):
            source["headers"] = {"X-Scope-OrgID": tenant}
        sources["prometheus"] = source
    if path := variables.get("SRE_MCP_SNAPSHOT"):
        # With both set the live system is asked first; the snapshot stays reachable by name.
        sources["snapshot"] = {"type": "snapshot", "path": path, "default": not sources}
    return sources


def _system_of(prefix: str, variables: Variables) -> dict[str, object]:
    url = variables.get(f"{prefix}_URL")
    if url is None:
        return {}
    given = {key: variables.get(f"{prefix}_{name}") for name, key in _SYSTEM_VARIABLES.items()}
    return {"url": url, **{key: value for key, value in given.items() if value}}


def _pagerduty_of(variables: Variables) -> dict[str, object]:
    # The address is known, so it is the token that says PagerDuty is wanted.
    given = {key: variables.get(f"PAGERDUTY_{name}") for name, key in _PAGERDUTY_VARIABLES.items()}
    if not (given["token"] or given["token_file"] or given["url"]):
        return {}
    return {key: value for key, value in given.items() if value}


def _without_unset(value: dict[str, object]) -> dict[str, object]:
    kept: dict[str, object] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            kept[key] = _without_unset(item)
        elif not (isinstance(item, str) and (not item.strip() or _UNEXPANDED.fullmatch(item.strip()))):
            kept[key] = item
    return kept
