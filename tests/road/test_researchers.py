"""A researcher edits and publishes in the admin, the running server decides by it; an analyst exports what arrived."""

import csv
import http.cookiejar
import io
import json
import re
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.road.conftest import SDK_KEY, Road

pytestmark = pytest.mark.serial

DATA = Path(__file__).parents[1] / "contracts" / "data"
PATIENCE = 5.0  # seconds; `make bench propagation` measures how long it really takes


class Researcher:
    """A browser without a screen: forms are read from pages and sent back with changes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )

    def read(self, path: str) -> str:
        with self.opener.open(self.url + path, timeout=20) as page:
            text: str = page.read().decode()
            return text

    def send(self, path: str, **fields: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.read(path))
        assert token
        sent = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
        with self.opener.open(self.url + path, sent, timeout=20) as page:
            text: str = page.read().decode()
            return text

    def log_in(self, password: str) -> None:
        page = self.send("/admin/login/?next=/admin/", username="admin", password=password)
        assert "Log out" in page


def test_the_admin_opens_for_the_password_that_was_printed(road: Road) -> None:
    researcher = Researcher(road.url)

    researcher.log_in(road.password)

    assert "Checkout button" in researcher.read("/admin/experiments/experiment/")


def test_a_published_change_reaches_every_worker_soon(road: Road) -> None:
    uid = _uid(road, "Checkout button")
    before = _arms(road)
    assert before == {"control", "treatment"}

    for bucket, share in (("control", 0), ("treatment", 100)):
        body = {"experiment_id": uid, "bucket_name": bucket, "percentage_distribution": share}
        assert road.client.post(f"/api/v1/experiments/{uid}/buckets", body).status == 200
    published = time.monotonic()

    while _arms(road) != {"treatment"}:
        assert time.monotonic() - published < PATIENCE, "some worker still decides by the old version"


def _uid(road: Road, name: str) -> str:
    service = "0de30000-0000-4000-8000-000000000001"
    rows = road.client.get(f"/api/v1/services/{service}/experiments").json()
    return next(row["id"] for row in rows if row["name"] == name)


def _arms(road: Road) -> set[str]:
    """The arms of twenty people, each asked over a connection of its own so that all workers are met."""
    arms = set()
    for number in range(20):
        body = json.dumps({"userId": f"someone-{number}"}).encode()
        headers = {"X-Optimizely-SDK-Key": SDK_KEY, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{road.url}/v1/decide?keys=checkout_button", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            arms.add(json.load(answer)["variationKey"])
    return arms


def test_what_arrived_is_exported_as_csv_and_as_json_lines(road: Road, tmp_path: Path) -> None:
    tracked = road.client.post(
        "/v1/track?eventKey=purchase",
        {"userId": "=cmd()", "eventTags": {"revenue": 100, "value": 1.5}},
        X_Optimizely_SDK_Key=SDK_KEY,
    )
    assert tracked.status == 200
    target = tmp_path / "events.csv"

    road.manage("export_events", "--format", "csv", "--project", "demo", "-o", str(target))
    lines = road.manage("export_events", "--format", "jsonl", "--project", "demo", "-o", "-").splitlines()

    rows = [row for row in csv.DictReader(io.StringIO(target.read_text())) if "cmd()" in row["user_id"]]
    assert [row["user_id"] for row in rows] == ["'=cmd()"]
    assert [json.loads(line)["user_id"] for line in lines if "cmd()" in line] == ["=cmd()"]


def test_an_imported_datafile_is_served_and_decided_by(road: Road) -> None:
    path = DATA / "datafile_legacy.json"

    road.manage("import_datafile", str(path), "--sdk-key", "LEGACYKEY1", "--project", "legacy")

    assert road.client.get("/datafiles/LEGACYKEY1.json").json() == json.loads(path.read_text())
    served = road.client.get("/v1/datafile", X_Optimizely_SDK_Key="LEGACYKEY1")
    assert served.json() == json.loads(path.read_text())
    decided = road.client.post("/v1/decide", {"userId": "ada"}, X_Optimizely_SDK_Key="LEGACYKEY1")
    assert decided.status == 200 and len(decided.json()) == len(json.loads(path.read_text())["featureFlags"])
