"""Recorded calls of a real Agent, replayed over HTTP: status, contract headers and body as they were.

`LEFT_OUT` names every row that is not replayed here, with the reason.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.wire.agent.calling import Agent, Reply
from tests.wire.agent.hosting import Asked, Said, hosting

DATA = Path(__file__).parent / "data"
ROWS = [json.loads(line) for line in (DATA / "agent_http_golden.jsonl").read_text().splitlines()]

CUT = "…TRUNCATED"

KEYS = {
    "RICHKEY1": "datafile_rich.json",
    "HOLDKEY1": "datafile_holdouts.json",
    "LEGACYKEY1": "datafile_legacy.json",
    "KZbunNn9bVfBWLpZPq2XC4": "public_datafiles/KZbunNn9bVfBWLpZPq2XC4.json",
}
MODIFIED = "Sat, 21 Nov 2026 16:45:46 GMT"

HEALTH = "one port: /health is the Experiment API's here, and says so in its own words"
ADMIN = "one port: the Agent's whole configuration and its Go runtime are not served here, /info and /metrics are"
ELSEWHERE = "one port: another dialect's path, or nobody's"
SUPERSET = "an integer operationID is the document's own example and is taken here"
SIGNED = "signed with secrets nobody has any more, and expired: told with new ones in tests/wire/agent/test_tokens.py"
LEFT_OUT = {
    **dict.fromkeys(
        ("token_ok", "api_bearer", "api_auth_header", "api_second_secret", "api_no_exp", "api_sdk_keys_string"), SIGNED
    ),
    "api_with_admin_token": SIGNED,
    "admin_ok": SIGNED,
    "batch_err_items": "cut short, and in the order of completion: see tests/wire/agent/test_batch.py",
    "health_api": HEALTH,
    "health_upper": HEALTH,
    "api_health_open": HEALTH,
    "admin_health_no_token": HEALTH,
    "healthz": HEALTH,
    "openapi": "the page is ours: the description of this dialect is generated",
    "batch_opid_int": SUPERSET,
    "batch_admin_port": ADMIN,
    "admin_config": ADMIN,
    "admin_metrics": ADMIN,
    "admin_debug_pprof_cmdline": ADMIN,
    "admincfg": ADMIN,
    "metrics": ADMIN,
    "wh_404": ELSEWHERE,
    "ups_save_entry_nonstring": "the real process dropped the connection; a 400 here",
    "admin_token_decoded": "no request: the claims of a token",
}

# The settings each section of the recording was made with.
ALLOWED = ["127.0.0.1", "localhost"]
IN_MEMORY = {"default": "in-memory", "services": {"in-memory": {}}}
SECTIONS: dict[str, dict[str, Any]] = {
    "default_env": {"AGENT_ALLOWED_HOSTS": ALLOWED},
    "overrides_ups": {"AGENT_OVERRIDES": True, "AGENT_PROFILES": IN_MEMORY},
    "cmab": {},
    "auth_hmac": {"AGENT_HMAC_SECRETS": [b"a signing secret of ours"], "AGENT_ADMIN_HMAC_SECRETS": [b"another"]},
    "webhook": {
        "AGENT_WEBHOOKS": {
            "10000": {"sdkKeys": ["RICHKEY1"], "secret": "I am secret, I am secret"},
            "20000": {"sdkKeys": ["HOLDKEY1"], "skipSignatureCheck": True},
        }
    },
    "custom": {
        "AGENT_CORS_ORIGINS": ["http://ok.test", "https://*.ex.test"],
        "AGENT_CORS_METHODS": ["GET", "POST", "OPTIONS"],
        "AGENT_CORS_HEADERS": ["*"],
        "AGENT_CORS_EXPOSED_HEADERS": ["X-Request-Id"],
        "AGENT_CORS_CREDENTIALS": True,
        "AGENT_CORS_MAX_AGE": 77,
        "AGENT_ALLOWED_HOSTS": ["."],
        "AGENT_SDK_KEY_REGEX": "^[A-Z0-9]+$",
    },
}

# Calls that were made in between and are not among the rows.
PROFILE = {"20001": {"variation_id": "200013"}, "77": {"variation_id": "1"}}
BEFORE: dict[str, tuple[str, dict[str, Any]]] = {
    "ov_decide": ("/v1/override", {"userId": "o1", "experimentKey": "ft_main", "variationKey": "treat"}),
    "ups_lookup_2": ("/v1/save", {"userId": "user_1", "experimentBucketMap": PROFILE}),
    "ups_lookup_3": ("/v1/decide?keys=main_flag", {"userId": "user_1"}),
    "ups_lookup_4": ("/v1/save", {"userId": "user_1"}),
}
# JSON in name as well as in fact (agent contract §10).
SAID_AS_JSON = ("batch_empty", "batch_body_string", "batch_501")


def answer(asked: Asked) -> Said:
    """The stub services of the recording (agent contract, "Replaying the goldens")."""
    if asked.path.startswith("/datafiles/"):
        return _datafile(asked.path.removeprefix("/datafiles/").removesuffix(".json"))
    if asked.path.startswith("/predict/"):
        failed = b'"visitorId":"cmabfail' in asked.body
        return Said(500) if failed else Said(200, b'{"predictions":[{"variation_id":"1579278"}]}')
    if asked.path == "/v3/graphql":
        user = json.loads(asked.body)["variables"]["userId"]
        if user.startswith("odperr"):
            return Said(200, b'{"errors":[{}]}')
        names = user.removeprefix("seg=").partition("|")[0].split(",") if user.startswith("seg=") else []
        edges = [{"node": {"name": name, "state": "qualified"}} for name in names]
        return Said(200, json.dumps({"data": {"customer": {"audiences": {"edges": edges}}}}).encode())
    return Said(204)


def _datafile(key: str) -> Said:
    starts = {"nf404": Said(404), "err500": Said(500), "bad": Said(200, b"{"), "v3": Said(200, b'{"version":"3"}')}
    if key in KEYS:
        return Said(200, (DATA / KEYS[key]).read_bytes(), {"Last-Modified": MODIFIED})
    return next((said for start, said in starts.items() if key.startswith(start)), Said(403))


@pytest.fixture
def stub(settings: Any, db: None) -> Iterator[None]:
    with hosting(answer) as host:
        settings.AGENT_DATAFILE_URL = f"{host.url}/datafiles/%s.json"
        settings.AGENT_ODP_HOST = host.url
        settings.AGENT_ODP_OFF = False
        settings.AGENT_CMAB_ENDPOINT = f"{host.url}/predict/%s"
        yield


def rows_of(section: str) -> list[dict[str, Any]]:
    return [row for row in ROWS if row["section"] == section and row["name"] not in LEFT_OUT]


def call(row: dict[str, Any]) -> Reply:
    request = row["request"]
    host = request.get("host") or "127.0.0.1:8080"
    headers = {"Content-Type": "", "Host": host, **(request["headers"] or {})}
    return Agent().call(request["method"], request["path"], request["body"], headers)


VOLATILE = (
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z"), "<time>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
)
HEADERS = (
    "Content-Type",
    "Allow",
    "Vary",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
)


def comparable(body: str | None) -> Any:
    """JSON without the order of lists, times and ids; what the recording cut short only as far as it goes."""
    text = body or ""
    for pattern, stand_in in VOLATILE:
        text = pattern.sub(stand_in, text)
    try:
        return sorted_lists(json.loads(text))
    except ValueError:
        return text


def sorted_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: sorted_lists(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((sorted_lists(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def differences(row: dict[str, Any], reply: Reply) -> list[Any]:
    expected = row["response"]
    found: list[Any] = []
    if reply.status != expected["status"]:
        found.append((row["name"], "status", reply.status, expected["status"]))
    if CUT in (expected["body"] or ""):
        shown = expected["body"].partition(CUT)[0]
        if not reply.text.startswith(shown):
            found.append((row["name"], "body", reply.text[: len(shown)], shown))
    elif comparable(reply.text) != comparable(expected["body"]):
        found.append((row["name"], "body", reply.text, expected["body"]))
    for name in HEADERS:
        if name == "Content-Type" and row["name"] in SAID_AS_JSON:
            continue
        if reply.headers.get(name) != expected["headers"].get(name):
            found.append((row["name"], name, reply.headers.get(name), expected["headers"].get(name)))
    return found


@pytest.mark.parametrize("section", SECTIONS)
def test_section_answers_as_recorded(section: str, stub: None, settings: Any) -> None:
    for name, value in SECTIONS[section].items():
        setattr(settings, name, value)

    found: list[Any] = []
    for row in rows_of(section):
        if row["name"] in BEFORE:
            Agent("RICHKEY1").post(*BEFORE[row["name"]], Host="127.0.0.1")
        found += differences(row, call(row))

    assert found == [], "\n".join(map(str, found))


def test_every_row_is_replayed_or_left_out_for_a_reason() -> None:
    replayed = {row["name"] for section in SECTIONS for row in rows_of(section)}

    assert {row["name"] for row in ROWS} - replayed - LEFT_OUT.keys() == set()
    assert len(ROWS) == 144
