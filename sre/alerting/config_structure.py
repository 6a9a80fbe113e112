"""What can be said about a configuration without the programs that read it: names, times, expressions."""

from collections.abc import Iterator, Mapping, Sequence

from sre.core.errors import SreError
from sre.core.text import quoted
from sre.core.times import parse_duration

_DURATION_KEYS = frozenset(
    {"scrape_interval", "scrape_timeout", "evaluation_interval", "group_wait", "group_interval", "repeat_interval"}
)


def structure_problems(config: Mapping[str, object]) -> tuple[str, ...]:
    """Return what is wrong with a prometheus.yml or alertmanager.yml, as far as reading it tells."""
    return (
        *_wrong_values(config),
        *_twice(config, "scrape_configs", "job_name"),
        *_twice(config, "receivers", "name"),
        *_unknown_names(config),
    )


def _wrong_values(config: Mapping[str, object]) -> Iterator[str]:
    for path, key, value in _leaves(config, "$", ""):
        try:
            if key in _DURATION_KEYS:
                parse_duration(str(value), field=path)
            elif key == "regex":
                _compile(str(value))
        except SreError as error:
            yield f"{path}: {error.message}"


def _compile(pattern: str) -> None:
    from sre.core.promql.regex import full_match_regex

    full_match_regex(pattern)


def _twice(config: Mapping[str, object], list_key: str, key: str) -> Iterator[str]:
    names = [str(item.get(key)) for item in _mappings(config.get(list_key))]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{list_key} has {quoted(name)} more than once"


def _unknown_names(config: Mapping[str, object]) -> Iterator[str]:
    if "route" not in config:
        return
    receivers = {str(one.get("name")) for one in _mappings(config.get("receivers"))}
    intervals = {
        str(one.get("name")) for key in ("time_intervals", "mute_time_intervals") for one in _mappings(config.get(key))
    }
    for path, key, value in _leaves(config.get("route"), "$.route", ""):
        if key == "receiver" and str(value) not in receivers:
            yield f"{path}: there is no receiver {quoted(str(value))}"
        if key in {"active_time_intervals", "mute_time_intervals"} and str(value) not in intervals:
            yield f"{path}: there is no time interval {quoted(str(value))}"


def _mappings(value: object) -> list[Mapping[str, object]]:
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    return [item for item in items if isinstance(item, Mapping)]


def _leaves(value: object, path: str, key: str) -> Iterator[tuple[str, str, object]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}", str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]", key)
    else:
        yield path, key, value
