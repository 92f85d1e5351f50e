"""The practice venue: Binance's dialect at our own address, one venue per running instance.

Not in the registry's folder scan: its venues are named by the practice server, so a code
`practice.<instance>` becomes an adapter class when it is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import structlog

from apps.core.domain.errors import gettext_noop
from apps.venues import practice_control as control
from apps.venues.adapters.binance import Binance
from apps.venues.domain.connections import PracticeInstance
from apps.venues.domain.errors import VenueUnavailable, VenueUnknown
from apps.venues.domain.ports import InstrumentInfo, RightsProof, VenueKind, VenueSpec

logger = structlog.get_logger(__name__)

LISTED_FOR = 5.0  # seconds an answer of /instances is believed
FORGOTTEN_AFTER = 1.0  # seconds a failure is remembered, so that a page asks once

_listed: tuple[float, str, list[PracticeInstance]] | None = None  # (until, address, instances)
_failed: tuple[float, str] = (0.0, "")  # (until, address)


class Practice(Binance):
    """Binance's adapter with other addresses. `spec` comes from the running instance."""

    def __init__(
        self, credentials: Mapping[str, str], options: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(credentials, {**(options or {}), "urls": {"api": _urls(self.spec.code)}})

    def instruments(self) -> list[InstrumentInfo]:
        """With the instance's own fees: ccxt knows the list price of the real exchange only."""
        listed = super().instruments()
        own = next((v for v in practice_venues() if v.code == self.spec.code), None)
        if own is None:
            return listed
        return [replace(i, maker_fee=own.maker_fee, taker_fee=own.taker_fee) for i in listed]


def practice_venues() -> list[PracticeInstance]:
    """The running instances, asked at most every few seconds. Raises VenueUnavailable."""
    global _listed, _failed
    now, address = time.monotonic(), control.base_url()
    if _listed is not None and _listed[1] == address and now < _listed[0]:
        return _listed[2]
    if _failed[1] == address and now < _failed[0]:
        raise VenueUnavailable(venue=control.LABEL)
    try:
        found = control.instance_list()
    except VenueUnavailable:
        _failed = (now + FORGOTTEN_AFTER, address)
        raise
    _listed = (now + LISTED_FOR, address, found)
    return found


def adapter_of(code: str) -> type[Practice]:
    """The adapter of `practice.<instance>`. Raises VenueUnknown.

    While the server does not answer, a well-formed code is believed: a connection must be
    showable, and any call says VenueUnavailable by itself.
    """
    control.instance_url(code)
    if _listed is not None and _listed[1] == control.base_url():
        for instance in _listed[2]:  # heard of before: an order does not wait for a list
            if instance.code == code:
                return _adapter(code, instance.label)
    try:
        known = {instance.code: instance.label for instance in practice_venues()}
    except VenueUnavailable:
        known = {code: label_of(code)}
    if code not in known:
        raise VenueUnknown(venue=code)
    return _adapter(code, known[code])


def label_of(code: str) -> str:
    """The instance's own label as last heard, else one made of its code. Asks nobody."""
    if _listed is not None:
        for instance in _listed[2]:
            if instance.code == code:
                return instance.label
    return code.replace(".", " ").replace("_", " ").title()


@lru_cache(maxsize=64)
def _adapter(code: str, label: str) -> type[Practice]:
    spec = VenueSpec(
        code=code,
        label=label,
        kind=VenueKind.PRACTICE,
        ccxt_id=Binance.spec.ccxt_id,
        capabilities=Binance.spec.capabilities,
        credential_fields=Binance.spec.credential_fields,
        rights_proof=RightsProof.PROBE,
        visible_after=Binance.spec.visible_after,
        taken_for=Binance.spec.taken_for,
        lateness=Binance.spec.lateness,
        needed_rights=Binance.spec.needed_rights,
        key_page="",
        key_steps=(gettext_noop("Open a paper account here: its key is made and stored for you."),),
        requests_per_second=90.0,
        docs="",
    )
    return type("PracticeInstanceAdapter", (Practice,), {"spec": spec})


def _urls(code: str) -> dict[str, Any]:
    """What lies over ccxt's own addresses. Built per client, so that a moved server is followed."""
    root = control.instance_url(code)
    stream = root.replace("http", "ws", 1)
    return {
        "public": f"{root}/api/v3",
        "private": f"{root}/api/v3",
        "sapi": f"{root}/sapi/v1",
        "ws": {"spot": f"{stream}/ws", "ws-api": {"spot": f"{stream}/ws-api/v3"}},
    }
