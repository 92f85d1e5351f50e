"""The hash chain of the audit trail (SHA-256 over canonical JSON, each link over the last)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping

GENESIS = "0" * 64


def link(previous: str, content: Mapping[str, object]) -> str:
    """The hash of one entry: hex SHA-256 of the previous hash and the entry's canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous.encode() + b"\n" + text.encode()).hexdigest()


def sign(head: str, *, head_seq: int, key: bytes) -> str:
    """HMAC-SHA256 over the head of a batch, with a key that is not in the database."""
    return hmac.new(key, f"{head_seq}:{head}".encode(), hashlib.sha256).hexdigest()
