"""Writes: people come, sign in, and get tokens."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.accounts import selectors
from apps.accounts.domain.errors import (
    ApiTokenMissing,
    CredentialsInvalid,
    EmailTaken,
    PasswordWeak,
    SignInLinkSpent,
)
from apps.accounts.domain.events import (
    ApiTokenCreated,
    ApiTokenRevoked,
    UserSignedIn,
    UserSignedUp,
)
from apps.accounts.models import ApiToken, Membership, SignInLink, User, Workspace
from apps.core import audit, outbox
from apps.core.domain.people import Actor, Role

LINK_LASTS = timedelta(minutes=30)
TOKEN_LASTS = timedelta(days=90)
TOKEN_PREFIX = "cry_"  # noqa: S105 lets scanners find a leaked token, is none itself


@transaction.atomic
def user_create(
    *, email: str, password: str | None, name: str = "", language: str = "en", now: datetime
) -> tuple[User, Actor]:
    """A person with a personal workspace. Raises EmailTaken, PasswordWeak.

    password=None makes an account that comes in by link only.
    """
    user = User(email=email.strip(), name=name, language=language, joined_at=now)
    if password is not None:
        try:
            validate_password(password, user)
        except ValidationError as e:
            raise PasswordWeak(details={"password": e.messages}) from e
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as e:
        raise EmailTaken from e
    workspace = Workspace.objects.create(name=name or "Personal", personal_of=user, created_at=now)
    Membership.objects.create(user=user, workspace=workspace, role=Role.OWNER)
    actor = Actor(user.pk, workspace.pk, Role.OWNER)
    event = UserSignedUp(workspace_id=workspace.pk, user_id=user.pk)
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
    return user, actor


def credentials_check(*, email: str, password: str) -> User:
    """The active user with this password. Raises CredentialsInvalid, whatever was wrong."""
    known = selectors.user_by_email(email=email)
    # authenticate() hashes for unknown addresses too: the time taken tells nothing.
    user = authenticate(username=known.email if known else email, password=password)
    if not isinstance(user, User):
        raise CredentialsInvalid
    return user


@transaction.atomic
def sign_in_record(*, user: User, method: str, now: datetime) -> Actor:
    """Audit a sign-in that happened (the edge opens the session)."""
    actor = selectors.actor_get(user_id=user.pk)
    event = UserSignedIn(workspace_id=actor.workspace_id, user_id=user.pk, method=method)
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
    return actor


@transaction.atomic
def sign_in_link_create(*, user_id: int, now: datetime) -> str:
    """The token of a one-time link; it is shown once and kept as a hash."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        user_id=user_id, token_hash=selectors.digest(token), expires_at=now + LINK_LASTS
    )
    return token


@transaction.atomic
def sign_in_link_redeem(*, token: str, now: datetime) -> User:
    """Spend a link. Raises SignInLinkSpent when it was used, has expired or never existed."""
    link = SignInLink.objects.filter(token_hash=selectors.digest(token)).first()
    spent = (
        SignInLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=now).update(used_at=now)
        if link
        else 0
    )
    if link is None or not spent or not link.user.is_active:
        raise SignInLinkSpent
    return link.user


@transaction.atomic
def api_token_create(
    *, actor: Actor, name: str, now: datetime, lasts: timedelta = TOKEN_LASTS
) -> tuple[ApiToken, str]:
    """A new token and its clear text, which nobody can read again."""
    clear = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user_id=actor.person,
        workspace_id=actor.workspace_id,
        name=name,
        prefix=clear[:12],
        token_hash=selectors.digest(clear),
        created_at=now,
        expires_at=now + lasts,
    )
    event = ApiTokenCreated(workspace_id=actor.workspace_id, token_id=token.pk)
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
    return token, clear


@transaction.atomic
def api_token_revoke(*, actor: Actor, token_id: int, now: datetime) -> None:
    """Raises ApiTokenMissing for a token that is not theirs."""
    revoked = ApiToken.objects.filter(
        pk=token_id,
        user_id=actor.person,
        workspace_id=actor.workspace_id,
        revoked_at=None,
    ).update(revoked_at=now)
    if not revoked:
        raise ApiTokenMissing
    event = ApiTokenRevoked(workspace_id=actor.workspace_id, token_id=token_id)
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
