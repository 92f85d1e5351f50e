"""What can go wrong before Django exists, as sentences that say what to do."""

from __future__ import annotations


class ServiceUnavailable(RuntimeError):
    """The embedded PostgreSQL or Valkey cannot be offered here; the message says what to set."""
