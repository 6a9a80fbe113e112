"""The error tree is complete: what is drawn is what exists, and each error says what to do next."""

import re
from pathlib import Path

import sre.core.errors as tree
from sre.core.errors import InputError, NoDataError, SreError, TimedOutError


def _all_below(base: type[SreError]) -> set[type[SreError]]:
    return {base}.union(*(_all_below(child) for child in base.__subclasses__()))


def test_the_drawing_names_every_error_and_no_other() -> None:
    drawing = (tree.__doc__ or "").split("\n\n")[1]
    drawn = set(re.findall(r"\b\w+Error\b", drawing))
    assert drawn == {error.__name__ for error in _all_below(SreError)}


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in _all_below(SreError)]
    assert len(codes) == len(set(codes))


def test_every_error_is_listed_in_the_docs() -> None:
    page = Path("docs/reference/errors.md").read_text(encoding="utf-8")
    assert all(f"`{error.code}`" in page for error in _all_below(SreError) if error is not SreError)


def test_an_explanation_holds_facts_and_next_steps() -> None:
    text = InputError("Wrong.", field="x", valid=("a", "b"), next_steps=("try a",)).explained()
    assert text.splitlines() == ["Wrong.", "Valid: a, b", "Next: try a"]
    text = NoDataError("Nothing.", causes=("too early",), nearest=("up",)).explained()
    assert text.splitlines() == ["Nothing.", "Cause: too early", "Nearest that exist: up"]
    text = TimedOutError("Slow.", system="prod", retryable=True).explained()
    assert text.splitlines() == ["Slow.", "System: prod; worth a retry"]
