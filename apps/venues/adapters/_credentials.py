"""Credential fields as the venues' own key pages call them."""

from __future__ import annotations

from apps.core.domain.errors import gettext_noop
from apps.venues.domain.ports import CredentialField

KEY = CredentialField(name="key", label=gettext_noop("API key"), secret=False)
SECRET = CredentialField(name="secret", label=gettext_noop("API secret"))
PASSPHRASE = CredentialField(
    name="passphrase",
    label=gettext_noop("Passphrase"),
    help=gettext_noop("The passphrase you chose when you created the key, not your password."),
)
KEY_AND_SECRET = (KEY, SECRET)
WITH_PASSPHRASE = (KEY, SECRET, PASSPHRASE)
