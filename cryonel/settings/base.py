"""All settings. What varies comes from the environment; a wrong variable stops the start.

Without DATABASE_URL and REDIS_URL the product runs on embedded servers in the data folder.
"""

from __future__ import annotations

import base64
import json
import os
import secrets as random
from decimal import Decimal, InvalidOperation
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from cryonel import embedded
from cryonel.logs import logging_config
from cryonel.secrets import lookup

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()

KNOWN = {
    "CRYONEL_ENV",
    "CRYONEL_DATA_DIR",
    "CRYONEL_PUBLIC_URL",
    "CRYONEL_LISTEN",
    "CRYONEL_LOG_LEVEL",
    "CRYONEL_LOG_JSON",
    "CRYONEL_TRUSTED_PROXIES",
    "CRYONEL_KEYRING_DIR",
    "CRYONEL_PRACTICE_URL",
    "CRYONEL_PRACTICE_TOKEN",
    "CRYONEL_PRACTICE_CONFIG",
    "CRYONEL_PRACTICE_PORT",
    "CRYONEL_PRACTICE_HOST",
    "CRYONEL_WORKER_QUEUES",
    "CRYONEL_WORKER_CONCURRENCY",
    "CRYONEL_RECORDED_DATA",
    "CRYONEL_DB_POOL",
    "CRYONEL_UNPROVEN_KEYS",
    "CRYONEL_WEB_WORKERS",
    "CRYONEL_KILL_SLIPPAGE",
    "CRYONEL_KILL_ERRORS",
    "CRYONEL_KILL_ERRORS_SECONDS",
    "CRYONEL_KILL_UNALIGNED_SECONDS",
    "CRYONEL_KILL_STALE_SECONDS",
    "CRYONEL_KILL_CANCEL_SECONDS",
    "CRYONEL_KILL_FLATTEN_SECONDS",
    "CRYONEL_KEEP_EVENTS_DAYS",
    "CRYONEL_KEEP_DECISIONS_DAYS",
    "CRYONEL_KEEP_ANSWERS_HOURS",
}
for _name in os.environ:
    if _name.startswith("CRYONEL_") and _name not in KNOWN and not _name.startswith("CRYONEL_KEY_"):
        raise ImproperlyConfigured(
            f"The environment variable {_name} is not known: see docs/settings.md."
        )


def _choice(name: str, default: str, allowed: set[str]) -> str:
    value = os.environ.get(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {sorted(allowed)}, not {value!r}.")
    return value


def _whole(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def _at_least_one(name: str, default: int) -> int:
    if found := _whole(name, default):
        return found
    raise ImproperlyConfigured(f"{name} must be at least 1: 0 would delete what was just stored.")


def _fractions(name: str, default: str) -> tuple[Decimal, ...]:
    text = os.environ.get(name, default)
    try:
        found = tuple(Decimal(part.strip()) for part in text.split(","))
    except InvalidOperation:
        found = ()
    if not found or not all(0 <= part < 1 for part in found):
        raise ImproperlyConfigured(f"{name} must be fractions with commas, not {text!r}.")
    return found


def _flag(name: str, *, default: bool) -> bool:
    text = os.environ.get(name, str(default)).lower()
    if text not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not {text!r}.")
    return text in {"1", "true", "yes", "on"}


ENVIRONMENT = _choice("CRYONEL_ENV", "local", {"local", "production", "test"})
PRODUCTION = ENVIRONMENT == "production"
DEBUG = False
DATA_DIR = Path(os.environ.get("CRYONEL_DATA_DIR") or BASE_DIR / "var").resolve()
KEYRING_DIR = Path(os.environ.get("CRYONEL_KEYRING_DIR") or DATA_DIR / "keyring")


def _secret_key() -> str:
    """From a Docker secret or the environment; a local installation makes its own and keeps it."""
    if given := lookup("SECRET_KEY"):
        if len(given) < 32:
            raise ImproperlyConfigured("SECRET_KEY must have at least 32 characters.")
        return given
    if PRODUCTION:
        raise ImproperlyConfigured("Set SECRET_KEY (or SECRET_KEY_FILE, or a Docker secret).")
    path = KEYRING_DIR / "site.key"
    if not path.exists():
        KEYRING_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(base64.b64encode(random.token_bytes(48)).decode())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


SECRET_KEY = _secret_key()

PUBLIC_URL = os.environ.get("CRYONEL_PUBLIC_URL", "")
if PRODUCTION and not PUBLIC_URL.startswith("https://"):
    raise ImproperlyConfigured("Set CRYONEL_PUBLIC_URL to the site's https:// address.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
TRUSTED_PROXIES = _whole("CRYONEL_TRUSTED_PROXIES", 0)

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # the staff pages register by themselves
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "django_celery_beat",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "apps.core",
    "apps.accounts",
    "apps.billing",
    "apps.vault",
    "apps.venues",
    "apps.markets",
    "apps.portfolio",
    "apps.trading",
    "apps.ops",
]

MIDDLEWARE = [
    "apps.core.http.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "apps.core.http.SecurityHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "apps.accounts.web.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.core.http.RateLimitHeadersMiddleware",
    "apps.core.http.ProblemMiddleware",
]

ROOT_URLCONF = "cryonel.urls"
ASGI_APPLICATION = "cryonel.asgi.application"
WSGI_APPLICATION = "cryonel.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
                "apps.ops.web.context.shell",
            ],
        },
    }
]

