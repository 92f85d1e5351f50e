"""Typed parameters of strategies: one description from which forms, schema and docs derive.

A strategy states its parameters as a frozen dataclass whose fields carry `parameter(...)`
metadata. `params_form_fields` describes them for a form, `params_schema` for the API, and
`params_parse` turns what a person sent into the dataclass or into InputRefused with one message
list per field. No Django here: the edge renders.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from apps.core.domain.errors import InputRefused, gettext_noop
from apps.core.domain.money import plain

_ = gettext_noop
P = TypeVar("P")


class Kind(StrEnum):
    """How a value is entered. PERCENT is entered in percent and kept as a fraction."""

    DECIMAL = "decimal"
    PERCENT = "percent"
    INT = "int"
    SYMBOLS = "symbols"
    VENUES = "venues"
    BOOL = "bool"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """All an edge needs to draw one field. Numbers as people type them (percent as percent)."""

    name: str
    kind: Kind
    label: str
    help: str
    unit: str
    minimum: str | None
    maximum: str | None
    default: str | bool | None
    required: bool


def parameter(
    kind: Kind,
    *,
    label: str,
    help: str = "",
    unit: str = "",
    minimum: str | None = None,
    maximum: str | None = None,
    default: Any = dataclasses.MISSING,
) -> Any:
    """A dataclass field with its description. minimum and maximum are as people type them."""
    described = {
        "kind": kind,
        "label": label,
        "help": help,
        "unit": "%" if kind is Kind.PERCENT and not unit else unit,
        "minimum": minimum,
        "maximum": maximum,
    }
    if default is dataclasses.MISSING:
        return field(metadata=described)
    return field(default=default, metadata=described)


def params_form_fields(params_type: type[Any]) -> tuple[FormField, ...]:
    """The fields in the order of the dataclass."""
    return tuple(_described(each) for each in dataclasses.fields(params_type))


def params_schema(params_type: type[Any]) -> dict[str, Any]:
    """JSON Schema of what the API takes: amounts and percents as strings."""
    described = params_form_fields(params_type)
    return {
        "type": "object",
        "properties": {each.name: _schema(each) for each in described},
        "required": [each.name for each in described if each.required],
        "additionalProperties": False,
    }


def params_parse(params_type: type[P], given: Mapping[str, Any]) -> P:
    """What a person or program sent as typed parameters. Raises InputRefused by field."""
    problems: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    described = {each.name: each for each in params_form_fields(params_type)}
    for name in set(given) - set(described):
        problems[name] = [_("There is no such parameter.")]
    for name, each in described.items():
        raw = given.get(name)
        if raw is None or raw == "" or raw == []:
            if each.required:
                problems[name] = [_("This is needed.")]
            continue
        try:
            values[name] = _parsed(each, raw)
        except ValueError as problem:
            problems[name] = [str(problem)]
    if problems:
        raise InputRefused(details=problems)
    return params_type(**values)


def params_dump(params: Any) -> dict[str, Any]:
    """As people type them and as params_parse takes them back: what the database keeps."""
    dumped: dict[str, Any] = {}
    for each in dataclasses.fields(params):
        value = getattr(params, each.name)
        dumped[each.name] = _text(each.metadata["kind"], value)
    return dumped


def _described(each: dataclasses.Field[Any]) -> FormField:
    meta = each.metadata
    required = each.default is dataclasses.MISSING
    default = None if required else _text(meta["kind"], each.default)
    return FormField(name=each.name, required=required, default=default, **meta)


def _text(kind: Kind, value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value * 100 if kind is Kind.PERCENT else value)
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _schema(each: FormField) -> dict[str, Any]:
    shape: dict[str, Any] = {"title": each.label, "description": each.help}
    if each.kind is Kind.BOOL:
        shape["type"] = "boolean"
    elif each.kind is Kind.SYMBOLS:
        shape |= {"type": "array", "items": {"type": "string"}, "minItems": 1}
    elif each.kind is Kind.VENUES:
        shape |= {"type": "array", "items": {"type": "integer"}, "minItems": 2}
    else:
        shape |= {"type": "string", "format": "integer" if each.kind is Kind.INT else "decimal"}
        shape |= {"x-minimum": each.minimum, "x-maximum": each.maximum, "x-unit": each.unit}
    if each.default is not None:
        shape["default"] = each.default
    return shape


def _parsed(each: FormField, raw: Any) -> Any:
    if each.kind is Kind.BOOL:
        return raw in (True, "true", "True", "on", "1", 1)
    if each.kind is Kind.SYMBOLS:
        return _symbols(raw)
    if each.kind is Kind.VENUES:
        return _numbers(raw)
    return _number(each, _decimal(raw))


def _number(each: FormField, value: Decimal) -> Decimal | int:
    if each.minimum is not None and value < Decimal(each.minimum):
        raise ValueError(_("At least {minimum}.").format(minimum=each.minimum))
    if each.maximum is not None and value > Decimal(each.maximum):
        raise ValueError(_("At most {maximum}.").format(maximum=each.maximum))
    if each.kind is Kind.PERCENT:
        return value / 100
    if each.kind is Kind.INT:
        if value != value.to_integral_value():
            raise ValueError(_("A whole number."))
        return int(value)
    return value


def _decimal(raw: Any) -> Decimal:
    try:
        value = Decimal(str(raw).strip())
    except InvalidOperation:
        raise ValueError(_("A number.")) from None
    if isinstance(raw, float | bool) or not value.is_finite():
        raise ValueError(_("A number, sent as text."))
    return value


def _symbols(raw: Any) -> tuple[str, ...]:
    words = raw.replace(",", " ").split() if isinstance(raw, str) else raw
    if not isinstance(words, list | tuple):
        raise ValueError(_("A list of pairs such as BTC/USDT."))
    symbols = []
    for word in words:
        base, slash, quote = str(word).strip().upper().partition("/")
        if not (slash and base.isalnum() and quote.isalnum() and word.isascii()):
            raise ValueError(_("{word} is not a pair such as BTC/USDT.").format(word=word))
        symbols.append(f"{base}/{quote}")
    return tuple(dict.fromkeys(symbols))


def _numbers(raw: Any) -> tuple[int, ...]:
    words = raw.replace(",", " ").split() if isinstance(raw, str) else raw
    if not isinstance(words, list | tuple) or not all(str(word).isdecimal() for word in words):
        raise ValueError(_("A list of connections."))
    return tuple(dict.fromkeys(int(word) for word in words))
