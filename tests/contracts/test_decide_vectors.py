"""Recorded decide and activate calls of the real Agent, replayed on the interpreter and on the compiled path."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from decisions.engine import Engine, Outcome, Subject, answer, gojson
from tests.engine.documents import engine, read_lines

DECIDES = read_lines("decide_vectors.jsonl")
ACTIVATES = read_lines("activate_vectors.jsonl")


def subject_of(row: dict[str, Any]) -> Subject:
    segments = row.get("qualifiedSegments")
    request = row["request"]
    return Subject(
        request["userId"], request.get("userAttributes") or {}, None if segments is None else frozenset(segments)
    )


def forced_of(request: dict[str, Any]) -> dict[tuple[str, str], str]:
    given = request.get("forcedDecisions") or []
    return {(each["flagKey"], each.get("ruleKey", "")): each["variationKey"] for each in given}


def flag_keys(row: dict[str, Any], project: Engine) -> list[str]:
    keys = parse_qs(row["query"].lstrip("?"), keep_blank_values=True).get("keys")
    return list(dict.fromkeys(keys)) if keys else list(project.flag_keys)


def replied(outcome: Outcome, infos: tuple[str, ...], request: dict[str, Any]) -> dict[str, Any]:
    context = {"userId": request["userId"], "attributes": request.get("userAttributes") or {}}
    with_variables = "EXCLUDE_VARIABLES" not in request["decideOptions"]
    body = answer(outcome, gojson.dumps(context), infos, with_variables=with_variables)
    decoded: dict[str, Any] = json.loads(body)
    return decoded


def normal(item: dict[str, Any]) -> dict[str, Any]:
    """Error reasons come from a Go map: their order among themselves is not defined."""
    is_error = [reason.startswith("Variable value") for reason in item["reasons"]]
    errors = sorted(reason for reason, error in zip(item["reasons"], is_error, strict=True) if error)
    infos = [reason for reason, error in zip(item["reasons"], is_error, strict=True) if not error]
    return {**item, "reasons": errors + infos}


def without_infos(item: dict[str, Any]) -> dict[str, Any]:
    errors = [reason for reason in item["reasons"] if reason.startswith(("Variable value", "No flag"))]
    return {**item, "reasons": sorted(errors)}


def arranged(items: list[dict[str, Any]], expected: Any, request: dict[str, Any]) -> Any:
    if not isinstance(expected, list):
        return items[0]
    kept = [item for item in items if item["enabled"] or "ENABLED_FLAGS_ONLY" not in request["decideOptions"]]
    return sorted(kept, key=lambda item: str(item["flagKey"]))


def expected_body(row: dict[str, Any]) -> Any:
    body = row["agent"]["body"]
    return [normal(item) for item in body] if isinstance(body, list) else normal(body)


def ids(row: dict[str, Any]) -> str:
    return f"{row['id']}-{row['tag']}"


ANSWERED = [row for row in DECIDES if row["agent"]["status"] == 200]
CRASHED = [row for row in DECIDES if row["agent"]["status"] != 200]


@pytest.mark.parametrize("row", ANSWERED, ids=ids)
def test_interpreter_answers_as_recorded(row: dict[str, Any]) -> None:
    project, subject, request = engine(row["datafile"]), subject_of(row), row["request"]
    wants_reasons = "INCLUDE_REASONS" in request["decideOptions"]

    decisions = [project.explain(key, subject, forced=forced_of(request)) for key in flag_keys(row, project)]

    items = [normal(replied(d.outcome, d.infos if wants_reasons else (), request)) for d in decisions]
    assert arranged(items, row["agent"]["body"], request) == expected_body(row)


@pytest.mark.parametrize("row", [row for row in ANSWERED if not row["request"].get("forcedDecisions")], ids=ids)
def test_compiled_path_answers_as_recorded(row: dict[str, Any]) -> None:
    project, subject, request = engine(row["datafile"]), subject_of(row), row["request"]
    keys = flag_keys(row, project)

    outcomes = project.decide_all(subject, keys=keys)

    assert outcomes == [project.decide(key, subject) for key in keys]
    items = [without_infos(replied(outcome, (), request)) for outcome in outcomes]
    body = row["agent"]["body"]
    expected = [without_infos(each) for each in body] if isinstance(body, list) else without_infos(body)
    assert arranged(items, body, request) == expected


@pytest.mark.parametrize("row", CRASHED, ids=ids)
def test_what_crashes_the_agent_is_an_error_reason_here(row: dict[str, Any]) -> None:
    project, subject = engine(row["datafile"]), subject_of(row)
    (key,) = flag_keys(row, project)

    decision = project.explain(key, subject)

    assert decision.outcome == project.decide(key, subject)
    assert decision.outcome.errors
    assert decision.reasons[: len(decision.outcome.errors)] == decision.outcome.errors


def test_every_recorded_row_is_replayed() -> None:
    assert (len(DECIDES), len(CRASHED), len(ACTIVATES)) == (249, 3, 80)
    assert {row["status"] for row in ACTIVATES} == {200}


@pytest.mark.parametrize("row", ACTIVATES, ids=lambda row: f"{row['sdkKey']}-{row['request']['userId']}-{row['query']}")
def test_activate_finds_the_recorded_arms(row: dict[str, Any]) -> None:
    project, subject = engine(row["datafile"]), subject_of(row)

    for item in row["body_sorted"]:
        if item["type"] == "experiment":
            found = project.explain_experiment(item["experimentKey"], subject)
            assert found is not None
            assert (found.variation.key if found.variation else "") == item["variationKey"]
            assert project.arm(found.experiment_id, subject) == found.variation
        else:
            outcome = project.decide(item["featureKey"], subject)
            assert feature_item(outcome) == {key: item.get(key) for key in feature_item(outcome)}
            assert outcome == project.explain(item["featureKey"], subject).outcome


def feature_item(outcome: Outcome) -> dict[str, Any]:
    is_test = outcome.source in ("feature-test", "holdout")
    return {
        "experimentKey": outcome.rule_key if is_test else "",
        "variationKey": outcome.variation_key if is_test else "",
        "enabled": outcome.enabled,
        "variables": json.loads(outcome.variables_json) if outcome.variables_json else None,
    }
