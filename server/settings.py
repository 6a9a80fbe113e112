"""Settings: one frozen object, and the only reader of the environment and of configuration files."""

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from server.environment import CONFIG_VARIABLE, Variables, overlaid
from sre.core.errors import ConfigError
from sre.core.text import cleaned, quoted

_MAX_CONFIG_BYTES = 1_000_000


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HttpSystemSettings(_Section):
    """A system that is reached by HTTP: where it is and how to sign in."""

    url: str = Field(min_length=1)
    token: SecretStr | None = None
    token_file: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    verify_tls: bool = True
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    timeout_seconds: float = Field(30.0, gt=0, le=300)
    concurrency: int = Field(16, ge=1, le=100)
    max_body_bytes: int = Field(32 * 1024 * 1024, ge=1024)

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> "HttpSystemSettings":
        ways = [self.token is not None, self.token_file is not None, self.username is not None]
        if sum(ways) > 1:
            raise ValueError("give one of token, token_file, or username with password")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        if self.client_key_file is not None and self.client_cert_file is None:
            raise ValueError("client_key_file needs client_cert_file")
        return self

    def secrets(self) -> list[SecretStr | None]:
        """Return the credentials that stand in these settings."""
        return [self.token, self.password, *self.headers.values(), _password_in(self.url)]


class PagerDutySettings(HttpSystemSettings):
    """A PagerDuty account: `https://api.eu.pagerduty.com` in the EU region.

    Attributes:
        from_email: User in whose name incidents are acknowledged, resolved and noted; none without it.
        routing_key: Integration key of Events v2; no events without it, or `routing_key_file` that holds it.
        events_url: Where events go, if not to the region of `url`.
    """

    url: str = Field("https://api.pagerduty.com", min_length=1)
    # PagerDuty asks for one request after the other.
    concurrency: int = Field(4, ge=1, le=100)
    from_email: str = ""
    routing_key: SecretStr | None = None
    routing_key_file: Path | None = None
    events_url: str | None = None

    @model_validator(mode="after")
    def _token_alone(self) -> "PagerDutySettings":
        if self.token is None and self.token_file is None:
            raise ValueError("PagerDuty needs a token or token_file")
        if self.routing_key is not None and self.routing_key_file is not None:
            raise ValueError("give one of routing_key and routing_key_file")
        return self

    def secrets(self) -> list[SecretStr | None]:
        """Return the credentials that stand in these settings."""
        return [*super().secrets(), self.routing_key]


class PrometheusSettings(HttpSystemSettings):
    """A Prometheus-compatible HTTP API: Prometheus, Thanos, Mimir, Cortex, VictoriaMetrics."""

    type: Literal["prometheus"] = "prometheus"
    default: bool = False


class SnapshotSettings(_Section):
    """A file or folder of OpenMetrics text, CSV or Prometheus range-query JSON."""

    type: Literal["snapshot"]
    path: Path
    default: bool = False
    prometheus_major: Literal[2, 3] = 3


class DemoSettings(_Section):
    """The built-in demo world."""

    type: Literal["demo"]
    default: bool = False
    seed: int = 42


SourceSettings = Annotated[PrometheusSettings | SnapshotSettings | DemoSettings, Field(discriminator="type")]


class ServiceSettings(_Section):
    """PromQL for the golden signals of a service no convention fits; `$window` stands for the range."""

    traffic: str = ""
    errors: str = ""
    latency: str = ""
    saturation: str = ""


class ProgramSettings(_Section):
    """Programs that check what is generated; a bare name is looked for on PATH, an empty one is never run."""

    promtool: str = "promtool"
    amtool: str = "amtool"


class HttpSettings(_Section):
    """The HTTP transport."""

    token: SecretStr | None = None
    token_file: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()


