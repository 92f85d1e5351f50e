"""argon2id at 64 MiB, three passes, one lane (CRY-21)."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    time_cost = 3
    memory_cost = 65_536
    parallelism = 1
