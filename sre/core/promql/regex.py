"""Regular expressions as Prometheus reads them: RE2, anchored at both ends, in time linear in the text."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Literal, TypeAlias

from sre.core.errors import RefusedError
from sre.core.promql.regex_chars import Ranges
from sre.core.promql.regex_syntax import Assertion, Chain, Chars, Choice, Group, Regex, RegexReader, Repeat
from sre.core.text import quoted

MAX_INSTRUCTIONS = 10_000
MAX_LITERALS = 20_000
MAX_CACHED_MOVES = 20_000


@dataclass(frozen=True, slots=True)
class _Take:
    """Consume one character of the set, then go to the next instruction."""

    ranges: Ranges

    def accepts(self, code: int) -> bool:
        return any(low <= code <= high for low, high in self.ranges)


@dataclass(slots=True)
class _Fork:
    """Go on at `preferred`, and if that fails at `other`."""

    preferred: int
    other: int


@dataclass(frozen=True, slots=True)
class _Save:
    """Note the place in the text."""

    slot: int


@dataclass(frozen=True, slots=True)
class _Check:
    kind: Literal["start", "end", "boundary", "no boundary"]


@dataclass(frozen=True, slots=True)
class _Match:
    """The end of the expression."""


_Instruction: TypeAlias = _Take | _Fork | _Save | _Check | _Match
_Slots: TypeAlias = tuple[int, ...]


class FullMatch:
    """A compiled expression that has to match the whole of a text.

    Attributes:
        names: For every group, its name or an empty string; index 0 is the whole match.
    """

    def __init__(self, pattern: str) -> None:
        reader = RegexReader(pattern)
        tree = reader.read()
        self.names = tuple(reader.names)
        self._literals = _literals(tree)
        # A long list of literal names, as dashboards write them, needs no program to be matched.
        self._program = _Compiler(pattern).compiled(tree) if self._literals is None or len(self.names) > 1 else []
        self._checks_places = any(isinstance(step, _Check) for step in self._program)
        self._moves: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def matches(self, text: str) -> bool:
        """Return whether the whole text matches."""
        if self._literals is not None:
            return text in self._literals
        if self._checks_places:
            return self.groups(text) is not None
        state = self._closure([0])
        for character in text:
            state = self._moved(state, character)
            if not state:
                return False
        return len(self._program) - 1 in state

    def groups(self, text: str) -> tuple[str, ...] | None:
        """Return the whole text and what each group matched (empty if nothing), or None without a match."""
        if not self._program:
            return (text,) if self.matches(text) else None
        threads = self._threads([(0, (-1,) * (2 * len(self.names)))], text, 0)
        for place, character in enumerate(text):
            code = ord(character)
            arrived = [(at + 1, slots) for at, slots in threads if _takes(self._program[at], code)]
            threads = self._threads(arrived, text, place + 1)
        for at, slots in threads:
            if isinstance(self._program[at], _Match):
                spans = zip(slots[2::2], slots[3::2], strict=True)
                return (text, *(text[begin:end] if end >= 0 else "" for begin, end in spans))
        return None

    def _moved(self, state: frozenset[int], character: str) -> frozenset[int]:
        """Return the instructions that can be next after one more character (a lazily built automaton)."""
        following = self._moves.get((state, character))
        if following is None:
            code = ord(character)
            following = self._closure([at + 1 for at in state if _takes(self._program[at], code)])
            if len(self._moves) >= MAX_CACHED_MOVES:
                self._moves.clear()
            self._moves[state, character] = following
        return following

    def _closure(self, starts: list[int]) -> frozenset[int]:
        """Return the taking and matching instructions reachable without a character."""
        seen: set[int] = set()
        waiting = starts
        while waiting:
            at = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            match self._program[at]:
                case _Fork(preferred=preferred, other=other):
                    waiting += (preferred, other)
                case _Save():
                    waiting.append(at + 1)
        return frozenset(at for at in seen if isinstance(self._program[at], _Take | _Match))

    def _threads(self, starts: list[tuple[int, _Slots]], text: str, place: int) -> list[tuple[int, _Slots]]:
        """Return the same as `_closure`, in order of preference and with the noted places."""
        seen: set[int] = set()
        threads: list[tuple[int, _Slots]] = []
        waiting = starts[::-1]
        while waiting:
            at, slots = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            match self._program[at]:
                case _Fork(preferred=preferred, other=other):
                    waiting += ((other, slots), (preferred, slots))
                case _Save(slot=slot):
                    waiting.append((at + 1, (*slots[:slot], place, *slots[slot + 1 :])))
                case _Check(kind=kind):
                    if _holds(kind, text, place):
                        waiting.append((at + 1, slots))
                case _:
                    threads.append((at, slots))
        return threads


@lru_cache(maxsize=256)
def full_match_regex(pattern: str) -> FullMatch:
    """Return the compiled expression.

    Raises:
        InputError: Not a regular expression.
        RefusedError: Valid, but too large, or with syntax that is not carried out.
    """
    return FullMatch(pattern)


class _Compiler:
    """Turns the tree into instructions; the last one is the match."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._program: list[_Instruction] = []

    def compiled(self, tree: Regex) -> list[_Instruction]:
        self._add(tree)
        self._emit(_Match())
        return self._program

    def _emit(self, instruction: _Instruction) -> int:
        if len(self._program) >= MAX_INSTRUCTIONS:
            raise RefusedError(
                f"the regular expression is too large: {quoted(self._pattern)}.",
                next_steps=("Use smaller repeat counts or fewer alternatives.",),
            )
        self._program.append(instruction)
        return len(self._program) - 1

    def _add(self, tree: Regex) -> None:
        match tree:
            case Chars(ranges=ranges):
                self._emit(_Take(ranges))
            case Assertion(kind=kind):
                self._emit(_Check(kind))
            case Chain(parts=parts):
                for part in parts:
                    self._add(part)
            case Group(part=part, index=index):
                self._emit(_Save(2 * index))
                self._add(part)
                self._emit(_Save(2 * index + 1))
            case Choice(options=options):
                self._choice(options)
            case Repeat():
                self._repeat(tree)

    def _choice(self, options: tuple[Regex, ...]) -> None:
        ends: list[_Fork] = []
        for option in options[:-1]:
            fork = _Fork(len(self._program) + 1, 0)
            self._emit(fork)
            self._add(option)
            ends.append(self._jump())
            fork.other = len(self._program)
        self._add(options[-1])
        for end in ends:
            end.preferred = end.other = len(self._program)

    def _repeat(self, tree: Repeat) -> None:
        for _ in range(tree.least if tree.most is not None or tree.least == 0 else tree.least - 1):
            self._add(tree.part)
        if tree.most is None:
            self._loop(tree)
            return
        forks: list[tuple[_Fork, int]] = []
        for _ in range(tree.most - tree.least):
            fork = _Fork(0, 0)
            forks.append((fork, self._emit(fork) + 1))
            self._add(tree.part)
        for fork, inside in forks:
            self._aim(fork, inside=inside, outside=len(self._program), greedy=tree.greedy)

    def _loop(self, tree: Repeat) -> None:
        """One or more times; around it, for none or more, a way past."""
        way_past: _Fork | None = None
        if tree.least == 0:
            way_past = _Fork(0, 0)
            self._emit(way_past)
        begin = len(self._program)
        self._add(tree.part)
        again = _Fork(0, 0)
        self._emit(again)
        self._aim(again, inside=begin, outside=len(self._program), greedy=tree.greedy)
        if way_past is not None:
            self._aim(way_past, inside=begin, outside=len(self._program), greedy=tree.greedy)

    def _jump(self) -> _Fork:
        jump = _Fork(0, 0)
        self._emit(jump)
        return jump

    @staticmethod
    def _aim(fork: _Fork, *, inside: int, outside: int, greedy: bool) -> None:
        fork.preferred, fork.other = (inside, outside) if greedy else (outside, inside)