class Settings(_Section):
    """Everything that can be configured.

    Attributes:
        sources: Metric sources by name.
        services: Golden-signal queries by service name.
        alertmanager: Where alerts are sent from.
        grafana: Where dashboards are published.
        pagerduty: Where people are paged from.
        output_dir: The only folder generated files may go to.
        slo_dir: Folder of OpenSLO documents; in the user's data folder if not set.
        data_dir: Folder for what the server remembers; the user's data folder if not set.
        store_url: PostgreSQL database for records; a file in `data_dir` if not set.
        author: Who records, where a call does not say; the user this process runs for if not set.
        runbook_url: Address of the runbook of an alert, `{alert}` standing for its name.
        allow_writes: Register tools that change other systems.
    """

    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    services: dict[str, ServiceSettings] = Field(default_factory=dict)
    alertmanager: HttpSystemSettings | None = None
    grafana: HttpSystemSettings | None = None
    pagerduty: PagerDutySettings | None = None
    programs: ProgramSettings = ProgramSettings()
    http: HttpSettings = HttpSettings()
    data_dir: Path | None = None
    store_url: SecretStr | None = None
    author: str = Field("", max_length=100)
    runbook_url: str = Field("", max_length=500)
    output_dir: Path | None = None
    slo_dir: Path | None = None
    allow_writes: bool = False

    @model_validator(mode="after")
    def _one_default(self) -> "Settings":
        defaults = [name for name, source in self.sources.items() if source.default]
        if len(defaults) > 1:
            raise ValueError(f"only one source can be the default, not {', '.join(defaults)}")
        return self

    @property
    def default_source(self) -> str | None:
        """Name of the source a tool uses when none is named: the only one, or the one marked."""
        if len(self.sources) == 1:
            return next(iter(self.sources))
        return next((name for name, source in self.sources.items() if source.default), None)

    def secret_values(self) -> tuple[str, ...]:
        """Return every configured secret, so that the boundary can keep them in."""
        held: list[SecretStr | None] = [self.http.token]
        if self.store_url is not None:
            held += [self.store_url, _password_in(self.store_url.get_secret_value())]
        for source in self.sources.values():
            if isinstance(source, PrometheusSettings):
                held += source.secrets()
        for system in (self.alertmanager, self.grafana, self.pagerduty):
            held += system.secrets() if system is not None else []
        return tuple(secret.get_secret_value() for secret in held if secret is not None)


def _password_in(url: str) -> SecretStr | None:
    try:
        password = urlsplit(url).password
    except ValueError:
        return None
    return SecretStr(unquote(password)) if password else None


def load_settings(environment: Mapping[str, str] | None = None, *, config_file: str | None = None) -> Settings:
    """Return the settings from a configuration file and the environment; the environment wins.

    Args:
        environment: Variables to read; the process's own when None.
        config_file: Path of a TOML file; else the variable SRE_MCP_CONFIG, else no file.

    Raises:
        ConfigError: Unreadable or invalid, with every problem and where it is.
    """
    variables = Variables(os.environ if environment is None else environment)
    path = config_file or variables.get(CONFIG_VARIABLE)
    document = _read_toml(Path(path).expanduser()) if path else {}
    merged = overlaid(document, variables)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise _explained(error, path) from None


def data_folder(settings: Settings) -> Path:
    """Return the folder for what the server remembers: as configured, or where this system keeps a user's data."""
    if settings.data_dir is not None:
        return settings.data_dir.expanduser()
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "sre-mcp"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sre-mcp"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "sre-mcp"


def author_of(settings: Settings) -> str:
    """Return who records, where a call does not say: as configured, or the user this process runs for."""
    import getpass

    if settings.author:
        return settings.author
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        # In a container the number of the user may have no name.
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _read_toml(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > _MAX_CONFIG_BYTES:
            raise ConfigError(f"The configuration file {quoted(str(path))} is over 1 MB.", setting="--config")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The configuration file {quoted(str(path))} cannot be read: {error.strerror}.", setting="--config"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The configuration file {quoted(str(path))} is not TOML: {cleaned(str(error))}.", setting="--config"
        ) from None


def _explained(error: ValidationError, path: str | None) -> ConfigError:
    lines = [
        f"{cleaned('.'.join(str(part) for part in problem['loc'])) or 'settings'}: {cleaned(problem['msg'])}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    where = f"the file {quoted(path)} or the environment" if path else "the environment"
    first = lines[0].split(":", 1)[0]
    return ConfigError(
        f"The configuration is not valid ({where}): {'; '.join(lines)}.",
        setting=first,
        next_steps=("see docs/configuration.md for every setting",),
    )
