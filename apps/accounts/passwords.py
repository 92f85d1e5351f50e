"""Password strength by guessing, not by rules about characters (zxcvbn, score 3 of 4)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LEAST_SCORE = 3
LONGEST = 100  # zxcvbn's time grows with the length; the rest adds strength anyway


class Guessable:
    """Refuses what could be guessed in about 10^8 tries or fewer."""

    def validate(self, password: str, user: Any = None) -> None:
        from zxcvbn import zxcvbn

        known = [getattr(user, "email", ""), getattr(user, "name", ""), "cryonel"]
        if zxcvbn(password[:LONGEST], user_inputs=known)["score"] < LEAST_SCORE:
            raise ValidationError(
                _("This password can be guessed. Use several unrelated words."), code="guessable"
            )

    def get_help_text(self) -> str:
        return _("Several unrelated words are easy to keep and hard to guess.")
