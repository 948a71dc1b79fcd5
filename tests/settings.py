"""The settings of a test run: `config.settings` on a throw-away directory, quick where that changes no meaning.

The environment still decides (`DATABASE_URL`, `ARBITER_VAR`). Servers that tests start run on `config.settings` itself.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

if "ARBITER_TEST_VAR" not in os.environ:
    os.environ["ARBITER_TEST_VAR"] = tempfile.mkdtemp(prefix="arbiter-test-")
    atexit.register(shutil.rmtree, os.environ["ARBITER_TEST_VAR"], ignore_errors=True)

# Parallel workers share the directory above and nothing in it.
_var = Path(os.environ["ARBITER_TEST_VAR"]) / os.environ.get("PYTEST_XDIST_WORKER", "main")
_var.mkdir(parents=True, exist_ok=True)
os.environ["ARBITER_VAR"] = str(_var)
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_var / 'arbiter.sqlite3'}")

from config.settings import *  # noqa: E402 - they read the environment that was set above

# Tests decide by what their own transaction says; the threads have suites of their own.
INLINE_SNAPSHOTS = True
INLINE_WRITER = True

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, so that threads of one test see one database. It need not survive a power cut.
    DATABASES["default"]["TEST"] = {"NAME": str(_var / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"

STATIC_ROOT.mkdir(parents=True, exist_ok=True)

# The contract's datafiles name a data platform on the loopback; only tests that stand one up may talk to it.
AGENT_ODP_OFF = True
