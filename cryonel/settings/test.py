"""Settings of the test run: the same dialects, cheaper passwords, nothing else different."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

if "CRYONEL_DATA_DIR" not in os.environ:
    os.environ["CRYONEL_DATA_DIR"] = tempfile.mkdtemp(prefix="cryonel-test-")
    atexit.register(shutil.rmtree, os.environ["CRYONEL_DATA_DIR"], ignore_errors=True)

# Test processes side by side share one Valkey: each has a numbered database of its own.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if WORKER and "REDIS_URL" in os.environ:
    number = 1 + int(WORKER.removeprefix("gw")) % 15
    os.environ["REDIS_URL"] = os.environ["REDIS_URL"].replace("?db=0", f"?db={number}")

from cryonel.settings.base import *  # noqa: E402, F403

ENVIRONMENT = "test"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# Pub/sub knows no numbered databases.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": f"asgi{WORKER}"},  # noqa: F405
    }
}
