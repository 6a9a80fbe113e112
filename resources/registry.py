"""Every static resource there is, and the URI templates that answer for names that do not exist.

Each page is a static resource because some clients list nothing else. The templates beside them give completion, and
turn a wrong name into the list of right ones. Nothing is read until a client asks.
"""

from collections.abc import Callable
from functools import partial

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.server.mcpserver.resources import FunctionResource

from resources.catalogue import HANDBOOK_URI, TEMPLATES, TOPICS, Template, Topic
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
    return [
        index,
        *(_static(topic, "handbook", topic_text) for topic in TOPICS),
        *(_static(template, "template", template_text) for template in TEMPLATES),
    ]


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


def _static(item: Topic | Template, prefix: str, text_of: Callable[[str], str]) -> FunctionResource:
    return FunctionResource(
        uri=item.uri,
        name=f"{prefix}_{item.slug}",
        title=item.title,
        description=item.description,
        mime_type=MARKDOWN,
        fn=partial(text_of, item.slug),
    )


def _handbook_page(topic: str) -> str:
    return _found(topic_text, topic)


def _document_template(template: str) -> str:
    return _found(template_text, template)


def _found(text_of: Callable[[str], str], slug: str) -> str:
    try:
        return text_of(slug)
    except InputError as error:
        raise ResourceNotFoundError(error.explained()) from error
