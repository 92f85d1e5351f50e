"""What can be wrong with a message a venue sent over its stream."""

from __future__ import annotations

from apps.core.domain.errors import VenueFailed, gettext_noop


class WireMalformed(VenueFailed):
    """Not the message it says it is. Nothing of it was used."""

    code = "VEN-0191"
    template = gettext_noop("The venue sent a message that cannot be read: {problem}.")


class WireUnknown(VenueFailed):
    """Well-formed, but of a kind that nobody asked for."""

    code = "VEN-0192"
    template = gettext_noop("The venue sent a message of an unknown kind: {kind}.")
