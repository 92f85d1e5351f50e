"""Sessions open here only: after the first factor, and the second where there is one."""

from __future__ import annotations

import time

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from apps.accounts import second_factor, services
from apps.accounts.models import User

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
PENDING = "sign_in_pending"  # who proved the first factor, how and when
PROVED = "second_factor_at"  # seconds since the epoch: when this session proved the second
WAITS = 5 * 60  # seconds in which the second step must follow


def let_in(request: HttpRequest, user: User, *, method: str) -> HttpResponse:
    """After the first factor: in, or on to the second step."""
    if not second_factor.is_enrolled(user_id=user.pk):
        open_session(request, user, method=method)
        return redirect(next_of(request))
    request.session.cycle_key()
    request.session[PENDING] = {"user": user.pk, "method": method, "at": time.time()}
    return redirect(f"{reverse('sign-in-second')}?{urlencode({'next': next_of(request)})}")


def open_session(request: HttpRequest, user: User, *, method: str, proved: bool = False) -> None:
    request.session.pop(PENDING, None)
    login(request, user, backend=MODEL_BACKEND)
    request.session["signed_in_at"] = time.time()
    if proved:
        request.session[PROVED] = time.time()
    services.sign_in_record(user=user, method=method, now=timezone.now())


def next_of(request: HttpRequest) -> str:
    """Where to go on: only to an address of ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if ours else reverse(settings.LOGIN_REDIRECT_URL)
