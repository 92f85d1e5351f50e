"""The root of every anticipated failure. Pure: no Django, no HTTP library.

A class says who must act (its prefix and HTTP status); the edge decides how to say it.
"""

from __future__ import annotations

from typing import Any, ClassVar


def gettext_noop(message: str) -> str:
    """Mark for translation; the edge that speaks translates."""
    return message


class Phrase(str):
    """A part of an error's sentence that has words of its own in it.

    It reads in English like any text; the edge that speaks translates the template and the words.
    """

    template: str
    words: dict[str, object]

    def __new__(cls, template: str, **words: object) -> Phrase:
        found = super().__new__(cls, template.format(**words))
        found.template, found.words = template, words
        return found


class CryonelError(Exception):
    """A failure we foresaw. Anything else is a bug and goes to the error tracker."""

    code: ClassVar[str] = ""
    name: ClassVar[str] = ""  # the class name: stable, for programs
    category: ClassVar[str] = "service"
    status: ClassVar[int] = 500
    template: ClassVar[str] = ""
    retryable: ClassVar[bool] = False
    registry: ClassVar[dict[str, type[CryonelError]]] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = cls.__name__
        code = cls.__dict__.get("code")
        if code and cls.registry.setdefault(code, cls) is not cls:
            raise TypeError(f"{code} is taken by {cls.registry[code].__name__}")

    def __init__(self, *, details: Any = None, **context: object) -> None:
        self.details = details
        self.context = context
        super().__init__(self.template.format(**context))


class InputInvalid(CryonelError):
    """VAL: the caller must send something else."""

    status, category = 422, "input"


class SignInRequired(CryonelError):
    """AUT: sign in, or prove a second factor."""

    status, category = 401, "auth"


class NotAllowed(CryonelError):
    """PRM: never for this caller."""

    status, category = 403, "permission"


class NotFound(CryonelError):
    """NFD: absent, or not theirs to know."""

    status, category = 404, "missing"


class NotSupported(CryonelError):
    """MTH: this address does not do that."""

    status, category = 405, "method"


class Conflict(CryonelError):
    """CNF: the world moved on; reload and decide again."""

    status, category = 409, "conflict"


class RiskRefused(CryonelError):
    """RSK: a risk rule said no; stored as DENIED, nothing was sent."""

    status, category = 422, "risk"


class PlanRequired(CryonelError):
    """BIL: the plan does not include it."""

    status, category = 402, "billing"


class TooMany(CryonelError):
    """RAT: slow down; details carry retry_after in seconds."""

    status, category = 429, "rate"
    retryable = True


class VenueFailed(CryonelError):
    """VEN: the far side failed. outcome_known=False means: reconcile, never resend."""

    status, category = 502, "venue"
    outcome_known: ClassVar[bool] = True


class ServiceDown(CryonelError):
    """SYS: ours failed."""

    status, category = 503, "service"
    retryable = True


PREFIXES: dict[str, type[CryonelError]] = {
    "VAL": InputInvalid,
    "AUT": SignInRequired,
    "PRM": NotAllowed,
    "NFD": NotFound,
    "MTH": NotSupported,
    "CNF": Conflict,
    "RSK": RiskRefused,
    "BIL": PlanRequired,
    "RAT": TooMany,
    "VEN": VenueFailed,
    "SYS": ServiceDown,
}


class AmountInvalid(InputInvalid):
    code = "VAL-0001"
    template = gettext_noop("{value} is not a usable amount.")


class AssetMismatch(InputInvalid):
    code = "VAL-0002"
    template = gettext_noop("{left} and {right} cannot be added: they are different assets.")


class InputRefused(InputInvalid):
    code = "VAL-0003"
    template = gettext_noop("What was sent cannot be used. The details name each field.")


class CursorInvalid(InputInvalid):
    code = "VAL-0004"
    template = gettext_noop("This page cursor is not valid. Start again from the first page.")


class BodyTooLarge(InputInvalid):
    code = "VAL-0005"
    status = 413
    template = gettext_noop("What was sent is larger than one megabyte.")


class IdempotencyKeyReused(Conflict):
    code = "CNF-0001"
    template = gettext_noop("This Idempotency-Key was used for a different request.")


class IdempotencyKeyBusy(Conflict):
    code = "CNF-0002"
    retryable = True
    template = gettext_noop("The first request with this Idempotency-Key is still being handled.")


class SignInMissing(SignInRequired):
    code = "AUT-0001"
    template = gettext_noop("Sign in first.")


class AccessDenied(NotAllowed):
    code = "PRM-0001"
    template = gettext_noop("You may not do that.")


class RoleTooLow(NotAllowed):
    code = "PRM-0002"
    template = gettext_noop("This needs the role {role} in this workspace.")


class PageMissing(NotFound):
    code = "NFD-0001"
    template = gettext_noop("There is nothing at this address.")


class MethodUnsupported(NotSupported):
    code = "MTH-0001"
    template = gettext_noop("This address does not support that method.")


class TooManyRequests(TooMany):
    code = "RAT-0001"
    template = gettext_noop("Too many requests. Wait a moment and try again.")


class Unforeseen(ServiceDown):
    code = "SYS-0001"
    status = 500
    retryable = False
    template = gettext_noop("Something broke on our side. It has been logged.")


class DatabaseDown(ServiceDown):
    code = "SYS-0002"
    template = gettext_noop("The database does not answer. Try again in a moment.")


class BrokerDown(ServiceDown):
    code = "SYS-0003"
    template = gettext_noop("The message broker does not answer. Try again in a moment.")
