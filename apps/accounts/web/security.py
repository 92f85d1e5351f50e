"""The page on which a person secures their account, and the second step of a sign-in."""

from __future__ import annotations

import time

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts import second_factor, services
from apps.accounts.domain.errors import CredentialsInvalid
from apps.accounts.edges import ActorRequest, signed_in
from apps.accounts.models import User
from apps.accounts.selectors import actor_get
from apps.accounts.web.forms import CodeForm, EnrolForm
from apps.accounts.web.sessions import PENDING, WAITS, next_of, open_session
from apps.core import api, ratelimit
from apps.core.domain.errors import CryonelError, SignInRequired

SECRET = "second_factor_secret"  # noqa: S105 the name of a session entry
FRESH = 30 * 60  # seconds: an account without a password enrolls right after signing in


@require_GET
@signed_in
def security(request: ActorRequest) -> HttpResponse:
    user_id = request.actor.person
    context = {
        "enrolled_at": second_factor.enrolled_at(user_id=user_id),
        "codes_left": second_factor.recovery_codes_left(user_id=user_id),
        "form": CodeForm(),
    }
    return render(request, "accounts/security.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def enrol(request: ActorRequest) -> HttpResponse:
    """Shows the secret once per enrolment; a right code switches it on and shows the codes."""
    user = _user(request)
    if second_factor.is_enrolled(user_id=user.pk):
        return redirect("security")
    has_password = user.has_usable_password()
    if not has_password and not _fresh(request):
        messages.warning(request, _("Sign in again first: open a new sign-in link."))
        return redirect("security")
    form = EnrolForm(request.POST or None, has_password=has_password)
    secret = request.session.setdefault(SECRET, second_factor.secret_new())
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                codes = _enrol(request, user, secret, form)
            except CryonelError as e:
                field = "password" if isinstance(e, CredentialsInvalid) else "code"
                form.add_error(field, api.say(e))
                status = e.status
            else:
                return render(request, "accounts/recovery_codes.html", {"codes": codes})
    context = {
        "form": form,
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "picture": second_factor.picture_of(user=user, secret=secret),
    }
    return render(request, "accounts/second_factor_enrol.html", context, status=status)


def _enrol(request: ActorRequest, user: User, secret: str, form: EnrolForm) -> list[str]:
    given = form.cleaned_data
    if "password" in form.fields:
        ratelimit.take(ratelimit.AUTH, f"password:{user.pk}")
        services.credentials_check(email=user.email, password=given["password"])
    codes = second_factor.second_factor_enrol(
        actor=request.actor, secret=secret, code=given["code"], now=timezone.now()
    )
    request.session.pop(SECRET, None)
    return codes


@never_cache
@require_POST
@signed_in
def recovery_codes(request: ActorRequest) -> HttpResponse:
    try:
        codes = second_factor.recovery_codes_renew(
            actor=request.actor, code=request.POST.get("code", "")[:20], now=timezone.now()
        )
    except SignInRequired as e:
        messages.error(request, api.say(e))
        return redirect("security")
    return render(request, "accounts/recovery_codes.html", {"codes": codes})


@require_POST
@signed_in
def remove(request: ActorRequest) -> HttpResponse:
    try:
        second_factor.second_factor_remove(
            actor=request.actor, code=request.POST.get("code", "")[:20], now=timezone.now()
        )
    except SignInRequired as e:
        messages.error(request, api.say(e))
    else:
        messages.warning(request, _("The second factor is switched off."))
    return redirect("security")


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_second(request: HttpRequest) -> HttpResponse:
    """The second step: who proved the first may prove the second, for a few minutes."""
    pending = request.session.get(PENDING)
    if not pending or pending["at"] < time.time() - WAITS:
        request.session.pop(PENDING, None)
        return redirect("sign-in")
    form = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST":
        ratelimit.take(ratelimit.AUTH, ratelimit.address_hash(request))
        status = 422
        if form.is_valid():
            actor = actor_get(user_id=pending["user"])
            try:
                second_factor.second_factor_check(
                    actor=actor, code=form.cleaned_data["code"], now=timezone.now()
                )
            except SignInRequired as e:
                form.add_error("code", api.say(e))
                status = e.status
            else:
                user = User.objects.get(pk=pending["user"])
                open_session(request, user, method=f"{pending['method']}+code", proved=True)
                return redirect(next_of(request))
    context = {"form": form, "next": next_of(request)}
    return render(request, "accounts/sign_in_second.html", context, status=status)


def _user(request: ActorRequest) -> User:
    return User.objects.get(pk=request.actor.person)


def _fresh(request: ActorRequest) -> bool:
    return bool(request.session.get("signed_in_at", 0) > time.time() - FRESH)
