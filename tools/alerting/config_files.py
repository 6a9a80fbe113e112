"""What `generate_monitoring_config` makes, before it is checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sre.core.errors import InputError
from tools.artefacts import Artefact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.deps import Deps
    from sre.alerting.existing_config import Merged
    from sre.alerting.prometheus_config import SecretFile
    from sre.alerting.receiver_model import NotificationPlan
    from sre.alerting.scrape_model import ScrapePlan


@dataclass(frozen=True, slots=True)
class ConfigSet:
    """The configuration of one or both programs.

    Attributes:
        prometheus, alertmanager: None where not asked for.
        secrets: Files the operator makes.
        group_labels: Labels by which SLOs of the registry fall into groups.
        is_merged: Something was there already.
    """

    scrape: ScrapePlan | None
    notification: NotificationPlan | None
    prometheus: Merged | None
    alertmanager: Merged | None
    files: tuple[Artefact, ...]
    secrets: tuple[SecretFile, ...]
    notes: tuple[str, ...] = ()
    is_merged: bool = False

    def content(self) -> dict[str, str]:
        """Return all files by path."""
        return {file.path: file.content for file in self.files}


async def config_set(deps: Deps, *, services: str, receivers: str, existing: str) -> ConfigSet:
    """Return the files for what a caller describes.

    Raises:
        InputError: Nothing was described, or it is wrong.
    """
    from tools.context import in_thread

    if not services.strip() and not receivers.strip():
        raise InputError(
            "Nothing to configure: services and receivers are both empty.",
            field="services",
            next_steps=(
                'services, for prometheus.yml: [{name: checkout, targets: ["checkout:8080"]}]',
                'receivers, for alertmanager.yml: {pages: {pagerduty: {}}, tickets: {slack: {channel: "#sre"}}}',
            ),
        )
    group_labels, notes = await _group_labels(deps)
    return await in_thread(
        lambda: _made(
            services, receivers, existing, group_labels=group_labels, notes=notes, runbook_url=deps.runbook_url
        )
    )


def _made(
    services: str, receivers: str, existing: str, *, group_labels: Sequence[str], notes: Sequence[str], runbook_url: str
) -> ConfigSet:
    from sre.alerting.alertmanager_config import (
        TEMPLATE_PATH,
        alertmanager_config,
        alertmanager_header,
        notification_secrets,
        template_text,
    )
    from sre.alerting.existing_config import merged_alertmanager, merged_prometheus, read_existing
    from sre.alerting.prometheus_config import prometheus_config, prometheus_header, scrape_secrets, target_files
    from sre.alerting.receivers import read_notification_plan
    from sre.alerting.scrape_services import read_scrape_plan
    from sre.core.rules.writing import yaml_document

    there = read_existing(existing)
    scrape = read_scrape_plan(services) if services.strip() else None
    told = read_notification_plan(receivers) if receivers.strip() else None
    files: list[Artefact] = []
    secrets: list[SecretFile] = []
    prometheus = alertmanager = None
    if scrape is not None:
        prometheus = merged_prometheus(there.prometheus, prometheus_config(scrape))
        content = yaml_document(prometheus.config, header=prometheus_header())
        files += [Artefact("prometheus.yml", "yaml", content), *_delivery_files(runbook_url)]
        files += [Artefact(path, "yaml", text) for path, text in target_files(scrape).items()]
        secrets += scrape_secrets(scrape)
    if told is not None:
        identity = tuple(scrape.external_labels) if scrape else ()
        told = replace(
            told, group_labels=tuple(dict.fromkeys((*told.group_labels, *group_labels))), identity_labels=identity
        )
        alertmanager = merged_alertmanager(there.alertmanager, alertmanager_config(told))
        content = yaml_document(alertmanager.config, header=alertmanager_header(told))
        files += [
            Artefact("alertmanager.yml", "yaml", content),
            Artefact(TEMPLATE_PATH, "text", template_text()),
        ]
        secrets += notification_secrets(told)
    is_merged = bool((there.prometheus and prometheus) or (there.alertmanager and alertmanager))
    return ConfigSet(
        scrape, told, prometheus, alertmanager, tuple(files), tuple(secrets), tuple(notes), is_merged=is_merged
    )


def _delivery_files(runbook_url: str) -> list[Artefact]:
    from sre.alerting.delivery_rules import HEADER, RULES_PATH, TESTS_PATH, delivery_rules, delivery_scenarios
    from sre.core.rules.scenarios import promtool_tests
    from sre.core.rules.writing import rule_file_yaml

    rules = rule_file_yaml(delivery_rules(runbook_url=runbook_url), header=HEADER)
    tests = promtool_tests(delivery_scenarios(), rule_paths=[f"../{RULES_PATH}"])
    return [Artefact(RULES_PATH, "yaml", rules), Artefact(TESTS_PATH, "yaml", tests)]


async def _group_labels(deps: Deps) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return by which labels the SLOs of the registry fall into groups, and what could not be read."""
    from sre.core.errors import SreError
    from tools.slo_lookup import slo_registry

    if deps.slo_folder is None:
        return (), ()
    labels: list[str] = []
    unread = 0
    try:
        folder = slo_registry(deps)
        for name in await folder.names():
            try:
                labels += (await folder.load(name)).group_by
            except SreError:
                unread += 1
    except SreError:
        return (), ("The SLO registry could not be read: group labels of its SLOs are not in the inhibition.",)
    note = f"{unread} SLO document(s) could not be read: their group labels are not in the inhibition."
    return tuple(dict.fromkeys(labels)), (note,) if unread else ()
