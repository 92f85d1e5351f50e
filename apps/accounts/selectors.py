"""Who is asking: users, memberships and tokens become Actors here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Max, Q

from apps.accounts.domain.errors import TokenInvalid, WorkspaceMissing
from apps.accounts.models import ApiToken, Membership, User, Workspace
from apps.core.domain.people import Actor, Reader, Role

USED_STEP = timedelta(minutes=1)  # last_used_at is written at most this often


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def actor_get(*, user_id: int, workspace_id: int | None = None) -> Actor:
    """The user as a member of the workspace, by default the personal one.

    Raises WorkspaceMissing where the user is no member: a stranger learns nothing.
    """
    rows = Membership.objects.filter(user_id=user_id, user__is_active=True)
    rows = rows.filter(
        Q(workspace_id=workspace_id) if workspace_id else Q(workspace__personal_of_id=user_id)
    )
    row = rows.first()
    if row is None:
        raise WorkspaceMissing
    return Actor(user_id, row.workspace_id, Role(row.role))


def actor_of_token(*, token: str, now: datetime) -> tuple[User, Actor]:
    """The person and workspace behind a bearer token. Raises TokenInvalid."""
    found = (
        ApiToken.objects.select_related("user")
        .filter(token_hash=digest(token), revoked_at=None, expires_at__gt=now)
        .filter(user__is_active=True)
        .first()
    )
    if found is None:
        raise TokenInvalid
    if found.last_used_at is None or found.last_used_at < now - USED_STEP:
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
    try:
        return found.user, actor_get(user_id=found.user_id, workspace_id=found.workspace_id)
    except WorkspaceMissing as e:
        raise TokenInvalid from e


def workspace_get(*, reader: Reader) -> Workspace:
    return Workspace.objects.get(pk=reader.workspace_id)


def workspace_list(*, user_id: int) -> list[Membership]:
    rows = Membership.objects.filter(user_id=user_id).select_related("workspace")
    return list(rows.order_by("workspace__name"))


def api_token_list(*, reader: Reader) -> list[ApiToken]:
    rows = ApiToken.objects.filter(
        user_id=reader.person, workspace_id=reader.workspace_id, revoked_at=None
    )
    return list(rows.order_by("-pk"))


def user_by_email(*, email: str) -> User | None:
    return User.objects.filter(email__iexact=email.strip()).first()


def workspace_ids() -> list[int]:
    """Platform-wide, for services that serve every workspace."""
    return list(Workspace.objects.order_by("pk").values_list("pk", flat=True))


@dataclass(frozen=True, slots=True)
class Member:
    """Someone to tell something: in which language, at which hour of the day."""

    user: User
    actor: Actor
    zone: ZoneInfo


def member_list(*, workspace_id: int) -> list[Member]:
    """The active people of a workspace, each as they read it."""
    rows = Membership.objects.filter(workspace_id=workspace_id, user__is_active=True)
    return [
        Member(row.user, Actor(row.user_id, workspace_id, Role(row.role)), zone_of(row.user))
        for row in rows.select_related("user").order_by("user_id")
    ]


def zone_of(user: User) -> ZoneInfo:
    """The person's time zone, UTC where its name is not known."""
    try:
        return ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def member_ids(*, workspace_id: int) -> list[int]:
    """The users of a workspace, for pushes to them."""
    rows = Membership.objects.filter(workspace_id=workspace_id, user__is_active=True)
    return list(rows.order_by("user_id").values_list("user_id", flat=True))


def workspace_exists(workspace_id: int) -> bool:
    return Workspace.objects.filter(pk=workspace_id).exists()


def workspace_last_id() -> int:
    """Platform-wide: the highest workspace number, 0 before the first."""
    return Workspace.objects.aggregate(last=Max("pk"))["last"] or 0


def user_is_staff(*, user_id: int | None) -> bool:
    """Platform roles are no memberships: staff of the platform, and active."""
    if user_id is None:
        return False
    return User.objects.filter(pk=user_id, is_active=True, is_staff=True).exists()
