"""Sets of characters, as ranges of code points: the named classes of RE2, and the other cases of letters."""

from typing import TypeAlias

LAST_CHARACTER = 0x10FFFF

# Ranges of code points, both ends included.
Ranges: TypeAlias = tuple[tuple[int, int], ...]

_DIGIT: Ranges = ((48, 57),)
_SPACE: Ranges = ((9, 10), (12, 13), (32, 32))
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
CLASS_ESCAPES = {"d": _DIGIT, "s": _SPACE, "w": _WORD}
POSIX_CLASSES: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": _WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
# Characters outside ASCII that fold to an ASCII letter: long s and the Kelvin sign.
_ODD_FOLDS = {ord("s"): 0x17F, ord("k"): 0x212A}


def negated(ranges: Ranges) -> Ranges:
    """Return every other code point."""
    result, following = [], 0
    for low, high in sorted(ranges):
        if low > following:
            result.append((following, low - 1))
        following = max(following, high + 1)
    if following <= LAST_CHARACTER:
        result.append((following, LAST_CHARACTER))
    return tuple(result)


def ascii_folds(low: int, high: int) -> list[tuple[int, int]]:
    """Return the other cases of the letters between two ASCII codes."""
    upper = (max(low, 65), min(high, 90))
    lower = (max(low, 97), min(high, 122))
    folds = [(upper[0] + 32, upper[1] + 32)] if upper[0] <= upper[1] else []
    folds += [(lower[0] - 32, lower[1] - 32)] if lower[0] <= lower[1] else []
    for letter, odd in _ODD_FOLDS.items():
        if low <= letter <= high or low <= letter - 32 <= high:
            folds.append((odd, odd))
    return folds
