"""The second factor: an authenticator app's codes (RFC 6238) and one-time recovery codes.

allauth keeps and checks them; here is who may do what, what is audited, and that no code counts
twice. One enrolment guards the site, what needs a step up (trading real money), and the admin.
"""

from __future__ import annotations

import base64
from datetime import datetime

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from django.core.cache import cache
from django.db import IntegrityError, transaction

from apps.accounts.domain.errors import (
    SecondFactorMissing,
    SecondFactorPresent,
    SecondFactorRefused,
)
from apps.accounts.domain.events import (
    RecoveryCodesRenewed,
    SecondFactorEnrolled,
    SecondFactorFailed,
    SecondFactorRemoved,
)
from apps.accounts.models import User
from apps.core import audit, outbox, ratelimit
from apps.core.domain.events import Event
from apps.core.domain.people import Actor

ISSUER = "CRYONEL"
TRIES = ratelimit.Limit("second-factor", 5, 5 * 60, fail_closed=True)
Type = Authenticator.Type


def is_enrolled(*, user_id: int) -> bool:
    return bool(Authenticator.objects.filter(user_id=user_id, type=Type.TOTP).exists())


def enrolled_at(*, user_id: int) -> datetime | None:
    row = Authenticator.objects.filter(user_id=user_id, type=Type.TOTP).first()
    return row.created_at if row else None


def recovery_codes_left(*, user_id: int) -> int:
    row = Authenticator.objects.filter(user_id=user_id, type=Type.RECOVERY_CODES).first()
    return len(RecoveryCodes(row).get_unused_codes()) if row else 0


def secret_new() -> str:
    """A fresh secret in base32, for the person's app; it counts once a code proved it."""
    return str(generate_totp_secret())


def picture_of(*, user: User, secret: str) -> str:
    """The secret as a QR picture: a data: address of an SVG."""
    from urllib.parse import quote, urlencode

    query = urlencode({"secret": secret, "issuer": ISSUER}, quote_via=quote)
    address = f"otpauth://totp/{quote(f'{ISSUER}:{user.email}')}?{query}"
    svg = get_adapter().build_totp_svg(address)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


@transaction.atomic
def second_factor_enrol(*, actor: Actor, secret: str, code: str, now: datetime) -> list[str]:
    """Switch it on once the app shows the right code; returns the recovery codes.

    Raises SecondFactorRefused, SecondFactorPresent, TooManyRequests.
    """
    ratelimit.take(TRIES, str(actor.person))
    if not validate_totp_code(secret, code.strip()) or not _first_use(actor.person, code):
        raise SecondFactorRefused
    user = User.objects.get(pk=actor.person)
    try:
        with transaction.atomic():
            TOTP.activate(user, secret)
    except IntegrityError as e:
        raise SecondFactorPresent from e
    codes = list(RecoveryCodes.activate(user).get_unused_codes())
    _tell(SecondFactorEnrolled(workspace_id=actor.workspace_id, user_id=user.pk), actor, now)
    return codes


def second_factor_check(*, actor: Actor, code: str, now: datetime) -> None:
    """A current code of the app, or an unused recovery code. Each counts once.

    Raises SecondFactorMissing (not enrolled), SecondFactorRefused, TooManyRequests, and
    BrokerDown where nobody can say whether a code was used before: it fails closed.
    """
    user_id = actor.person
    if not is_enrolled(user_id=user_id):
        raise SecondFactorMissing
    ratelimit.take(TRIES, str(user_id))
    for row in Authenticator.objects.filter(user_id=user_id).order_by("-type"):
        if row.wrap().validate_code(code.strip()) and _first_use(user_id, code):
            row.record_usage()
            return
    with transaction.atomic():
        event = SecondFactorFailed(workspace_id=actor.workspace_id, user_id=user_id)
        _tell(event, actor, now)
    raise SecondFactorRefused


def recovery_codes_renew(*, actor: Actor, code: str, now: datetime) -> list[str]:
    """New recovery codes; the old ones are void. Raises what second_factor_check raises."""
    second_factor_check(actor=actor, code=code, now=now)  # outside: a refusal is kept
    with transaction.atomic():
        Authenticator.objects.filter(user_id=actor.person, type=Type.RECOVERY_CODES).delete()
        codes = RecoveryCodes.activate(User.objects.get(pk=actor.person)).get_unused_codes()
        event = RecoveryCodesRenewed(workspace_id=actor.workspace_id, user_id=actor.person)
        _tell(event, actor, now)
    return list(codes)


def second_factor_remove(*, actor: Actor, code: str, now: datetime) -> None:
    """Switch it off, with a code. Raises what second_factor_check raises."""
    second_factor_check(actor=actor, code=code, now=now)
    with transaction.atomic():
        Authenticator.objects.filter(user_id=actor.person).delete()
        event = SecondFactorRemoved(workspace_id=actor.workspace_id, user_id=actor.person)
        _tell(event, actor, now)


def _first_use(user_id: int, code: str) -> bool:
    """Whether this code was not taken before, for as long as it could be valid."""
    lasts = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 2)
    return bool(cache.add(f"accounts:second-factor:{user_id}:{code.strip()}", 1, timeout=lasts))


def _tell(event: Event, actor: Actor, now: datetime) -> None:
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
