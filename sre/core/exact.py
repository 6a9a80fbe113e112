"""Numbers as text, exactly: 0.001 and not 0.0009999999999999432, which is what 1 - 0.999 prints as."""

from decimal import Decimal

# Products and differences of numbers people wrote carry far fewer digits than this.
_DIGITS = 12


def exact_number(value: float) -> str:
    """Return a finite number in plain notation (no exponent), with at most 12 significant digits and no noise."""
    shortened = Decimal(f"{value:.{_DIGITS}g}")
    text = f"{shortened:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
