"""Django's view of the practice venue: a name, no tables (its truth is its own journal)."""

from __future__ import annotations

from django.apps import AppConfig


class PracticeConfig(AppConfig):
    name = "apps.practice"
    label = "practice"
    verbose_name = "Practice venue"