DATABASE_URL = lookup("DATABASE_URL") or embedded.database_url(DATA_DIR)
REDIS_URL = lookup("REDIS_URL") or embedded.redis_url(DATA_DIR)
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must be a postgres:// address.")
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"].setdefault("OPTIONS", {})
if _flag("CRYONEL_DB_POOL", default=False):  # set by the supervisor for the serving roles only
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 12, "timeout": 10}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "landing"
PASSWORD_HASHERS = ["apps.accounts.hashers.Argon2id"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "apps.accounts.passwords.Guessable"},
]

# allauth keeps the second factor; its own pages are not served.
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
MFA_ADAPTER = "apps.accounts.second_factor_adapter.SealedMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # a code of the neighboring half minute: clocks differ, people type

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 7
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "cryonel_session"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "cryonel_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 15_552_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # CRY-39: a body of at most 1 MB

from csp.constants import NONCE, NONE, SELF  # noqa: E402

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("de", _("German")),
    ("es", _("Spanish")),
    ("fr", _("French")),
    ("tr", _("Turkish")),
    ("zh-hans", _("Chinese (simplified)")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "cryonel_language"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_MAX_AGE = 60 * 60 * 24 * 365 if PRODUCTION else 60
if PRODUCTION:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.api.authentication.ApiTokenAuthentication",
        "apps.accounts.api.authentication.SiteSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.core.throttle.RouteThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.core.api.problem_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CRYONEL API",
    "DESCRIPTION": "Everything the site can do, for programs. Amounts are strings.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "BotStatus": "apps.trading.domain.bots.BotStatus",
        "OrderStatus": "apps.trading.domain.orders.OrderStatus",
        "PlanStatus": "apps.trading.domain.plans.PlanStatus",
        "ArbJobStatus": "apps.trading.domain.arb_jobs.ArbJobStatus",
        "PlanKind": "apps.trading.domain.plans.PlanKind",
        "OrderGroupKind": "apps.trading.domain.groups.GroupKind",
        "OrderGroupStatus": "apps.trading.domain.groups.GroupStatus",
    },
}

