"""The door of the staff pages: staff of the platform, with a second factor proved in this session.

Everybody else goes to the site's own sign-in or security page, or finds nothing. The admin's own
sign-in, sign-out and password pages are not served.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts import second_factor
from apps.accounts.web.sessions import PROVED
from apps.core.domain.errors import PageMissing

NOT_SERVED = frozenset({"login", "logout", "password_change", "password_change_done"})


class StaffSite(AdminSite):
    site_header = _("CRYONEL staff")
    site_title = _("CRYONEL staff")
    index_title = _("Staff")
    final_catch_all_view = False
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(
            user.is_active
            and getattr(user, "is_staff", False)
            and request.session.get(PROVED)
            and second_factor.is_enrolled(user_id=user.pk)
        )

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        @wraps(view)
        def door(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                return self.turned_away(request)
            answer: HttpResponseBase = inner(request, *args, **named)
            return answer

        return door

    def turned_away(self, request: HttpRequest) -> HttpResponseBase:
        """Those who may not come in go each to what they lack. Raises PageMissing."""
        user: Any = request.user
        if not user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not (user.is_active and user.is_staff):
            raise PageMissing
        if second_factor.is_enrolled(user_id=user.pk):
            text = gettext("Sign out and in again: the staff pages need your code in this session.")
        else:
            text = gettext("The staff pages need a second factor. Set one up first.")
        messages.warning(request, text)
        return redirect("security")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        found = super().get_urls()
        return [each for each in found if getattr(each, "name", None) not in NOT_SERVED]


site = StaffSite(name="staff")
