from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import User

pytestmark = pytest.mark.django_db


def link(capsys, *arguments):
    call_command("sign_in_link", *arguments, "--url", "https://example.org")
    return capsys.readouterr().out.strip()


def test_the_printed_link_opens_a_session(client, alice, capsys):
    url = link(capsys, alice.email)

    assert client.post(url.removeprefix("https://example.org")).url == "/dashboard/"


def test_an_unknown_address_is_refused():
    with pytest.raises(CommandError, match="--create"):
        call_command("sign_in_link", "nobody@example.org")


def test_a_first_account_is_made_on_request(client, capsys):
    url = link(capsys, "first@example.org", "--create")

    assert client.post(url.removeprefix("https://example.org")).status_code == 302
    assert not User.objects.get().has_usable_password()
