"""The joined bytes of an answer, and the facts an impression needs, as the real Agent sent them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from decisions.engine import Outcome, Subject, answer, gojson
from tests.engine.documents import engine, read

DATAFILES = {
    "RICHKEY1": "datafile_rich.json",
    "HOLDKEY1": "datafile_holdouts.json",
    "LEGACYKEY1": "datafile_legacy.json",
}
STEPS = [
    step
    for step in read("agent_outbound_events.json")["steps"]
    if step["call"]["path"].startswith("/v1/decide?")
    and step["call"]["key"] in DATAFILES
    and step["name"] != "decide_two"
]
COMPLETE = [step for step in STEPS if step["response"].endswith("}\n")]


def decided(step: dict[str, Any]) -> tuple[Outcome, dict[str, Any]]:
    body = step["call"]["body"]
    (key,) = parse_qs(urlsplit(step["call"]["path"]).query)["keys"]
    forced = {
        (each["flagKey"], each.get("ruleKey", "")): each["variationKey"] for each in body.get("forcedDecisions", [])
    }
    subject = Subject(body["userId"], body.get("userAttributes", {}))
    decision = engine(DATAFILES[step["call"]["key"]]).explain(key, subject, forced=forced)
    return decision.outcome, {"attributes": subject.attributes, "userId": subject.user_id}


def context_json(context: dict[str, Any]) -> bytes:
    return gojson.obj(
        [("userId", gojson.dumps(context["userId"])), ("attributes", gojson.dumps(context["attributes"]))]
    )


@pytest.mark.parametrize("step", COMPLETE, ids=lambda step: step["name"])
def test_answer_is_the_recorded_one_byte_for_byte(step: dict[str, Any]) -> None:
    outcome, context = decided(step)

    assert answer(outcome, context_json(context)).decode() + "\n" == step["response"]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["name"])
def test_answer_begins_as_recorded(step: dict[str, Any]) -> None:
    outcome, context = decided(step)

    assert answer(outcome, context_json(context)).decode().startswith(step["response"].rstrip("\n"))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["name"])
def test_outcome_carries_what_the_impression_says(step: dict[str, Any]) -> None:
    outcome, _ = decided(step)

    for call in step["outbound"]:
        for visitor in call["body"]["visitors"] if call["path"] == "/v1/events" else ():
            (sent,) = visitor["snapshots"][0]["decisions"]
            assert sent["variation_id"] == outcome.variation_id
            assert sent["campaign_id"] == outcome.layer_id
            assert sent["experiment_id"] == outcome.experiment_id
            assert sent["metadata"] == {
                "flag_key": outcome.flag_key,
                "rule_key": outcome.rule_key,
                "rule_type": "rollout" if outcome.source == "none" else outcome.source,
                "variation_key": outcome.variation_key,
                "enabled": outcome.enabled,
            }


def test_answer_without_variables_has_no_cast_errors() -> None:
    outcome = engine("datafile_rich.json").decide("odd_vars", Subject("u", {}))

    assert b'"variables"' not in answer(outcome, b"{}", with_variables=False)
    assert outcome.errors != ()
    assert b'"reasons":[]' in answer(outcome, b"{}", with_variables=False)
    assert b'"reasons":["said"]' in answer(outcome, b"{}", ("said",), with_variables=False)


def test_outcomes_stand_at_their_index() -> None:
    outcomes = engine("datafile_rich.json").outcomes

    assert [outcome.index for outcome in outcomes] == list(range(len(outcomes)))


def test_datafile_keeps_what_events_need() -> None:
    datafile = engine("datafile_rich.json").datafile

    assert (datafile.account_id, datafile.project_id, datafile.revision) == ("acc1", "prj1", "7")
    assert (datafile.anonymize_ip, datafile.bot_filtering, datafile.send_flag_decisions) == (True, False, True)
    assert datafile.attribute_ids["country"] == "a1"
    assert datafile.event_ids["purchase"] == "ev1"


def test_segments_named_in_conditions_are_known() -> None:
    assert engine("datafile_rich.json").segment_names == ("vip",)
