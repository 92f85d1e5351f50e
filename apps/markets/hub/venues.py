"""What the hub takes from the venues' room by default; imported when first used."""

from __future__ import annotations

from apps.markets.domain.board import VenueFace
from apps.venues.domain.ports import BookStream


def stream_of(venue: str) -> BookStream:
    from apps.venues.streams import book_stream

    return book_stream(venue)


def face_of(venue: str) -> VenueFace:
    """Blocks: a practice instance is asked for its name."""
    from apps.venues import registry

    return VenueFace(venue, registry.venue_label(venue), registry.is_simulated(venue))
