"""Reads a page and puts around it what the catalogue knows: the index, and the tools at the foot."""

from pathlib import Path

from resources.catalogue import HANDBOOK_URI, TEMPLATES, TOPICS, Template, Topic
from sre.core.errors import InputError
from sre.core.text import nearest_names, quoted

_HERE = Path(__file__).resolve().parent
_SOURCES_HEADING = "\n## Sources\n"


def index_text() -> str:
    """Return the index: where to start when it burns, then every page and template."""
    return "\n".join([_words("handbook", "index").rstrip(), "", *_page_table(), "", *_template_table(), ""])


def topic_text(slug: str) -> str:
    """Return one page of the handbook, Markdown.

    Raises:
        InputError: No page has this name; lists those that exist.
    """
    topic = _topic(slug)
    body, heading, sources = _words("handbook", topic.slug).partition(_SOURCES_HEADING)
    return f"{body.rstrip()}\n\n{_tool_section(topic)}{heading}{sources}"


def template_text(slug: str) -> str:
    """Return a template to fill in, Markdown.

    Raises:
        InputError: No template has this name; lists those that exist.
    """
    return _words("templates", _template(slug).slug)


def _topic(slug: str) -> Topic:
    by_slug = {topic.slug: topic for topic in TOPICS}
    if slug not in by_slug:
        raise _unknown("handbook page", slug, field="topic", valid=tuple(by_slug))
    return by_slug[slug]


def _template(slug: str) -> Template:
    by_slug = {template.slug: template for template in TEMPLATES}
    if slug not in by_slug:
        raise _unknown("template", slug, field="template", valid=tuple(by_slug))
    return by_slug[slug]


def _unknown(what: str, slug: str, *, field: str, valid: tuple[str, ...]) -> InputError:
    nearest = nearest_names(slug, valid, count=1)
    steps = (f"read {nearest[0]}",) if nearest else (f"read {HANDBOOK_URI} for the index",)
    return InputError(f"There is no {what} {quoted(slug)}.", field=field, valid=valid, next_steps=steps)


def _words(folder: str, slug: str) -> str:
    # Only slugs from the catalogue come here, so no caller's text becomes part of a path.
    return (_HERE / folder / f"{slug}.md").read_text(encoding="utf-8")


def _tool_section(topic: Topic) -> str:
    rows = [f"| `{tool.name}` | {tool.use} |" for tool in topic.tools]
    return "\n".join(["## Tools that act on this", "", "| Tool | Gives you |", "|---|---|", *rows, ""])


def _page_table() -> list[str]:
    rows = [f"| {topic.answers} | {topic.uri} | {_tool_names(topic)} |" for topic in TOPICS]
    return ["## Pages", "", "| Your question | Page | Tools |", "|---|---|---|", *rows]


def _template_table() -> list[str]:
    rows = [f"| {template.title} | {template.uri} | {template.description} |" for template in TEMPLATES]
    return ["## Templates", "", "| Template | Where | For |", "|---|---|---|", *rows]


def _tool_names(topic: Topic) -> str:
    return ", ".join(f"`{tool.name}`" for tool in topic.tools)
