"""Settings of the test run: the same dialects, cheaper passwords, nothing else different."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("CRYONEL_DATA_DIR", tempfile.mkdtemp(prefix="cryonel-test-"))

from cryonel.settings.base import *  # noqa: F403

ENVIRONMENT = "test"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
