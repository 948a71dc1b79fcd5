"""Reading a datafile tolerantly, refusing it with a path, and checking it strictly."""

from typing import Any

import pytest

from decisions.engine import Fault, InvalidDatafile, Subject, compile_project, load, validate
from decisions.engine.model import AudienceRef, Branch
from tests.engine.documents import DATA, read

CLEAN = ["datafile_legacy.json", "datafile_holdouts.json"]
CLEAN += [f"public_datafiles/{path.name}" for path in sorted((DATA / "public_datafiles").iterdir())]


def document(**fields: Any) -> dict[str, Any]:
    return {"version": "4", **fields}


def nested(depth: int) -> Any:
    tree: Any = "a"
    for _ in range(depth):
        tree = ["and", tree]
    return tree


REFUSED = [
    (None, "", "must be an object"),
    ({"version": 4}, "version", "must be a string"),
    ({"version": "3"}, "version", 'must be "4"'),
    (document(experiments={}), "experiments", "must be a list"),
    (document(experiments=[{}, 5]), "experiments[1]", "must be an object"),
    (document(experiments=[{"variations": [{"id": 5}]}]), "experiments[0].variations[0].id", "must be a string"),
    (document(botFiltering="no"), "botFiltering", "must be true or false"),
    (
        document(rollouts=[{"experiments": [{"trafficAllocation": [{"endOfRange": 5.5}]}]}]),
        "rollouts[0].experiments[0].trafficAllocation[0].endOfRange",
        "must be a whole number",
    ),
    (document(featureFlags=[{"experimentIds": [None]}]), "featureFlags[0].experimentIds[0]", "must be a string"),
    (document(groups=[{"experiments": [{"key": []}]}]), "groups[0].experiments[0].key", "must be a string"),
    (
        document(experiments=[{"audienceConditions": ["or", ["and", 5]]}]),
        "experiments[0].audienceConditions[1][1]",
        "must be an audience id or a list",
    ),
    (document(typedAudiences=[{"conditions": ["or", 5]}]), "typedAudiences[0].conditions[1]", "must be an object"),
    (document(typedAudiences=[{"conditions": 5}]), "typedAudiences[0].conditions", "must be an object"),
]


@pytest.mark.parametrize(("value", "path", "message"), REFUSED, ids=[path or "document" for _, path, _ in REFUSED])
def test_wrong_type_is_refused_with_its_path(value: Any, path: str, message: str) -> None:
    with pytest.raises(InvalidDatafile) as caught:
        load(value)

    assert (caught.value.path, caught.value.message) == (path, message)
    assert validate(value) == [Fault(path, message)]


def test_tree_deeper_than_64_is_refused() -> None:
    load(document(experiments=[{"audienceConditions": nested(63)}]))

    with pytest.raises(InvalidDatafile, match="deeper than 64"):
        load(document(experiments=[{"audienceConditions": nested(64)}]))
    with pytest.raises(InvalidDatafile, match="deeper than 64"):
        load(document(audiences=[{"conditions": "[" * 65 + "]" * 65}]))


def test_tree_of_more_than_ten_thousand_nodes_is_refused() -> None:
    load(document(experiments=[{"audienceConditions": ["or", *["a"] * 9_999]}]))

    with pytest.raises(InvalidDatafile, match="more than 10000"):
        load(document(experiments=[{"audienceConditions": ["or", *["a"] * 10_000]}]))


def test_absent_and_null_fields_read_as_nothing() -> None:
    datafile = load(document(experiments=None, attributes=[{}], unheard_of={"a": 1}))

    assert (datafile.experiments, datafile.revision, datafile.region) == ((), "", "US")
    assert datafile.send_flag_decisions is False


def test_typed_audience_replaces_the_legacy_one() -> None:
    datafile = load(
        document(
            audiences=[{"id": "1", "name": "old", "conditions": "[]"}, {"id": "2", "name": "kept", "conditions": "[]"}],
            typedAudiences=[{"id": "1", "name": "new", "conditions": ["or"]}],
        )
    )

    assert [(audience.id, audience.name) for audience in datafile.audiences] == [("1", "new"), ("2", "kept")]


