"""An Agent's configuration file stands for the variables that the Agent reads (agent contract §5)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.agent_file import Unreadable, variables_in
from config.durations import seconds_in, text_of

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
sdkKeys: [KEY1, KEY2]
api:
  enableNotifications: true
  enableOverrides: true
  maxConns: 7
  cors: {allowedOrigins: ["http://*.example.com"]}
  auth:
    ttl: 30m
    hmacSecrets: [QUJD]
    clients: [{id: one, secretHash: hash, sdkKeys: [KEY1]}]
server:
  allowedHosts: [".example.com", "localhost"]
  batchRequests: {operationsLimit: 3}
client:
  pollingInterval: 1m30s
  datafileURLTemplate: "https://cdn.example.com/%s.json"
  userProfileService: {default: rest, services: {rest: {host: "http://ups", async: true}}}
webhook:
  projects: {20000: {sdkKeys: [KEY1], secret: s, skipSignatureCheck: false}}
log:
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


def test_paths_become_variables(config: Path) -> None:
    found = variables_in(config)

    assert found["OPTIMIZELY_SDKKEYS"] == "KEY1,KEY2"
    assert found["OPTIMIZELY_API_ENABLENOTIFICATIONS"] == "true"
    assert found["OPTIMIZELY_CLIENT_POLLINGINTERVAL"] == "1m30s"
    assert json.loads(found["OPTIMIZELY_WEBHOOK_PROJECTS"])["20000"]["sdkKeys"] == ["KEY1"]
    assert "OPTIMIZELY_LOG" not in found


def test_server_is_set_by_it_and_a_variable_wins(config: Path, tmp_path: Path) -> None:
    names = (
        *("AGENT_SDK_KEYS", "AGENT_NOTIFICATIONS", "AGENT_OVERRIDES", "AGENT_MAX_CONNS", "AGENT_CORS_ORIGINS"),
        *("AGENT_TOKEN_SECONDS", "AGENT_CLIENTS", "AGENT_ALLOWED_HOSTS", "AGENT_BATCH_LIMIT", "AGENT_POLLING_SECONDS"),
        *("AGENT_DATAFILE_URL", "AGENT_PROFILES", "AGENT_WEBHOOKS"),
    )
    script = (
        f"from config import settings; import json; print(json.dumps({{n: getattr(settings, n) for n in {names}}}))"
    )
    env = os.environ | {"OPTIMIZELY_CONFIG_FILENAME": str(config), "OPTIMIZELY_API_MAXCONNS": "9"}

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == {
        "AGENT_SDK_KEYS": ["KEY1", "KEY2"],
        "AGENT_NOTIFICATIONS": True,
        "AGENT_OVERRIDES": True,
        "AGENT_MAX_CONNS": 9,
        "AGENT_CORS_ORIGINS": ["http://*.example.com"],
        "AGENT_TOKEN_SECONDS": 1800.0,
        "AGENT_CLIENTS": [{"id": "one", "secretHash": "hash", "sdkKeys": ["KEY1"]}],
        "AGENT_ALLOWED_HOSTS": [".example.com", "localhost"],
        "AGENT_BATCH_LIMIT": 3,
        "AGENT_POLLING_SECONDS": 90.0,
        "AGENT_DATAFILE_URL": "https://cdn.example.com/%s.json",
        "AGENT_PROFILES": {"default": "rest", "services": {"rest": {"host": "http://ups", "async": True}}},
        "AGENT_WEBHOOKS": {"20000": {"sdkKeys": ["KEY1"], "secret": "s", "skipSignatureCheck": False}},
    }


def test_clients_without_a_secret_to_sign_their_tokens_refuse_to_start() -> None:
    env = os.environ | {"OPTIMIZELY_API_AUTH_CLIENTS": '[{"id": "one", "secretHash": "hash", "sdkKeys": ["KEY1"]}]'}

    script = "from config import settings"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True)

    assert done.returncode != 0
    assert "OPTIMIZELY_API_AUTH_HMACSECRETS" in done.stderr


@pytest.mark.parametrize("name", ["OPTIMIZELY_API_AUTH_HMACSECRETS", "OPTIMIZELY_ADMIN_AUTH_HMACSECRETS"])
@pytest.mark.parametrize("value", [" ", "c2VjcmV0, ", "*", "my secret", "c2VjcmV0,x"])
def test_secrets_that_everybody_could_guess_refuse_to_start(name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from config import settings"],
        cwd=ROOT,
        env=os.environ | {name: value},
        capture_output=True,
        text=True,
    )

    assert done.returncode != 0
    assert name in done.stderr


def test_secrets_are_read_padded_or_not() -> None:
    script = "from config import settings; print(settings.AGENT_HMAC_SECRETS)"
    env = os.environ | {"OPTIMIZELY_API_AUTH_HMACSECRETS": "YQ==, YQ,c2VjcmV0"}

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[b'a', b'a', b'secret']"


@pytest.mark.parametrize(
    ("text", "seconds"), [("1m30s", 90.0), ("500ms", 0.5), ("0", 0.0), ("-1s", -1.0), ("1.5h", 5400.0)]
)
def test_durations_are_read_as_the_agent_writes_them(text: str, seconds: float) -> None:
    assert seconds_in(text) == seconds


@pytest.mark.parametrize("text", ["[", "- a\n- b", "\t:", "just text"])
def test_file_that_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)

    with pytest.raises(Unreadable):
        variables_in(path)
    with pytest.raises(Unreadable):
        variables_in(tmp_path / "nothing.yaml")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (7e-9, "7ns"),
        (1.5e-6, "1.5µs"),
        (0.63779, "637.79ms"),
        (1, "1s"),
        (59.999999999, "59.999999999s"),
        (60, "1m0s"),
        (451.5, "7m31.5s"),
        (3600, "1h0m0s"),
        (90061.25, "25h1m1.25s"),
    ],
)
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    assert text_of(seconds) == text
