"""Every address of the product: pages, then the API under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from apps.trading.admin import site as staff

api_v1: list[URLPattern | URLResolver] = [
    path("auth/", include("apps.accounts.api.urls")),
    path("", include("apps.venues.api.urls")),
    path("", include("apps.markets.api.urls")),
    path("", include("apps.trading.api.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
]

urlpatterns = [
    path("", include("apps.ops.web.urls")),
    path("", include("apps.accounts.web.urls")),
    path("", include("apps.venues.web.urls")),
    path("", include("apps.markets.web.urls")),
    path("", include("apps.trading.web.urls")),
    path("staff/", staff.urls),
    path("api/v1/", include(api_v1)),
]

handler400 = "apps.core.http.page_missing"
handler403 = "apps.core.http.access_denied"
handler404 = "apps.core.http.page_missing"
handler500 = "apps.core.http.unforeseen"
