"""What a prompt is: its arguments, checked, put into the words of the template beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from prompts.arguments import Argument, as_data
from sre.core.errors import InputError
from sre.core.text import cleaned, listed

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class PromptSpec:
    """A persona to take on, or a workflow to follow.

    Attributes:
        name: Name of the prompt, of its module and of its template.
        arguments: In the order a person types them; free text last.
    """

    name: str
    kind: Literal["persona", "workflow"]
    title: str
    description: str
    arguments: tuple[Argument, ...]

    def rendered(self, sent: Mapping[str, str] | None = None) -> str:
        """Return the words of the prompt for what a client sent.

        Raises:
            InputError: An argument is unknown, missing or wrong; names it.
        """
        given = dict(sent or {})
        self._refuse_unknown(given)
        values = {argument.name: argument.value_of(given.get(argument.name)) for argument in self.arguments}
        return _environment().get_template(f"{self.name}.md.j2").render(values).strip() + "\n"

    def _refuse_unknown(self, given: Mapping[str, str]) -> None:
        valid = tuple(argument.name for argument in self.arguments)
        unknown = [cleaned(name, limit=40) for name in given if name not in valid]
        if unknown:
            raise InputError(f"{self.name} has no argument {listed(unknown)}.", field=unknown[0], valid=valid)


@cache
def _environment() -> "Environment":
    # Imported here: start-up lists prompts and renders none.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=()),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["data"] = as_data
    return environment