def test_audience_ids_count_only_without_conditions() -> None:
    rules = [{"audienceIds": ["a"]}, {"audienceIds": ["a"], "audienceConditions": []}]

    absent, empty = load(document(experiments=rules)).experiments

    assert absent.audience == Branch("or", (AudienceRef("a"),))
    assert (absent.conditions, empty.audience) == (None, None)


def test_only_running_holdouts_are_read() -> None:
    assert [holdout.rule.key for holdout in load(read("datafile_holdouts.json")).holdouts] == ["ho_us", "ho_all"]


def test_holdouts_of_a_flag_follow_their_lists() -> None:
    def holdout(key: str, **lists: list[str]) -> dict[str, Any]:
        arm = {
            "variations": [{"id": key, "key": "off"}],
            "trafficAllocation": [{"entityId": key, "endOfRange": 10_000}],
        }
        return {"id": key, "key": key, "status": "Running", **arm, **lists}

    flags = [{"id": name, "key": name} for name in ("excluded", "included", "plain")]
    holdouts = [
        holdout("mine", includedFlags=["included", "excluded"]),
        holdout("everywhere", excludedFlags=["excluded"]),
        holdout("also_everywhere"),
    ]
    project = compile_project(load(document(featureFlags=flags, holdouts=holdouts)))

    held = {outcome.flag_key: outcome.rule_key for outcome in project.decide_all(Subject("u", {}))}

    assert held == {"excluded": "mine", "included": "everywhere", "plain": "everywhere"}


@pytest.mark.parametrize("name", CLEAN)
def test_sound_document_has_no_fault(name: str) -> None:
    assert validate(read(name)) == []


def test_all_faults_are_found_at_once() -> None:
    rule = {
        "id": "e",
        "key": "e",
        "audienceIds": ["nobody"],
        "audienceConditions": ["or", "x", ["not", "y"]],
        "variations": [{"id": "v", "key": "v"}, {"id": "v", "key": "w"}],
        "trafficAllocation": [
            {"entityId": "v", "endOfRange": 5000},
            {"entityId": "gone", "endOfRange": 4000},
            {"entityId": "", "endOfRange": 10_001},
        ],
    }

    faults = validate(
        document(
            experiments=[rule],
            audiences=[{"id": "x", "conditions": "not json"}],
            featureFlags=[{"id": "f", "key": "f", "rolloutId": "r", "experimentIds": ["e", "gone"]}],
            groups=[{"id": "g", "trafficAllocation": [{"entityId": "e", "endOfRange": 5}]}],
            holdouts=[{"id": "h", "key": "h", "includedFlags": ["zz"]}],
            events=[{"id": "", "key": "k", "experimentIds": ["e"]}],
        )
    )

    assert {(fault.path, fault.message) for fault in faults} == {
        ("events[0].id", "must not be empty"),
        ("experiments[0].variations[1].id", '"v" occurs twice'),
        ("featureFlags[0].rolloutId", 'there is no rollout "r"'),
        ("featureFlags[0].experimentIds[1]", 'there is no experiment "gone"'),
        ("experiments[0].trafficAllocation[1].endOfRange", "must lie between 5000 and 10000"),
        ("experiments[0].trafficAllocation[1].entityId", 'there is no variation "gone"'),
        ("experiments[0].trafficAllocation[2].endOfRange", "must lie between 5000 and 10000"),
        ("experiments[0].audienceIds[0]", 'there is no audience "nobody"'),
        ("experiments[0].audienceConditions[2][1]", 'there is no audience "y"'),
        ("groups[0].trafficAllocation[0].entityId", 'there is no experiment "e"'),
        ("audiences[0].conditions", "must be JSON of a list or an object"),
        ("holdouts[0].includedFlags[0]", 'there is no flag "zz"'),
    }
