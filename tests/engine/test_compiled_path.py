"""The compiled path decides exactly as the interpreter does, whatever the project and the person."""

from collections import Counter
from collections.abc import Iterator
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from decisions.engine import Engine, Subject, compile_project, load
from tests.engine import worlds

Person = tuple[Subject, dict[str, str] | None]
seeds = st.integers(0, 2**64)
thorough = settings(max_examples=400, deadline=None)


def world(seed: int) -> tuple[Engine, Iterator[Person]]:
    random = Random(seed)
    engine = compile_project(load(worlds.project(random)))
    return engine, ((worlds.subject(random), worlds.profile(random)) for _ in range(10))


@thorough
@given(seeds)
def test_flags_are_decided_alike(seed: int) -> None:
    engine, people = world(seed)

    for subject, profile in people:
        explained = [engine.explain(key, subject, profile=profile).outcome for key in engine.flag_keys]

        assert engine.decide_all(subject, profile=profile) == explained
        assert [engine.decide(key, subject, profile=profile) for key in engine.flag_keys] == explained


@thorough
@given(seeds)
def test_arms_are_found_alike(seed: int) -> None:
    engine, people = world(seed)

    for subject, profile in people:
        for rule in engine.datafile.experiments:
            explained = engine.explain_experiment(rule.key, subject, profile=profile)
            assert explained is not None
            assert engine.arm(rule.id, subject, profile=profile) == explained.variation


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_engine_that_reuses_a_previous_one_is_as_a_new_one(seed: int) -> None:
    random = Random(seed)
    before, after = worlds.project(random), worlds.project(random)
    changed = {**before, **{key: after[key] for key in random.sample(sorted(before), 2)}}
    previous = compile_project(load(before))

    reusing, fresh = compile_project(load(changed), previous), compile_project(load(changed))

    assert reusing.outcomes == fresh.outcomes
    assert [outcome.index for outcome in reusing.outcomes] == list(range(len(reusing.outcomes)))
    for _ in range(5):
        subject = worlds.subject(random)
        assert reusing.decide_all(subject) == fresh.decide_all(subject)


def test_worlds_are_worth_fuzzing() -> None:
    """Enough people end in every kind of rule; otherwise the comparison proves little."""
    found: Counter[str] = Counter()

    for seed in range(60):
        engine, people = world(seed)
        for subject, profile in people:
            found.update(outcome.source for outcome in engine.decide_all(subject, profile=profile))

    assert all(found[source] > 40 for source in ("feature-test", "rollout", "holdout", "none")), found


def test_previous_engine_of_an_equal_datafile_is_returned() -> None:
    document = {"version": "4", "featureFlags": [{"id": "1", "key": "a"}]}
    engine = compile_project(load(document))

    assert compile_project(load(document), engine) is engine


class Watched(dict[str, object]):
    """Attributes that count how often they are asked for."""

    asked = 0

    def get(self, key: str, default: object = None) -> object:
        self.asked += key == "country"
        return super().get(key, default)


def test_tree_of_alternating_operators_costs_no_more_than_its_nodes() -> None:
    leaf = {"name": "country", "type": "custom_attribute", "match": "exact", "value": "US"}
    tree: object = leaf
    for _ in range(31):
        tree = ["not", ["and", tree, leaf]]
    attributes = Watched(country="US")
    engine = one_audience_project([tree], flags=1)

    outcome = engine.decide("0", Subject("u", attributes))

    assert attributes.asked < 200
    assert outcome == engine.explain("0", Subject("u", {"country": "US"})).outcome


def test_audience_shared_by_flags_is_evaluated_once_per_request() -> None:
    leaf = {"name": "country", "type": "custom_attribute", "match": "exact", "value": "US"}
    attributes = Watched(country="US")

    outcomes = one_audience_project([leaf], flags=5).decide_all(Subject("u", attributes))

    assert [outcome.variation_key for outcome in outcomes] == ["v"] * 5
    assert attributes.asked == 1


def one_audience_project(conditions: list[object], flags: int) -> Engine:
    """Flags "0", "1"… of one experiment each, all for the people of one audience."""
    rule = {
        "variations": [{"id": "v", "key": "v"}],
        "trafficAllocation": [{"entityId": "v", "endOfRange": 10_000}],
        "audienceIds": ["a"],
    }
    return compile_project(
        load(
            {
                "version": "4",
                "typedAudiences": [{"id": "a", "conditions": ["or", *conditions]}],
                "experiments": [{"id": f"e{n}", "key": f"e{n}", **rule} for n in range(flags)],
                "featureFlags": [{"id": str(n), "key": str(n), "experimentIds": [f"e{n}"]} for n in range(flags)],
            }
        )
    )
