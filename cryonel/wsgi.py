"""WSGI door: pages and API, without sockets."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cryonel.settings.base")
application = get_wsgi_application()
