"""What holds for every page: it fits an answer, its sources and links resolve, and its queries and rules are real."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from promql_parser import parse

from prompts.registry import PERSONAS, PROMPTS
from prompts.serving import persona_uri
from resources.catalogue import HANDBOOK_URI, TEMPLATES, TOPICS, Topic
from resources.pages import index_text, template_text, topic_text
from sre.core import errors
from tests.support.markdown_pages import fenced, tables, without_fences
from tests.support.tool_calls import parameters_of, queries_of, written_calls
from tools.registry import TOOLS

# A page is read whole, beside an answer of 4,000 tokens: about as much again.
PAGE_LIMIT_BYTES = 16_000
# Verbs of design.md's catalogue, so that a tool that does not exist yet is noticed.
_TOOL_LIKE = re.compile(
    r"`((?:query|find|list|get|check|compute|analyze|compare|detect|forecast|investigate|assess|recommend|review|report"
    r"|backtest|generate|draft|design|plan|build|define|declare|update|record|track|publish|silence|run)_[a-z_]+)`"
)
_REFERENCE = re.compile(r"\[([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)?)\]")
TOPIC_TEXTS = {topic.slug: topic_text(topic.slug) for topic in TOPICS}
TEMPLATE_TEXTS = {template.slug: template_text(template.slug) for template in TEMPLATES}
PROMPT_TEXTS = {
    spec.name: spec.rendered({"service": "checkout"} if any(a.is_required for a in spec.arguments) else None)
    for spec in PROMPTS
}
ALL_TEXTS = {"index": index_text(), **TOPIC_TEXTS, **TEMPLATE_TEXTS, **PROMPT_TEXTS}


@pytest.fixture(params=TOPIC_TEXTS)
def topic(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=ALL_TEXTS)
def text(request: pytest.FixtureRequest) -> str:
    return ALL_TEXTS[request.param]


def test_the_nine_topics_and_four_templates_of_the_design_exist() -> None:
    """our choice: design, section 5."""
    assert [t.slug for t in TOPICS] == [
        "fundamentals",
        "monitoring",
        "incident-management",
        "toil",
        "capacity-planning",
        "performance",
        "chaos-engineering",
        "sre-metrics",
        "tools",
    ]
    assert [t.slug for t in TEMPLATES] == ["runbook", "postmortem", "status-update", "slo-document"]


@pytest.mark.parametrize("folder", ["handbook", "templates"])
def test_no_page_lies_in_the_folder_without_being_listed(folder: str) -> None:
    """our choice: registries are written lists."""
    listed = {"index", *TOPIC_TEXTS} if folder == "handbook" else set(TEMPLATE_TEXTS)
    assert {path.stem for path in (Path("resources") / folder).iterdir()} == listed


def test_a_page_is_dense_and_fits_one_answer(topic: str) -> None:
    """our choice: 120 to 260 lines, under 16 kB."""
    page = TOPIC_TEXTS[topic]
    assert 120 <= len(page.splitlines()) <= 260
    assert len(tables(page)) >= 5


def test_every_text_fits_one_answer(text: str) -> None:
    """our choice."""
    assert len(text.encode()) < PAGE_LIMIT_BYTES


def test_every_reference_is_defined_and_every_definition_is_used(topic: str) -> None:
    """our choice: each fact has its source."""
    body, _, sources = TOPIC_TEXTS[topic].partition("\n## Sources\n")
    defined = re.findall(r"^- \[([^\]]+)\] \S.{15,}$", sources, re.MULTILINE)
    assert len(defined) == len(set(defined)) == len(sources.strip().splitlines())
    assert set(_REFERENCE.findall(without_fences(body))) == set(defined)


def test_every_uri_that_is_mentioned_exists(text: str) -> None:
    """our choice."""
    known = {HANDBOOK_URI, *(t.uri for t in TOPICS), *(t.uri for t in TEMPLATES), *(persona_uri(p) for p in PERSONAS)}
    mentioned = {uri.rstrip(".,;:") for uri in re.findall(r"sre://[^\s|)`\"]+", text)}
    assert mentioned <= known


def test_the_index_links_every_page_and_template() -> None:
    """our choice."""
    index = ALL_TEXTS["index"]
    assert all(f"| {page.uri} |" in index for page in (*TOPICS, *TEMPLATES))


def test_every_page_is_linked_from_another_page_and_links_one() -> None:
    """our choice: no page is a dead end or an orphan."""
    links = {
        slug: {other for other in TOPIC_TEXTS if other != slug and f"{HANDBOOK_URI}/{other}" in page}
        for slug, page in TOPIC_TEXTS.items()
    }
    assert all(links[slug] for slug in links if slug != "tools")
    assert {target for targets in links.values() for target in targets} >= set(TOPIC_TEXTS) - {"tools", "toil"}


@pytest.mark.parametrize("page", TOPICS, ids=lambda page: page.slug)
def test_each_page_names_tools_that_exist_at_its_foot(page: Topic) -> None:
    """our choice: one place maps topics to tools."""
    existing = {spec.name for spec in TOOLS}
    assert page.tools
    assert {tool.name for tool in page.tools} <= existing
    foot = TOPIC_TEXTS[page.slug].partition("## Tools that act on this")[2].partition("## Sources")[0]
    assert all(f"| `{tool.name}` | {tool.use} |" in foot for tool in page.tools)


def test_the_tools_page_covers_the_whole_catalogue() -> None:
    """our choice."""
    page = next(topic for topic in TOPICS if topic.slug == "tools")
    assert {tool.name for tool in page.tools} == {spec.name for spec in TOOLS}


def test_no_text_names_a_tool_that_does_not_exist(text: str) -> None:
    """our choice: pages name only what can be called today."""
    known = {spec.name for spec in TOOLS} | set(PROMPT_TEXTS)
    assert set(_TOOL_LIKE.findall(text)) <= known


def test_every_written_call_fits_its_tool(text: str) -> None:
    """our choice: a call can be copied."""
    for call in written_calls(text):
        assert set(call.arguments) <= parameters_of(call.tool), call


def test_every_query_parses(text: str) -> None:
    """source: promql-parser, the grammar of Prometheus."""
    for query in [*fenced(text, "promql"), *queries_of(written_calls(text))]:
        parse(query)


def test_every_page_about_metrics_has_queries() -> None:
    """our choice: a guard against fences that are spelt so that nothing is checked."""
    counts = {slug: len(fenced(page, "promql")) for slug, page in TOPIC_TEXTS.items()}
    assert min(counts.values()) >= 1
    assert sum(counts.values()) >= 25
    fences = {tag for page in ALL_TEXTS.values() for tag in re.findall(r"^```([\w-]+)$", page, re.MULTILINE)}
    assert fences == {"promql", "yaml", "tool-call"}


def test_every_yaml_block_parses_and_rules_pass_promtool(text: str, tmp_path: Path) -> None:
    """source: promtool check rules, where it is installed."""
    for at, block in enumerate(fenced(text, "yaml")):
        document = yaml.safe_load(block)
        assert isinstance(document, dict)
        if "groups" in document and (promtool := shutil.which("promtool")):
            rules = tmp_path / f"rules{at}.yaml"
            rules.write_text(block)
            command = [promtool, "check", "rules", rules]
            checked = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            assert checked.returncode == 0, checked.stdout + checked.stderr


def test_rule_blocks_page_on_symptoms_with_a_runbook_or_on_hard_limits() -> None:
    """our choice: what pages has both windows and a runbook, or is a limit that is hours away."""
    blocks = [yaml.safe_load(block) for page in TOPIC_TEXTS.values() for block in fenced(page, "yaml")]
    alerts = [rule for block in blocks for group in block["groups"] for rule in group["rules"] if "alert" in rule]
    paging = [rule for rule in alerts if rule["labels"]["severity"] == "page"]
    assert {rule["alert"] for rule in paging} == {"CheckoutErrorBudgetBurnFast", "FilesystemFullInFourHours"}
    assert {rule["labels"]["severity"] for rule in alerts} == {"page", "ticket"}


def test_error_codes_on_the_tools_page_are_those_of_the_tree() -> None:
    """our choice: the page explains each code there is, and no other."""
    tree = [errors.InputError, errors.ConfigError, errors.NoDataError, errors.RefusedError]
    tree += errors.UpstreamError.__subclasses__()
    page = next(each for each in tables(TOPIC_TEXTS["tools"]) if each.columns[0] == "Code")
    assert [cell.strip("`") for cell in page.column("Code")] == [error.code for error in tree]


def test_nobody_shouts(text: str) -> None:
    """our choice: emphasis is rare, and capitals are for names."""
    shouted = {"MUST", "NEVER", "ALWAYS", "IMPORTANT", "CRITICAL", "WARNING", "NOTE", "DO", "NOT", "STOP"}
    own_words = re.sub(r"\[[^\]]*\]|How NOT to Measure", "", text)  # references, and a title that shouts
    words = set(re.findall(r"\b[A-Z]{2,}\b", own_words))
    assert not words & shouted
    assert "!!" not in text
