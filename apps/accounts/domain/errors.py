"""What can go wrong at the door."""

from __future__ import annotations

from apps.core.domain.errors import (
    Conflict,
    InputInvalid,
    NotFound,
    ServiceDown,
    SignInRequired,
    gettext_noop,
)


class CredentialsInvalid(SignInRequired):
    code = "AUT-0201"
    template = gettext_noop("This email and password do not belong together.")


class SignInLinkSpent(SignInRequired):
    code = "AUT-0202"
    template = gettext_noop("This sign-in link was used or has expired. Ask for a new one.")


class TokenInvalid(SignInRequired):
    code = "AUT-0203"
    template = gettext_noop("This API token is not valid. It may have expired or been revoked.")


class EmailTaken(Conflict):
    code = "CNF-0201"
    template = gettext_noop("There is already an account with this email address.")


class PasswordWeak(InputInvalid):
    code = "VAL-0201"
    template = gettext_noop("Choose a stronger password. The details say what is missing.")


class WorkspaceMissing(NotFound):
    code = "NFD-0201"
    template = gettext_noop("There is no such workspace.")


class ApiTokenMissing(NotFound):
    code = "NFD-0202"
    template = gettext_noop("There is no such API token.")


class SecondFactorRefused(SignInRequired):
    code = "AUT-0204"
    template = gettext_noop(
        "This code is not right, or was used already. Wait for the next one and try again."
    )


class SecondFactorMissing(SignInRequired):
    code = "AUT-0205"
    template = gettext_noop(
        "This needs a second factor. Set one up under Security, then come back."
    )


class SecondFactorNeeded(SignInRequired):
    code = "AUT-0206"
    template = gettext_noop(
        "This account has a second factor. Send its current code as well, in the field code."
    )


class SecondFactorPresent(Conflict):
    code = "CNF-0202"
    template = gettext_noop("This account already has a second factor.")


class SecondFactorBroken(ServiceDown):
    code = "SYS-0201"
    template = gettext_noop(
        "The second factor cannot be checked: its key does not fit. Restore the keyring folder."
    )