CELERY_BROKER_URL = embedded.celery_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "priority_steps": [0],  # we sort by queue: a worker asks for one key per queue, not for four
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_TASK_ROUTES = {
    "trading.plan_*": {"queue": "execution"},
    "trading.order_*": {"queue": "execution"},
    "trading.page_push": {"queue": "notify"},
    "trading.arb_job_*": {"queue": "execution"},
    "trading.connection_*": {"queue": "sync"},
    "venues.*": {"queue": "sync"},
    "markets.*": {"queue": "sync"},
    "portfolio.*": {"queue": "sync"},
}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "outbox sweep": {"task": "core.outbox_sweep", "schedule": 10},
    "event numbers": {"task": "core.event_number", "schedule": 2},
    "audit seal": {"task": "core.audit_seal", "schedule": 10},
    "order sweep": {"task": "trading.order_sweep", "schedule": 5},
    "plan sweep": {"task": "trading.plan_sweep", "schedule": 5},
    "connections compared": {"task": "trading.connection_compare_due", "schedule": 5},
    "order watch": {"task": "trading.order_watch", "schedule": 3},
    "plan watch": {"task": "trading.plan_watch", "schedule": 60},
    "arbitrage job sweep": {"task": "trading.arb_job_sweep", "schedule": 10},
    "decision log purge": {"task": "trading.decisions_purge", "schedule": 3600},
    "idempotency purge": {"task": "core.idempotency_purge", "schedule": 3600},
    "event purge": {"task": "core.events_purge", "schedule": 3600},
    "key rights": {"task": "venues.rights_probe_all", "schedule": 24 * 3600},
    "instruments": {"task": "markets.instruments_refresh_all", "schedule": 3600},
    "candle partitions": {"task": "markets.partitions_ensure", "schedule": 86400},
    "spread sample purge": {"task": "markets.samples_purge", "schedule": 3600},
    "equity snapshots": {"task": "portfolio.equity_snapshot_all", "schedule": 30},
    "equity purge": {"task": "portfolio.equity_purge", "schedule": 86400},
}


def _running_practice() -> str:
    """The practice venue of a demo that runs on this data folder: for commands beside it."""
    try:
        return str(json.loads((DATA_DIR / "runtime.json").read_text()).get("practice_url", ""))
    except (OSError, ValueError):
        return ""


PRACTICE_URL = os.environ.get("CRYONEL_PRACTICE_URL") or _running_practice()
PRACTICE_TOKEN = lookup("CRYONEL_PRACTICE_TOKEN") or ""
UNPROVEN_KEYS = _flag("CRYONEL_UNPROVEN_KEYS", default=False)
# CANCEL and FLATTEN: how long they try before they say what is left, and the worst price of each
# attempt to close, as a fraction away from the best one of the book at that moment.
KILL_CANCEL_SECONDS = _whole("CRYONEL_KILL_CANCEL_SECONDS", 60)
KILL_FLATTEN_SECONDS = _whole("CRYONEL_KILL_FLATTEN_SECONDS", 300)
# What the automatic rules fire on; loss and drawdown have their limits in the risk policies.
KILL_ERRORS = _whole("CRYONEL_KILL_ERRORS", 10)
KILL_ERRORS_SECONDS = _whole("CRYONEL_KILL_ERRORS_SECONDS", 60)
KILL_UNALIGNED_SECONDS = _whole("CRYONEL_KILL_UNALIGNED_SECONDS", 120)
KILL_STALE_SECONDS = _whole("CRYONEL_KILL_STALE_SECONDS", 30)
KILL_SLIPPAGE = _fractions("CRYONEL_KILL_SLIPPAGE", "0.002,0.005,0.01,0.02,0.03")
# How long chores leave what is over; the audit trail stays for good.
KEEP_EVENTS_DAYS = _at_least_one("CRYONEL_KEEP_EVENTS_DAYS", 90)
KEEP_DECISIONS_DAYS = _at_least_one("CRYONEL_KEEP_DECISIONS_DAYS", 7)
KEEP_ANSWERS_HOURS = _at_least_one("CRYONEL_KEEP_ANSWERS_HOURS", 24)

LOGGING = logging_config(
    json_lines=_flag("CRYONEL_LOG_JSON", default=PRODUCTION),
    level=os.environ.get("CRYONEL_LOG_LEVEL", "INFO"),
)


def _kernel_cache() -> Path:
    """One per user, so that a new data folder does not compile again; else the data folder's."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cryonel"
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return DATA_DIR / "numba"
    mine = cache.stat().st_uid == os.getuid() if hasattr(os, "getuid") else True
    return cache / "numba" if mine and os.access(cache, os.W_OK) else DATA_DIR / "numba"


os.environ.setdefault("NUMBA_CACHE_DIR", str(_kernel_cache()))
