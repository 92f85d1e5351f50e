"""Our order ids in the alphabets of the venues. Ours: 1 to 32 characters of [a-z0-9].

Each mapping is a function of the id alone, so a resend or a probe years later finds the same
wire id; `ours` turns it back, and returns a foreign id (an order placed by hand) unchanged.
"""

from __future__ import annotations

import hashlib
import re
import string
import uuid
from dataclasses import dataclass

OURS = re.compile(r"[a-z0-9]{1,32}")
HEX_32 = re.compile(r"[0-9a-f]{32}")
DIGITS = string.digits + string.ascii_lowercase
LONGEST_IN_UUID = 23  # base-36 characters that fit beside version and variant
PLATFORM = re.compile(r"c[0-9a-z]{23}")  # what the platform makes: its first letter is no news
OWN_VERSION = 8  # RFC 9562: a layout of our own


@dataclass(frozen=True, slots=True)
class Plain:
    """The id itself, after an optional prefix; a 32-digit hex id is shortened where it must be."""

    prefix: str = ""
    longest: int = 32

    def wire(self, ours: str) -> str:
        if len(ours) > self.longest:
            if not HEX_32.fullmatch(ours):
                raise ValueError(ours)
            return f"{self.prefix}H{_base36(int(ours, 16))}"  # ours are lower case: H is free
        return self.prefix + ours

    def ours(self, wire: str) -> str:
        if not wire.startswith(self.prefix):
            return wire
        text = wire.removeprefix(self.prefix)
        return f"{int(text[1:], 36):032x}" if re.fullmatch(r"H[0-9a-z]{1,25}", text) else text


@dataclass(frozen=True, slots=True)
class Uuid:
    """A UUID: a 32-digit hex id is one already; others are packed into version 8."""

    form: str = "dashed"  # dashed, or hex128 (0x and 32 digits)
    plain_up_to: int = 0  # ids that the venue takes as free text

    def wire(self, ours: str) -> str:
        if len(ours) <= self.plain_up_to:
            return ours
        if HEX_32.fullmatch(ours) and uuid.UUID(ours).version != OWN_VERSION:
            made = uuid.UUID(ours)
        elif len(ours) <= LONGEST_IN_UUID:
            made = _packed(int("1" + ours, 36))
        elif PLATFORM.fullmatch(ours):
            made = _packed(int("2" + ours[1:], 36))
        else:
            raise ValueError(ours)
        return str(made) if self.form == "dashed" else f"0x{made.hex}"

    def ours(self, wire: str) -> str:
        try:
            found = uuid.UUID(wire.removeprefix("0x"))
        except ValueError:
            return wire
        if found.version != OWN_VERSION:
            return found.hex
        text = _base36(_unpacked(found))
        return ("c" if text[0] == "2" else "") + text[1:]


@dataclass(frozen=True, slots=True)
class Number:
    """A positive integer of so many bits, hashed. One way: orders are matched by `wire`."""

    bits: int

    def wire(self, ours: str) -> str:
        digest = hashlib.blake2b(ours.encode(), digest_size=8).digest()
        return str(int.from_bytes(digest, "big") >> (64 - self.bits) or 1)

    def ours(self, wire: str) -> str:
        return wire


ClientIds = Plain | Uuid | Number


def _packed(value: int) -> uuid.UUID:
    """122 bits around the version and the variant."""
    high, middle, low = value >> 74, value >> 62 & 0xFFF, value & (1 << 62) - 1
    return uuid.UUID(int=high << 80 | OWN_VERSION << 76 | middle << 64 | 0b10 << 62 | low)


def _unpacked(made: uuid.UUID) -> int:
    high, middle, low = made.int >> 80, made.int >> 64 & 0xFFF, made.int & (1 << 62) - 1
    return high << 74 | middle << 62 | low


def _base36(value: int) -> str:
    digits = ""
    while value:
        value, rest = divmod(value, 36)
        digits = DIGITS[rest] + digits
    return digits or "0"
