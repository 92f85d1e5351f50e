"""Template filters for figures: signs, percentages, amounts in the reader's number format.

Filters take Decimal, int, str or float and show a dash for None: an unknown figure is not zero.
Fractions go in (0.0012), percentages come out (0.12 %). Minus is U+2212, as wide as plus.
An amount that is not zero never reads as zero: it gets the decimals that show two figures of it.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from django import template
from django.utils.formats import number_format

register = template.Library()

UNKNOWN = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
Figure = Decimal | int | float | str | None


@register.filter
def amount(value: Figure, digits: int | None = None) -> str:
    """12345.6 -> "12,345.60" with digits=2; without digits, all that stand there."""
    number = _number(value)
    return UNKNOWN if number is None else _written(number, _enough(number, digits))


@register.filter
def fine(value: Figure, digits: int = 4) -> str:
    """Small amounts, such as fees: `digits` decimals, more where three figures need them."""
    number = _number(value)
    return UNKNOWN if number is None else _written(number, _decimals(number, digits, figures=3))


@register.filter
def signed(value: Figure, digits: int | None = None) -> str:
    """The amount with its sign, also when it is a gain: "+12.50"."""
    number = _number(value)
    if number is None:
        return UNKNOWN
    digits = _enough(number, digits)
    return _sign(number, digits) + _written(abs(number), digits)


@register.filter
def percent(value: Figure, digits: int = 2) -> str:
    """0.0015 -> "0.15 %"."""
    number = _number(value)
    return UNKNOWN if number is None else f"{_written(number * 100, digits)}{NARROW}%"


@register.filter
def signed_percent(value: Figure, digits: int = 2) -> str:
    """0.0015 -> "+0.15 %"."""
    number = _number(value)
    if number is None:
        return UNKNOWN
    share = number * 100
    return f"{_sign(share, digits)}{_written(abs(share), digits)}{NARROW}%"


@register.filter
def tone(value: Figure) -> str:
    """The CSS class of a figure: "gain", "loss" or "" for zero and unknown."""
    number = _number(value)
    if not number:
        return ""
    return "gain" if number > 0 else "loss"


@register.filter
def raw(value: Figure) -> str:
    """The plain machine form for data attributes: no grouping, no exponent; "" if unknown."""
    number = _number(value)
    return "" if number is None else f"{number:f}"


@register.filter
def milliseconds(value: Figure) -> str:
    """12.345 -> "12.3 ms"; 1 234 and more without a fraction."""
    number = _number(value)
    if number is None:
        return UNKNOWN
    return f"{_written(number, 0 if abs(number) >= 100 else 1)}{NARROW}ms"


@register.filter
def microseconds(value: Figure) -> str:
    """12345 -> "12.3 ms"."""
    number = _number(value)
    return UNKNOWN if number is None else milliseconds(number / 1000)


@register.filter
def share_of(value: Figure, whole: Figure) -> int:
    """Which part of whole, in whole percent from 0 to 100: widths of bars."""
    part, total = _number(value), _number(whole)
    if part is None or not total:
        return 0
    return max(0, min(100, round(part / total * 100)))


@register.filter
def minus(value: Figure, other: Figure) -> str:
    """The plain difference, for coordinates of drawings."""
    left, right = _number(value) or Decimal(0), _number(other) or Decimal(0)
    return f"{left - right:f}"


@register.filter
def parts(text: str) -> list[str]:
    """What ", " joins, as a list."""
    return [each for each in text.split(", ") if each]


def _number(value: Figure) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _enough(number: Decimal, digits: int | None) -> int | None:
    if digits is None or not number or _rounded(number, digits):
        return digits
    return _decimals(number, digits, figures=2)


def _decimals(number: Decimal, digits: int, *, figures: int) -> int:
    """At least `digits` decimals, and as many as show so many figures of a number below one."""
    return max(digits, figures - 1 - number.adjusted()) if number else digits


def _written(number: Decimal, digits: int | None) -> str:
    if digits is None:
        exact = number.normalize()
        exponent = exact.as_tuple().exponent
        digits = max(0, -exponent) if isinstance(exponent, int) else 0
    shown = _rounded(number, digits)
    text = number_format(abs(shown), decimal_pos=digits, force_grouping=True)
    return f"{MINUS}{text}" if shown < 0 else text


def _sign(number: Decimal, digits: int | None) -> str:
    shown = number if digits is None else _rounded(number, digits)
    if not shown:
        return ""
    return "+" if shown > 0 else MINUS


def _rounded(number: Decimal, digits: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
