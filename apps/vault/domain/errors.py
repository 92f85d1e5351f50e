"""What can go wrong with a sealed secret. Nothing here ever carries a value."""

from __future__ import annotations

from apps.core.domain.errors import Conflict, InputInvalid, NotFound, ServiceDown, gettext_noop


class SealBroken(ServiceDown):
    """The ciphertext was changed, or stands where it does not belong."""

    code = "SYS-0501"
    status = 500
    retryable = False
    template = gettext_noop("A stored secret cannot be opened. Enter it again.")


class KeyLost(ServiceDown):
    """The keyring does not hold the key that sealed this."""

    code = "SYS-0502"
    retryable = False
    template = gettext_noop(
        "The key-encryption key, version {version}, is not in the keyring. Put it back."
    )


class SecretMissing(NotFound):
    """Never stored here, destroyed, or another workspace's: all look the same."""

    code = "NFD-0501"
    template = gettext_noop("There is no such secret.")


class KeyVersionsSpent(Conflict):
    """The version is one byte; 255 rotations is the end of a keyring's life."""

    code = "CNF-0501"
    template = gettext_noop("All 255 key versions are used. Start a new keyring.")


class ImportUnreadable(InputInvalid):
    code = "VAL-0501"
    template = gettext_noop("The file cannot be imported: {problem}. Nothing was stored.")
