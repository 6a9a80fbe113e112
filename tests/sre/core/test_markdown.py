"""Outside text in Markdown renders as itself and as nothing else; judged by an independent CommonMark parser."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.markdown import code_span, escaped, fenced
from sre.core.text import cleaned

HOSTILE = [
    "# heading",
    "## Action items",
    "- item",
    "+ item",
    "* item",
    "1. item",
    "1) item",
    "> quote",
    "---",
    "===",
    "| a | b |",
    "|---|---|",
    "[text](https://evil.example)",
    "![alt](https://evil.example/x.png)",
    "<script>alert(1)</script>",
    "<https://evil.example>",
    "https://evil.example and www.evil.example and mailto:a@b.example",
    "`code` ``` fence",
    "~~~",
    "**bold** _em_ ~~gone~~",
    "&lt;b&gt; &#35; x",
    "\\# \\[x]",
    "[^1]: note",
    "[ref]: https://evil.example",
    "text\n\n# heading after a blank line",
    "\tindented code",
    ": definition",
    "$x$ $$y$$",
    "<!-- comment -->",
    "\u202eevil\u200b \x1b[31mred",
]
PLACES = ["{}", "- {}", "1. {}", "   - Evidence: {}", "# {}", "- [ ] {}", "a: {} [{}]"]


def rendered(markdown: str) -> list[tuple[str, str]]:
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark", {"linkify": False}).enable("table")
    found = []
    for token in parser.parse(markdown):
        found.append((token.type, ""))
        found += [(child.type, child.content) for child in token.children or []]
    return found


def shape(markdown: str) -> list[str]:
    return [kind for kind, _ in rendered(markdown) if kind not in {"text", "text_special"}]


def words(markdown: str) -> str:
    return "".join(text for kind, text in rendered(markdown) if kind in {"text", "text_special"})


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text_wherever_it_stands(text: str, place: str) -> None:
    plain, given = place.replace("{}", "word"), place.replace("{}", escaped(text))
    assert shape(given) == shape(plain)
    assert words(given) == words(plain).replace("word", cleaned(text, limit=2_000))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_inside_its_table_cell(text: str) -> None:
    table = "| a | b |\n|---|---|\n| {} | x |"
    assert shape(table.format(escaped(text))) == shape(table.format("word"))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet="#-+*_`~[]()<>|!&\\:.1 aw@/=\n$^", max_size=40).filter(cleaned))
def test_any_text_renders_as_itself(text: str) -> None:
    assert words("- " + escaped(text)) == cleaned(text, limit=2_000)
    assert shape("- " + escaped(text)) == shape("- word")


@pytest.mark.parametrize("text", ["http://a.b", "HTTPS://a.b", "ftp://a.b", "www.a.b", "x@y.z", "mailto:x@y.z"])
def test_nothing_a_renderer_would_link_by_itself_is_left(text: str) -> None:
    """GitHub Flavored Markdown 6.9: links need `://`, `www.`, `mailto:`, `xmpp:` or an address with @."""
    assert not re.search(r"(?i)(?<!\\)://|\bwww\.|(?<!\\)@|mailto:|xmpp:", escaped(text))


@pytest.mark.parametrize("query", ["up", 'a{b="c"}', "a ` b", "`a`", "``", "```x```", 'x{l="`"}'])
def test_a_code_span_shows_the_query_as_it_is(query: str) -> None:
    assert [text for kind, text in rendered("- " + code_span(query)) if kind == "code_inline"] == [query]


def test_a_fence_is_longer_than_any_inside_it() -> None:
    """*Source*: CommonMark 0.31, 4.5: a code block ends at a fence at least as long as the one that opened it."""
    assert fenced("a", "sh") == "```sh\na\n```"
    assert fenced("a\n```\nb\n`````") == "``````\na\n```\nb\n`````\n``````"
    assert len(fenced("`" * 200_000)) == 600_004
