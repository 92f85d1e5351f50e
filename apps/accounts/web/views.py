"""Sign-in, the one-time link, sign-out, language."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import services
from apps.accounts.domain.errors import CredentialsInvalid, SignInLinkSpent
from apps.accounts.web.forms import SignInForm
from apps.accounts.web.sessions import let_in, next_of
from apps.core import api, ratelimit


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(next_of(request))
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST":
        ratelimit.take(ratelimit.AUTH, ratelimit.address_hash(request))
        status = 422
        if form.is_valid():
            ratelimit.take(_per_account(), form.cleaned_data["email"].lower())
            try:
                user = services.credentials_check(**form.cleaned_data)
            except CredentialsInvalid as e:
                form.add_error(None, api.say(e))
                status = 401
            else:
                return let_in(request, user, method="password")
    context = {"form": form, "next": request.POST.get("next") or request.GET.get("next", "")}
    return render(request, "accounts/sign_in.html", context, status=status)


@require_http_methods(["GET", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, POST spends the link: a mail scanner's GET must not use it up."""
    if request.method == "GET":
        return render(request, "accounts/sign_in_link.html", {"token": token})
    ratelimit.take(ratelimit.AUTH, ratelimit.address_hash(request))
    try:
        user = services.sign_in_link_redeem(token=token, now=timezone.now())
    except SignInLinkSpent as e:
        return render(
            request, "accounts/sign_in_link.html", {"problem": api.say(e)}, status=e.status
        )
    return let_in(request, user, method="link")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("landing")


@require_POST
def language_set(request: HttpRequest) -> HttpResponse:
    code = request.POST.get("language", "")
    response = redirect(next_of(request))
    if code in dict(settings.LANGUAGES):
        translation.activate(code)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            max_age=60 * 60 * 24 * 365,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def _per_account() -> ratelimit.Limit:
    return ratelimit.Limit("sign-in-account", 5, 15 * 60, fail_closed=True)
