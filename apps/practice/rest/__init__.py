"""The REST endpoints of the dialect, by method and path."""
