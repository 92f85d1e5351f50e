"""A one-shot arbitrage: what it can be and what it is asked for."""

from __future__ import annotations

from enum import StrEnum


class ArbJobStatus(StrEnum):
    QUEUED = "QUEUED"
    CHECKING = "CHECKING"  # a worker reads the books
    EXECUTED = "EXECUTED"  # a plan was opened; the plan says how it went
    NOTHING = "NOTHING"  # it did not pay, with the figures
    FAILED = "FAILED"  # it could not be checked, or the gate refused
