"""A one-time sign-in link for an account, for whoever runs this server."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone

from apps.accounts import selectors, services


class Command(BaseCommand):
    help = "Print a link that signs a person in once, within 30 minutes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--create", action="store_true", help="make the account if there is none"
        )
        parser.add_argument("--url", default=settings.PUBLIC_URL or "http://127.0.0.1:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        user = selectors.user_by_email(email=options["email"])
        if user is None and options["create"]:
            user, _actor = services.user_create(
                email=options["email"], password=None, now=timezone.now()
            )
        if user is None:
            raise CommandError("There is no such account. Add --create to make it.")
        token = services.sign_in_link_create(user_id=user.pk, now=timezone.now())
        path = reverse("sign-in-link", args=[token])
        self.stdout.write(f"{options['url'].rstrip('/')}{path}")
