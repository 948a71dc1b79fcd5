"""All settings, from the environment. Production refuses to start unsafe (`_refuse_unsafe`).

Every variable is listed in README.md, "Settings".
"""

import base64
import os
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from config import agent_file
from config.durations import seconds_in

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()


def _read_agent_file() -> None:
    """What an Agent's configuration file says, unless a variable says it."""
    name = env.str("OPTIMIZELY_CONFIG_FILENAME", default="")
    try:
        for variable, value in (agent_file.variables_in(Path(name)) if name else {}).items():
            os.environ.setdefault(variable, value)
    except agent_file.Unreadable as fault:
        raise ImproperlyConfigured(f"OPTIMIZELY_CONFIG_FILENAME: {fault}") from fault


_read_agent_file()

DEVELOPMENT_SECRET = "development-only-secret-never-use-it-in-production"

PRODUCTION = env.bool("ARBITER_PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default=DEVELOPMENT_SECRET)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
VAR_DIR = Path(env.str("ARBITER_VAR", default=str(BASE_DIR / "var")))

INSTALLED_APPS = [
    "experiments",
    "features",
    "users",
    "events",
    "decisions",
    "sampling",
    "config.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.console.policed",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.hosts.HostsMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False

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
            ],
        },
    },
]


def _database() -> dict[str, Any]:
    """SQLite in `var/` unless `DATABASE_URL` names a PostgreSQL server."""
    config: dict[str, Any] = env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'arbiter.sqlite3'}")
    if config.get("ENGINE") not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:/// or postgres://.")
    options = config.setdefault("OPTIONS", {})
    # On SQLite too: the last connection to close a file copies and removes its log, 20 ms each time.
    config["CONN_MAX_AGE"] = None
    if config["ENGINE"].endswith("sqlite3"):
        VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)  # SQLite makes the file only
        options["transaction_mode"] = "IMMEDIATE"
        options["timeout"] = 20
        options["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
    else:
        config["CONN_HEALTH_CHECKS"] = True
        options.setdefault("connect_timeout", 5)
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "arbiter_cache",
            # Overrides and profiles are kept here: nothing may be thrown out because others came later.
            "OPTIONS": {"MAX_ENTRIES": 10_000_000},
        }
    )
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "config.formats"
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.1",
}

