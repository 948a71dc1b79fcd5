"""What a real Agent told its listeners, call by call, and what ours hear (agent contract §4.5)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.wire.agent.calling import Agent, mirrored
from tests.wire.agent.listening import listening

pytestmark = pytest.mark.django_db

DATA = Path(__file__).parent / "data"
STEPS = json.loads((DATA / "agent_outbound_events.json").read_text())["steps"]
RAW = json.loads((DATA / "agent_sse_samples.json").read_text())["raw"]["chunks"]
UPDATES = '{"Type":"project_config_update"'


def comparable(text: str) -> Any:
    """A notice, its attributes in one order: the original lists them in any."""
    notice = json.loads(text)
    if "ConversionEvent" in notice:
        notice["ConversionEvent"]["Attributes"].sort(key=lambda each: str(each["key"]))
    return notice


def field_order(text: str) -> list[str]:
    return list(json.loads(text))


def test_listeners_hear_what_the_agent_told(settings: Any) -> None:
    settings.AGENT_NOTIFICATIONS = True
    mirrored("datafile_rich.json", "RICHKEY1")
    expected = [text for text in RAW if not text.startswith(UPDATES)]

    with listening("RICHKEY1") as heard:
        for step in STEPS:
            if step["call"]["key"] == "RICHKEY1":
                Agent("RICHKEY1").post(step["call"]["path"], step["call"]["body"])
        heard.wait_for(len(expected))

    found = [json.dumps(comparable(text), sort_keys=True) for text in heard.texts]
    assert sorted(found) == sorted(json.dumps(comparable(text), sort_keys=True) for text in expected)
    assert sorted(map(field_order, heard.texts)) == sorted(map(field_order, expected))


def test_a_whole_notice_is_the_agents_text(settings: Any) -> None:
    settings.AGENT_NOTIFICATIONS = True
    mirrored("datafile_rich.json", "RICHKEY1")

    with listening("RICHKEY1") as heard:
        for step in STEPS:
            if step["call"]["key"] == "RICHKEY1" and "/v1/decide" in step["call"]["path"]:
                Agent("RICHKEY1").post(step["call"]["path"], step["call"]["body"])
        heard.wait_for(8)

    assert sorted(heard.texts) == sorted(text.removesuffix("\n") for text in RAW if text.startswith('{"Type":"flag"'))
