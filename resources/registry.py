"""Every static resource there is, and the URI templates that answer for names that do not exist.

Each page is a static resource because some clients list nothing else. The templates beside them give completion, and
turn a wrong name into the list of right ones. Nothing is read until a client asks.
"""

from collections.abc import Callable
from functools import partial

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.server.mcpserver.resources import FunctionResource

from resources.catalogue import HANDBOOK_URI, TEMPLATES, TOPICS
from resources.pages import index_text, template_text, topic_text
from sre.core.errors import InputError

MARKDOWN = "text/markdown"


def static_resources() -> list[FunctionResource]:
    """Return the index, the pages and the templates, in reading order."""
    index = FunctionResource(
        uri=HANDBOOK_URI,
        name="handbook",
        title="SRE handbook: index",
        description="Start here: what to read and which tool to call, by question. Links every page and template.",
        mime_type=MARKDOWN,
        fn=index_text,
    )
    return [index, *_pages(), *_templates()]


def register(server: MCPServer) -> None:
    """Add every page, every template, and the URI templates to a server."""
    for resource in static_resources():
        server.add_resource(resource)
    server.resource(
        HANDBOOK_URI + "/{topic}",
        name="handbook_page",
        title="A page of the SRE handbook",
        description=f"Topics: {', '.join(topic.slug for topic in TOPICS)}.",
        mime_type=MARKDOWN,
    )(_handbook_page)
    server.resource(
        "sre://templates/{template}",
        name="document_template",
        title="A document to fill in",
        description=f"Templates: {', '.join(template.slug for template in TEMPLATES)}.",
        mime_type=MARKDOWN,
    )(_document_template)


def _pages() -> list[FunctionResource]:
    return [
        FunctionResource(
            uri=topic.uri,
            name=f"handbook_{topic.slug}",
            title=topic.title,
            description=topic.description,
            mime_type=MARKDOWN,
            fn=partial(topic_text, topic.slug),
        )
        for topic in TOPICS
    ]


def _templates() -> list[FunctionResource]:
    return [
        FunctionResource(
            uri=template.uri,
            name=f"template_{template.slug}",
            title=template.title,
            description=template.description,
            mime_type=MARKDOWN,
            fn=partial(template_text, template.slug),
        )
        for template in TEMPLATES
    ]


def _handbook_page(topic: str) -> str:
    return _found(topic_text, topic)


def _document_template(template: str) -> str:
    return _found(template_text, template)


def _found(text_of: Callable[[str], str], slug: str) -> str:
    try:
        return text_of(slug)
    except InputError as error:
        raise ResourceNotFoundError(error.explained()) from error
