"""What the connection pages show: domain facts in the reader's words."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from apps.core.registries import connection_users_of
from apps.vault.selectors import last_opened_at
from apps.venues import circuit, held, registry, selectors
from apps.venues.domain.connections import ConnectionStatus, Mode
from apps.venues.domain.errors import KeyUntested, VenueUnavailable
from apps.venues.domain.ports import KeyRights, Need, RightsProof, VenueKind, VenueSpec
from apps.venues.models import Connection

MODES = {
    Mode.PAPER: gettext_noop("Paper"),
    Mode.TESTNET: gettext_noop("Test network"),
    Mode.LIVE: gettext_noop("Real money"),
}


def connection_shown(connection: Connection, *, down: frozenset[str]) -> dict[str, Any]:
    """A row of the list. `down`: venues whose circuit is open somewhere."""
    rights = selectors.connection_rights(connection)
    problem = selectors.connection_problem(connection)
    return {
        "pk": connection.pk,
        "name": connection.label,
        "venue_label": registry.venue_label(connection.venue),
        "mode": _mode(connection.mode),
        "status": _status(connection, down),
        "key_hint": connection.key_hint,
        "rights": rights_shown(rights),
        "checked_at": connection.rights_checked_at,
        "expires_at": rights.expires_at if rights else None,
        "problem": problem.message if problem else "",
    }


def connection_page(connection: Connection, *, down: frozenset[str]) -> dict[str, Any]:
    rights = selectors.connection_rights(connection)
    spec = registry.adapter_for(connection.venue).spec
    users = connection_users_of(connection.workspace_id, connection.pk)
    return connection_shown(connection, down=down) | {
        "created_at": connection.created_at,
        "last_used_at": last_opened_at(set_id=connection.sealed_set_id),
        "ip_allow_list": _ip_allow_list(spec, rights),
        "fees": held.fees_kept(connection.pk),
        "real": connection.mode == Mode.LIVE,
        "may_trade": connection.need == Need.TRADE,
        "is_practice": connection.mode == Mode.PAPER and bool(connection.practice_account),
        "bots": [{"pk": bot_id, "name": name} for bot_id, name in users],
    }


def last_test(connection: Connection) -> dict[str, Any] | None:
    """The last test, from what it left on the connection."""
    rights = selectors.connection_rights(connection)
    problem = selectors.connection_problem(connection)
    if connection.rights_checked_at is None:
        return None
    trades = connection.need == Need.TRADE
    checks = [(gettext("The exchange accepts the key"), problem is None)]
    if rights is not None:
        safe = rights.can_withdraw is False or rights.proof is RightsProof.STRUCTURAL
        checks.append((gettext("It cannot withdraw"), safe))
        if trades:
            checks.append((gettext("It may trade"), rights.can_trade is not False))
    return {
        "ok": problem is None,
        "at": connection.rights_checked_at,
        "latency_ms": None,
        "message": problem.message if problem else "",
        "checks": [{"label": label, "ok": ok, "note": ""} for label, ok in checks],
    }


def rights_shown(rights: KeyRights | None) -> list[dict[str, Any]]:
    """Read, trade, withdraw; an unknown right is shown as not proven, never as absent."""
    if rights is None:
        return []
    told = (
        (gettext("Read"), rights.can_read),
        (gettext("Trade"), rights.can_trade),
        (gettext("Withdraw"), rights.can_withdraw),
    )
    return [
        {
            "label": label,
            "granted": granted is not False
            and not (granted is None and rights.proof is RightsProof.STRUCTURAL),
            "proof": RightsProof.NONE.value if granted is None else rights.proof.value,
        }
        for label, granted in told
    ]


def venues_shown() -> list[dict[str, Any]]:
    """The choice: practice venues first, then exchanges by name."""
    try:
        practice = [
            {
                "code": instance.code,
                "label": instance.label,
                "kind": gettext("Practice, simulated market")
                if instance.simulated
                else gettext("Practice, real market data"),
                "practice": True,
            }
            for instance in registry.practice_venues()
        ]
    except VenueUnavailable:
        practice = []
    exchanges = [
        {
            "code": spec.code,
            "label": spec.label,
            "kind": gettext("Look only: rights cannot be proven")
            if spec.rights_proof is RightsProof.NONE
            else gettext("Look and trade"),
            "practice": False,
        }
        for spec in (adapter.spec for adapter in registry.adapter_types().values())
        if spec.kind is VenueKind.EXCHANGE
    ]
    rows = [*practice, *sorted(exchanges, key=lambda row: str(row["label"]).lower())]
    address = reverse("connection-add")
    return [
        row | {"url": f"{address}?venue={row['code']}", "current": False, "ready": True}
        for row in rows
    ]


def venue_shown(spec: VenueSpec) -> dict[str, Any]:
    return {
        "code": spec.code,
        "label": spec.label,
        "needed_rights": [gettext(right) for right in spec.needed_rights],
        "refused_rights": [gettext("Withdraw")],
        "how_to": [gettext(step) for step in spec.key_steps],
        "key_url": spec.key_page,
        "proof": spec.rights_proof.value,
        "notes": "",
    }


def paper_assets(venue: str) -> list[str]:
    """What a paper account of this practice venue can hold, quote assets first."""
    pairs = [s.split("/") for i in registry.practice_venues() if i.code == venue for s in i.symbols]
    return list(dict.fromkeys([*(quote for _, quote in pairs), *(base for base, _ in pairs)]))


def venues_down() -> frozenset[str]:
    return frozenset(
        report.venue
        for report in circuit.states()
        if report.state is not circuit.CircuitState.CLOSED
    )


def _mode(mode: str) -> str:
    return gettext(MODES[Mode(mode)])


def _status(connection: Connection, down: frozenset[str]) -> str:
    if connection.status == ConnectionStatus.BROKEN:
        return "UNKNOWN" if connection.status_reason == KeyUntested.code else "INVALID"
    if connection.status == ConnectionStatus.ACTIVE and connection.venue in down:
        return "DOWN"
    return connection.status


def _ip_allow_list(spec: VenueSpec, rights: KeyRights | None) -> list[str] | None:
    """None: the venue does not say. [] means that any address may use the key."""
    if rights is None:
        return None
    if rights.ip_allow_list:
        return list(rights.ip_allow_list)
    if rights.ip_restricted:
        return [gettext("restricted; the exchange does not list them")]
    return [] if rights.ip_restricted is False else None
