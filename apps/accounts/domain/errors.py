"""What can go wrong at the door."""

from __future__ import annotations

from apps.core.domain.errors import Conflict, InputInvalid, NotFound, SignInRequired, gettext_noop


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
