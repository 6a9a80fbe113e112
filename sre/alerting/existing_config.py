"""Adding to a configuration that is there already: what it says stays, only what is missing is added."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from sre.alerting.routes import MatchType, Route, RouteMatcher
from sre.alerting.secret_fields import add_inline_secrets
from sre.core.problems import Findings
from sre.core.rules.writing import YamlValue
from sre.core.yaml_text import yaml_documents

Config = Mapping[str, YamlValue]
_MATCHER = re.compile(r'\s*([a-zA-Z_][\w]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^",{}]*?))\s*')
_PROMETHEUS_KEYS = frozenset({"scrape_configs", "rule_files", "alerting", "remote_write"})
_ALERTMANAGER_KEYS = frozenset({"route", "receivers", "inhibit_rules"})


@dataclass(frozen=True, slots=True)
class ExistingConfigs:
    """What a caller has; empty where nothing was given."""

    prometheus: Config = field(default_factory=dict)
    alertmanager: Config = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merged:
    """A configuration with what was added to it, and what of ours gave way to what was there; names for people."""

    config: dict[str, YamlValue]
    added: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def read_existing(text: str, *, field: str = "existing") -> ExistingConfigs:
    """Return the configurations in a YAML text; two of them are parted by `---`.

    Raises:
        InputError: Not YAML, neither of the two kinds, or with a credential in it.
    """
    found = Findings()
    kinds: dict[str, Config] = {}
    for index, document in enumerate(yaml_documents(text, what=field, field=field)):
        add_inline_secrets(document, found, path=f"$[{index}]")
        kind = _kind(document)
        if not kind or kind in kinds:
            found.add(f"$[{index}]", "is no (other) configuration", "give prometheus.yml, alertmanager.yml, or both")
        else:
            kinds[kind] = cast("Config", document)
    found.raise_if_any(what="The existing configuration", field_name=field)
    return ExistingConfigs(kinds.get("prometheus", {}), kinds.get("alertmanager", {}))


def merged_prometheus(existing: Config, ours: Config) -> Merged:
    """Return an existing prometheus.yml with our jobs, rules and Alertmanager where they are missing."""
    if not existing:
        return Merged(dict(ours))
    config = dict(existing)
    added, kept = _add_named(config, ours, "scrape_configs", key="job_name", word="job")
    rules = [one for one in _items(ours, "rule_files") if one not in _items(config, "rule_files")]
    if rules:
        config["rule_files"] = [*_items(config, "rule_files"), *rules]
        added += [f"rule_files {one}" for one in rules]
    for key in ("global", "alerting"):
        if key not in config and key in ours:
            config[key] = ours[key]
            added.append(key)
        elif key in ours and config[key] != ours[key]:
            kept.append(key)
    return Merged(config, tuple(added), tuple(kept))


def merged_alertmanager(existing: Config, ours: Config) -> Merged:
    """Return an existing alertmanager.yml with our receivers, routes and inhibitions where they are missing.

    Our routes come after those that are there, so that nothing which is routed today is routed differently.
    """
    if not existing:
        return Merged(dict(ours))
    config = dict(existing)
    added, kept = _add_named(config, ours, "receivers", key="name", word="receiver")
    more_added, more_kept = _add_named(config, ours, "time_intervals", key="name", word="time interval")
    added, kept = added + more_added, kept + more_kept
    for key in ("templates", "inhibit_rules"):
        new = [one for one in _items(ours, key) if one not in _items(config, key)]
        if new:
            config[key] = [*_items(config, key), *new]
            added.append(f"{len(new)} of {key}")
    config["route"], routes = _merged_route(config.get("route"), ours.get("route"))
    return Merged(config, (*added, *routes), tuple(kept))


def read_route(value: object) -> Route:
    """Return a routing tree from its YAML; what cannot be read as a matcher matches nothing that our alerts carry."""
    node = value if isinstance(value, Mapping) else {}
    matchers = [_matcher(str(text)) for text in _list(node.get("matchers"))]
    matchers += [RouteMatcher(str(name), "=", str(item)) for name, item in _pairs(node.get("match"))]
    matchers += [RouteMatcher(str(name), "=~", str(item)) for name, item in _pairs(node.get("match_re"))]
    return Route(
        receiver=str(node.get("receiver") or ""),
        matchers=tuple(matchers),
        goes_on=node.get("continue") is True,
        routes=tuple(read_route(child) for child in _list(node.get("routes"))),
    )


def _kind(document: object) -> str:
    keys = set(document) if isinstance(document, Mapping) else set()
    if keys & _ALERTMANAGER_KEYS:
        return "alertmanager"
    return "prometheus" if keys & _PROMETHEUS_KEYS or keys == {"global"} else ""


def _add_named(
    config: dict[str, YamlValue], ours: Config, list_key: str, *, key: str, word: str
) -> tuple[list[str], list[str]]:
    """Add the items of a list whose name is not taken; return what was added and what was kept."""
    there = {_name(one, key): one for one in _items(config, list_key)}
    new = [one for one in _items(ours, list_key) if _name(one, key) not in there]
    differing = [one for one in _items(ours, list_key) if _name(one, key) in there and one != there[_name(one, key)]]
    if new:
        config[list_key] = [*_items(config, list_key), *new]
    said: Callable[[YamlValue], str] = lambda one: f"{word} {_name(one, key)}"  # noqa: E731
    return [said(one) for one in new], [said(one) for one in differing]


def _merged_route(there: YamlValue, ours: YamlValue) -> tuple[YamlValue, list[str]]:
    if not isinstance(there, Mapping):
        return ours, ["route"]
    if not isinstance(ours, Mapping):
        return there, []
    wanted = [_with_times_of(ours, child) for child in _items(ours, "routes")]
    new = [child for child in wanted if child not in _items(there, "routes")]
    if not new:
        return there, []
    return {**there, "routes": [*_items(there, "routes"), *new]}, [
        f"route to {_name(child, 'receiver')}" for child in new
    ]


def _with_times_of(root: Config, child: YamlValue) -> YamlValue:
    # Below another root, what our root gave its children has to be said by each.
    inherited = {
        name: root[name] for name in ("group_by", "group_wait", "group_interval", "repeat_interval") if name in root
    }
    return {**inherited, **child} if isinstance(child, Mapping) else child


def _matcher(text: str) -> RouteMatcher:
    found = _MATCHER.fullmatch(text)
    if found is None:
        # Several in one text, or a spelling of newer versions: it stands for "some other alert".
        return RouteMatcher("__unread__", "=", "never")
    value = re.sub(r"\\(.)", r"\1", found[3]) if found[3] is not None else found[4]
    return RouteMatcher(found[1], cast("MatchType", found[2]), value)


def _name(item: YamlValue, key: str) -> str:
    return str(item.get(key, "")) if isinstance(item, Mapping) else ""


def _items(config: Config, key: str) -> list[YamlValue]:
    value = config.get(key)
    return list(value) if isinstance(value, (list, tuple)) else []


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else () if value is None else [value]


def _pairs(value: object) -> list[tuple[object, object]]:
    return list(value.items()) if isinstance(value, Mapping) else []
