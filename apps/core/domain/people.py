"""Who asks, for whom. Built once at the edge; every selector and service takes one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from apps.core.domain.errors import RoleTooLow


class Role(IntEnum):
    """What a member may do in a workspace; a higher number includes the lower ones."""

    VIEWER = 10
    ANALYST = 20
    TRADER = 30
    ADMIN = 40
    OWNER = 50
    PLATFORM = 100  # the program itself: no person carries it


@dataclass(frozen=True, slots=True)
class Actor:
    user_id: int | None  # None: nobody clicked
    workspace_id: int
    role: Role

    @classmethod
    def platform(cls, workspace_id: int) -> Actor:
        return cls(None, workspace_id, Role.PLATFORM)

    @property
    def person(self) -> int:
        """The user's number. Raises RoleTooLow for the platform: it owns nothing."""
        if self.user_id is None:
            raise RoleTooLow(role=Role.VIEWER.name)
        return self.user_id

    def require(self, role: Role) -> None:
        if self.role < role:
            raise RoleTooLow(role=role.name)


Reader = Actor  # the same three facts, on the reading side
