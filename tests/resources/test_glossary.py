"""One word a thing: the glossary is in order, and the pages keep to it where a wrong word has no other meaning."""

import re
from pathlib import Path

import pytest

from resources.catalogue import TEMPLATES, TOPICS
from resources.pages import template_text, topic_text
from tests.support.markdown_pages import table, without_fences

GLOSSARY = Path("docs/concepts/glossary.md")
# Of the words to avoid, those that mean nothing else on these pages.
UNMISTAKABLE = {"alarm", "playbook", "snooze", "datasource", "RCA", "KPI", "SOP", "retro", "call-out"}


def test_words_are_in_order_and_each_means_one_thing() -> None:
    """our choice: style, section 2."""
    words = table(GLOSSARY.read_text(encoding="utf-8"), "Word", "Means", "Not").column("Word")
    assert words == sorted(words, key=str.lower)
    assert len(words) == len({word.lower() for word in words})


def test_no_word_is_both_used_and_avoided() -> None:
    """our choice."""
    terms = table(GLOSSARY.read_text(encoding="utf-8"), "Word", "Means", "Not")
    avoided = {term.strip() for cell in terms.column("Not") for term in re.sub(r"\([^)]*\)", "", cell).split(",")}
    # An event may be called neither a request nor an incident; both words keep their own meaning.
    assert avoided & set(terms.column("Word")) <= {"event"}
    assert avoided >= UNMISTAKABLE


@pytest.mark.parametrize("text", [topic_text(t.slug) for t in TOPICS] + [template_text(t.slug) for t in TEMPLATES])
def test_pages_use_the_words_of_the_glossary(text: str) -> None:
    """our choice."""
    words = set(re.findall(r"[\w-]+", without_fences(text).partition("\n## Sources\n")[0]))
    assert not {word.removesuffix("s") for word in words} & UNMISTAKABLE