# What a client may send, bounded before it is parsed.
MAX_BODY_BYTES = env.int("ARBITER_MAX_BODY_BYTES", default=5 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES + 1024
# A client that takes longer to send its request is hung up on; where many are slow at once, much earlier.
BODY_SECONDS = env.float("ARBITER_BODY_SECONDS", default=20.0)

# Snapshots: inline mode asks the database before every decision; for tests only.
INLINE_SNAPSHOTS = env.bool("ARBITER_INLINE_SNAPSHOTS", default=False)

# The writer of events. Inline: each call writes in its own transaction; for tests only.
INLINE_WRITER = env.bool("ARBITER_INLINE_WRITER", default=False)
# So many requests of a process may wait for a commit (half its threads), each so many seconds; the rest is spooled.
WRITER_WAITERS = env.int("ARBITER_WRITER_WAITERS", default=8)
WRITER_SWIFT = env.float("ARBITER_WRITER_SWIFT", default=0.02)
WRITER_PATIENCE = env.float("ARBITER_WRITER_PATIENCE", default=0.25)
# What a process keeps on its disk while the database is away, in files of so many bytes. A full spool answers 503.
SPOOL_MAX_BYTES = env.int("ARBITER_SPOOL_MAX_BYTES", default=256 * 1024 * 1024)
SPOOL_SEGMENT_BYTES = env.int("ARBITER_SPOOL_SEGMENT_BYTES", default=1024 * 1024)
# Exposures made by decisions: "buffered" is written a moment later, "commit" before the answer.
EXPOSURES = env.str("ARBITER_EXPOSURES", default="buffered")
EXPOSURES_BUFFER = env.int("ARBITER_EXPOSURES_BUFFER", default=20_000)
# An arm is noted once per person and process, as far back as so many exposures.
EXPOSURES_REMEMBERED = env.int("ARBITER_EXPOSURES_REMEMBERED", default=100_000)
# The client ids of events are remembered for so long: a retry within that time counts once.
SEEN_DAYS = env.int("ARBITER_SEEN_DAYS", default=90)

# One answered request in so many is written to the access log.
ACCESS_LOG_SHARE = env.float("ARBITER_ACCESS_LOG_SHARE", default=0.01)

# Dialects.
TESTLAB_PROJECT = env.str("ARBITER_TESTLAB_PROJECT", default="testlab")

# UpGrade: browsers' origins (none named: all pass), and what the bearer tokens of its clients are signed with.
UPGRADE_ORIGINS = env.list("ARBITER_UPGRADE_ORIGINS", default=[])
UPGRADE_API_KEY = env.str("ARBITER_UPGRADE_API_KEY", default="")
UPGRADE_API_SECRET = env.str("ARBITER_UPGRADE_API_SECRET", default="")

# Test Lab.
# Seconds by which a change is advertised late, so that SDKs that poll with "now minus my interval" never miss it.
TESTLAB_CHANGE_MARGIN = env.float("ARBITER_TESTLAB_CHANGE_MARGIN", default=3.0)
# Old Test Lab SDKs take every toggle for off; shown as a 100 % roll-out it is on.
TESTLAB_TOGGLES_AS_ROLLOUTS = env.bool("ARBITER_TESTLAB_TOGGLES_AS_ROLLOUTS", default=False)
# When set, features, variants, user-blocks and deletions need `Authorization: Bearer <token>`; clients' posts do not.
TESTLAB_WRITE_TOKEN = env.str("ARBITER_TESTLAB_WRITE_TOKEN", default="")
# Refuse features that would enrol more than everybody on some day.
TESTLAB_STRICT_OVERLAP = env.bool("ARBITER_TESTLAB_STRICT_OVERLAP", default=False)
# keep, truncate (to /24 and /48) or drop the addresses that Test Lab clients send.
TESTLAB_IP_ADDRESSES = env.str("ARBITER_TESTLAB_IP_ADDRESSES", default="keep")
if TESTLAB_IP_ADDRESSES not in ("keep", "truncate", "drop"):
    raise ImproperlyConfigured("ARBITER_TESTLAB_IP_ADDRESSES is keep, truncate or drop.")


def _seconds(name: str, default: str) -> float:
    try:
        return seconds_in(env.str(name, default=default))
    except ValueError as fault:
        raise ImproperlyConfigured(f"{name}: {fault}") from fault


def _signing_secrets(name: str) -> list[bytes]:
    """The secrets of a list in base64, padded or not. What is no base64 would be a secret that everybody knows."""
    try:
        return [_signing_secret(text.strip().rstrip("=")) for text in env.list(name, default=[])]
    except ValueError as fault:
        raise ImproperlyConfigured(f"{name}: every secret must be base64 of at least one byte.") from fault


def _signing_secret(text: str) -> bytes:
    secret = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    if not secret:
        raise ValueError("empty")
    return secret


# The Agent dialect: the variables an Optimizely Agent reads itself, so that its environment can be moved here as it is.
AGENT_ALLOWED_HOSTS = env.list(
    "OPTIMIZELY_SERVER_ALLOWEDHOSTS", default=["." if host == "*" else host for host in ALLOWED_HOSTS]
)
AGENT_SDK_KEY_REGEX = env.str("OPTIMIZELY_CLIENT_SDKKEYREGEX", default=r"^[a-zA-Z0-9+/=_]+(:[a-zA-Z0-9+/=_]+)?\Z")
AGENT_CORS_ORIGINS = env.list("OPTIMIZELY_API_CORS_ALLOWEDORIGINS", default=[])
AGENT_CORS_METHODS = env.list("OPTIMIZELY_API_CORS_ALLOWEDMETHODS", default=["HEAD", "GET", "POST"])
AGENT_HEALTH_PATH = env.str("OPTIMIZELY_SERVER_HEALTHCHECKPATH", default="") or "/health"
AGENT_CORS_HEADERS = env.list("OPTIMIZELY_API_CORS_ALLOWEDHEADERS", default=[])
AGENT_CORS_EXPOSED_HEADERS = env.list("OPTIMIZELY_API_CORS_EXPOSEDHEADERS", default=[])
AGENT_CORS_CREDENTIALS = env.bool("OPTIMIZELY_API_CORS_ALLOWEDCREDENTIALS", default=False)
AGENT_CORS_MAX_AGE = env.int("OPTIMIZELY_API_CORS_MAXAGE", default=300)
AGENT_HMAC_SECRETS = _signing_secrets("OPTIMIZELY_API_AUTH_HMACSECRETS")
AGENT_CLIENTS = env.json("OPTIMIZELY_API_AUTH_CLIENTS", default=[])
AGENT_TOKEN_SECONDS = _seconds("OPTIMIZELY_API_AUTH_TTL", "30m")
AGENT_JWKS_URL = env.str("OPTIMIZELY_API_AUTH_JWKSURL", default="")
AGENT_JWKS_SECONDS = _seconds("OPTIMIZELY_API_AUTH_JWKSUPDATEINTERVAL", "5m")
AGENT_SDK_KEYS = env.list("OPTIMIZELY_SDKKEYS", default=[])
# Empty: only projects of this server are served, and nothing is fetched from elsewhere.
AGENT_DATAFILE_URL = env.str("OPTIMIZELY_CLIENT_DATAFILEURLTEMPLATE", default="")
AGENT_POLLING_SECONDS = _seconds("OPTIMIZELY_CLIENT_POLLINGINTERVAL", "1m")
AGENT_VERSION = env.str("OPTIMIZELY_VERSION", default="0.1.0")
AGENT_AUTHOR = env.str("OPTIMIZELY_AUTHOR", default="Arbiter")
AGENT_NAME = env.str("OPTIMIZELY_NAME", default="arbiter")
AGENT_ADMIN_HMAC_SECRETS = _signing_secrets("OPTIMIZELY_ADMIN_AUTH_HMACSECRETS")
# {"<project id>": {"sdkKeys": [...], "secret": "...", "skipSignatureCheck": false}}
AGENT_WEBHOOKS = env.json("OPTIMIZELY_WEBHOOK_PROJECTS", default={})
AGENT_NOTIFICATIONS = env.bool("OPTIMIZELY_API_ENABLENOTIFICATIONS", default=False)
# Streams that a worker relays at once, each on a thread of its own; after so much silence a stream says that it lives.
AGENT_STREAMS = env.int("ARBITER_STREAMS", default=64)
AGENT_STREAM_HEARTBEAT_SECONDS = _seconds("ARBITER_STREAM_HEARTBEAT", "15s")
AGENT_ODP_OFF = env.bool("OPTIMIZELY_CLIENT_ODP_DISABLE", default=False)
# Asked instead of the host that a datafile names.
AGENT_ODP_HOST = env.str("ARBITER_ODP_HOST", default="")
AGENT_SEGMENTS_SECONDS = _seconds("OPTIMIZELY_CLIENT_ODP_SEGMENTSREQUESTTIMEOUT", "10s")
AGENT_SEGMENTS_CACHE = env.json(
    "OPTIMIZELY_CLIENT_ODP_SEGMENTSCACHE",
    default={"default": "in-memory", "services": {"in-memory": {"size": 10000, "timeout": "600s"}}},
)
AGENT_CMAB_ENDPOINT = env.str(
    "OPTIMIZELY_CMAB_PREDICTIONENDPOINT",
    default=env.str(
        "OPTIMIZELY_CLIENT_CMAB_PREDICTIONENDPOINT", default="https://prediction.cmab.optimizely.com/predict/%s"
    ),
)
AGENT_CMAB_SECONDS = _seconds("OPTIMIZELY_CLIENT_CMAB_REQUESTTIMEOUT", "10s")
AGENT_CMAB_CACHE_SECONDS = _seconds("ARBITER_CMAB_CACHE_TIMEOUT", "30m")
# Where events of mirrored projects are told besides; empty: nowhere.
AGENT_EVENT_URL = env.str("OPTIMIZELY_CLIENT_EVENTURL", default="")
AGENT_EVENT_BATCH = env.int("OPTIMIZELY_CLIENT_BATCHSIZE", default=10)
AGENT_EVENT_QUEUE = env.int("OPTIMIZELY_CLIENT_QUEUESIZE", default=1000)
AGENT_EVENT_FLUSH_SECONDS = _seconds("OPTIMIZELY_CLIENT_FLUSHINTERVAL", "30s")
AGENT_OVERRIDES = env.bool("OPTIMIZELY_API_ENABLEOVERRIDES", default=False)
AGENT_PROFILES = env.json("OPTIMIZELY_CLIENT_USERPROFILESERVICE", default={"default": "", "services": {}})
# Requests at once per SDK key and process; 0: no limit.
AGENT_MAX_CONNS = env.int("OPTIMIZELY_API_MAXCONNS", default=0)
AGENT_BATCH_LIMIT = env.int("OPTIMIZELY_SERVER_BATCHREQUESTS_OPERATIONSLIMIT", default=500)

if AGENT_CLIENTS and not AGENT_HMAC_SECRETS:
    # Without a secret no token is asked for: whoever names clients means the opposite.
    raise ImproperlyConfigured("OPTIMIZELY_API_AUTH_CLIENTS needs OPTIMIZELY_API_AUTH_HMACSECRETS to sign tokens with.")
if EXPOSURES not in ("buffered", "commit"):
    raise ImproperlyConfigured('ARBITER_EXPOSURES must be "buffered" or "commit".')

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
}

SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^health$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=True)
    SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=True)


def _refuse_unsafe() -> None:
    """Raise ImproperlyConfigured for what must never face the network."""
    faults = []
    if SECRET_KEY == DEVELOPMENT_SECRET or len(SECRET_KEY) < 50:
        faults.append("SECRET_KEY must be set to a random text of at least 50 characters")
    if DEBUG:
        faults.append("DEBUG must be off")
    if "*" in ALLOWED_HOSTS or not any(host.strip() for host in ALLOWED_HOSTS):
        faults.append("ALLOWED_HOSTS must name the hosts this server answers for")
    if faults:
        raise ImproperlyConfigured("Refusing to start in production: " + "; ".join(faults) + ".")


if PRODUCTION:
    _refuse_unsafe()
