"""What the Agent serves on its admin and webhook ports (agent contract §1.7, §1.8)."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import yaml

from config.routes.agent import ending
from decisions.upstream import polling
from tests.wire.agent.calling import DATA, Agent
from tests.wire.agent.hosting import Host, Said, hosting

pytestmark = pytest.mark.django_db

SECRET = "I am secret, I am secret"
NEWS = json.dumps({"project_id": 10000, "timestamp": 1, "event": "any", "data": {"revision": 15}})


@pytest.fixture
def cdn(settings: Any) -> Iterator[Host]:
    """A host of one datafile whose revision is the number of times it was asked."""
    polling._failures.clear()
    polling._good.clear()
    document = json.loads((DATA / "datafile_holdouts.json").read_text())
    with hosting(lambda asked: Said()) as host:
        host.answer = lambda asked: Said(200, json.dumps(document | {"revision": str(len(host.asked))}).encode())
        settings.AGENT_DATAFILE_URL = f"{host.url}/%s.json"
        settings.AGENT_WEBHOOKS = {"10000": {"sdkKeys": ["HOLD"], "secret": SECRET}}
        yield host


def revision() -> str:
    text: str = Agent("HOLDKEY1").get("/v1/config").json()["revision"]
    return text


def signature(body: str) -> str:
    return "sha1=" + hmac.new(SECRET.encode(), body.encode(), hashlib.sha1).hexdigest()


def test_news_make_every_mirror_of_the_project_look_at_once(cdn: Host) -> None:
    assert revision() == "1"

    reply = Agent().post("/webhooks/optimizely", NEWS, X_Hub_Signature=signature(NEWS))

    assert (reply.status, reply.text, revision()) == (204, "", "2")


def test_forged_news_are_refused(cdn: Host) -> None:
    revision()

    for given in ("sha1=00", "", signature(NEWS + " "), "é"):
        reply = Agent().post("/webhooks/optimizely", NEWS, X_Hub_Signature=given)
        assert reply.status == 400
        assert "Computed signature does not match" in reply.json()["error"]
    assert revision() == "1"


@pytest.mark.parametrize("project", [{"sdkKeys": ["HOLD"]}, {"sdkKeys": ["HOLD"], "secret": ""}])
def test_where_no_secret_is_set_nobody_can_sign(cdn: Host, settings: Any, project: dict[str, Any]) -> None:
    revision()
    settings.AGENT_WEBHOOKS = {"10000": project}
    signed = "sha1=" + hmac.new(b"", NEWS.encode(), hashlib.sha1).hexdigest()

    assert Agent().post("/webhooks/optimizely", NEWS, X_Hub_Signature=signed).status == 400
    assert revision() == "1"


def test_news_of_an_unknown_project_change_nothing(cdn: Host) -> None:
    revision()

    assert Agent().post("/webhooks/optimizely", {"project_id": 77}).status == 204
    assert revision() == "1"


def test_signature_may_be_waived(cdn: Host, settings: Any) -> None:
    settings.AGENT_WEBHOOKS = {"10000": {"sdkKeys": ["HOLD"], "skipSignatureCheck": True}}
    revision()

    assert Agent().post("/webhooks/optimizely", NEWS).status == 204
    assert revision() == "2"


@pytest.mark.parametrize("body", ["{", "", "[]", '{"project_id":"x"}', '{"data":5}'])
def test_unreadable_news_are_refused(db: None, body: str) -> None:
    reply = Agent().post("/webhooks/optimizely", body)

    assert (reply.status, reply.json()) == (400, {"error": "Unable to parse webhook message."})


def test_news_are_json(db: None) -> None:
    assert Agent().post("/webhooks/optimizely", NEWS, Content_Type="text/plain").status == 415
    assert Agent().get("/webhooks/optimizely").headers["Allow"] == "POST"


def test_info_says_who_this_is(settings: Any) -> None:
    settings.AGENT_VERSION, settings.AGENT_AUTHOR, settings.AGENT_NAME = "9.9", "Us", "ours"

    reply = Agent().get("/info")

    assert list(reply.json()) == ["version", "author", "app_name", "uptime"]
    assert (reply.json()["version"], reply.json()["uptime"][-1]) == ("9.9", "s")
    assert (reply.headers["Author"], reply.headers["App-Name"], reply.headers["App-Version"]) == ("Us", "ours", "9.9")


def test_metrics_are_what_prometheus_reads(db: None) -> None:
    reply = Agent().get("/metrics")

    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE " in reply.text


@pytest.mark.parametrize("path", ["/info", "/metrics"])
def test_admin_pages_need_an_admins_token_once_a_secret_is_set(settings: Any, path: str) -> None:
    settings.AGENT_ADMIN_HMAC_SECRETS = [b"an admin's secret of thirty-two b"]
    soon = datetime.now(UTC) + timedelta(minutes=5)

    def ask(**claims: Any) -> tuple[int, str]:
        token = jwt.encode(claims, settings.AGENT_ADMIN_HMAC_SECRETS[0])
        reply = Agent().get(path, Authorization=f"Bearer {token}")
        return reply.status, "" if reply.status == 200 else reply.json()["error"]

    assert ask(exp=soon, admin=True) == (200, "")
    assert ask(exp=soon) == (401, "admin flag not set")
    assert ask(admin=True) == (401, "token expired")
    assert Agent().get(path).json() == {"error": "empty token"}


@pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "HEAD"])
def test_front_page_and_description_answer_every_verb(verb: str) -> None:
    front, description = (Agent().call(verb, path, None, {}) for path in ("/", "/openapi.yaml"))

    assert (front.status, description.status) == (200, 200)
    assert front.headers["Content-Type"].startswith("text/html")
    if verb != "HEAD":
        assert "/swagger" in front.text
        assert "/v1/send-odp-event" in yaml.safe_load(description.text)["paths"]


@pytest.mark.parametrize(
    ("configured", "address", "is_it"),
    [
        ("/alive", "alive", True),
        ("/alive", "any/ALIVE", True),
        ("/alive", "not-alive", False),
        ("/alive", "alive/", False),
        ("ok?", "it/is-ok?", True),
        ("ok?", "it/is-o", False),
    ],
)
def test_the_health_path_of_an_agent_can_be_kept(configured: str, address: str, is_it: bool) -> None:
    assert bool(re.search(ending(configured), address)) == is_it