def _takes(instruction: _Instruction, code: int) -> bool:
    return isinstance(instruction, _Take) and instruction.accepts(code)


def _holds(kind: str, text: str, place: int) -> bool:
    if kind == "start":
        return place == 0
    if kind == "end":
        return place == len(text)
    before = place > 0 and _is_word(text[place - 1])
    after = place < len(text) and _is_word(text[place])
    return (before != after) == (kind == "boundary")


def _is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())


def _literals(tree: Regex) -> frozenset[str] | None:
    """Return the texts an expression spells out, such as `a|b`, or None if it means more than a short list."""
    texts: set[str] = set()
    for text in _spelt(tree):
        if text is None or len(texts) >= MAX_LITERALS:
            return None
        texts.add(text)
    return frozenset(texts)


def _spelt(tree: Regex) -> Iterator[str | None]:
    match tree:
        case Chars(ranges=((low, high),)) if low == high:
            yield chr(low)
        case Choice(options=options):
            for option in options:
                yield from _spelt(option)
        case Chain(parts=parts):
            # Only one choice at most, so that the list stays as short as the expression.
            if sum(not isinstance(part, Chars) for part in parts) > 1:
                yield None
                return
            for pieces in product(*(list(_spelt(part)) for part in parts)):
                known = [piece for piece in pieces if piece is not None]
                yield "".join(known) if len(known) == len(pieces) else None
        case Group(part=part):
            yield from _spelt(part)
        case _:
            yield None
