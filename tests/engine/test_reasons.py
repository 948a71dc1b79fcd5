"""What an explained decision says, step by step (agent.md 3.5)."""

from decisions.engine import Decision, Prediction, Rule, Subject
from tests.engine.documents import engine

RICH = engine("datafile_rich.json")
CMAB = engine("public_datafiles/KZbunNn9bVfBWLpZPq2XC4.json")
ANNA = Subject("anna", {})
HOLA = Subject("b", {"attr_1": "hola"})


def test_override_comes_before_everything_but_forced_decisions_and_holdouts() -> None:
    decision = RICH.explain("main_flag", Subject("wl_control", {}), overrides={"ft_main": "treat"})

    assert decision.outcome.variation_key == "treat"
    assert decision.reasons == ("Override variation treat found for user wl_control",)


def test_override_naming_no_variation_is_ignored() -> None:
    decision = RICH.explain("main_flag", ANNA, overrides={"ft_main": "nope"})

    assert decision.reasons == ("Audiences for experiment ft_main collectively evaluated to true.",)


def test_listed_variation_that_does_not_exist_is_mentioned_and_passed() -> None:
    decision = RICH.explain("main_flag", Subject("wl_bad", {}))

    assert decision.reasons == (
        'User "wl_bad" is whitelisted into variation "nope", which is not in the datafile.',
        "Audiences for experiment ft_main collectively evaluated to true.",
    )


def test_new_draw_is_to_be_remembered() -> None:
    decision = RICH.explain("main_flag", Subject("user_1", {}))

    assert decision.remember == ("20001", decision.outcome.variation_id)


def test_remembered_arm_needs_no_audience_and_is_not_remembered_again() -> None:
    decision = RICH.explain("gaps_flag", ANNA, profile={"20010": "200102"})

    assert (decision.outcome.variation_key, decision.remember) == ("b", None)
    assert decision.reasons == ('User "anna" was previously bucketed into variation "b" of experiment "ft_gaps".',)
    assert RICH.decide("gaps_flag", ANNA, profile={"20010": "200102"}) == decision.outcome


def test_remembered_arm_that_is_gone_is_drawn_anew() -> None:
    decision = RICH.explain("main_flag", ANNA, profile={"20001": "old"})

    assert decision.reasons == (
        'User "anna" was previously bucketed into variation with ID "old" for experiment "ft_main", '
        "but no matching variation was found.",
        "Audiences for experiment ft_main collectively evaluated to true.",
    )
    assert decision.remember == ("20001", decision.outcome.variation_id)


def test_ignored_profile_is_neither_read_nor_written() -> None:
    decision = RICH.explain("main_flag", ANNA, profile={"20001": "200013"}, ignore_profile=True)

    assert decision.remember is None
    assert decision.reasons == ("Audiences for experiment ft_main collectively evaluated to true.",)


def test_neither_lists_nor_deliveries_are_remembered() -> None:
    listed = RICH.explain("main_flag", Subject("wl_treat", {}))
    delivered = RICH.explain("rollout_only", Subject("user_1", {}))

    assert (listed.outcome.source, listed.remember) == ("feature-test", None)
    assert (delivered.outcome.source, delivered.remember) == ("rollout", None)


def test_forced_delivery_rule_is_a_rollout() -> None:
    forced = {("rollout_only", "rr_main_us"): "ee_on", ("rollout_only", "default-ro_main"): "us_on"}

    decision = RICH.explain("rollout_only", ANNA, forced=forced)

    assert (decision.outcome.source, decision.outcome.rule_key) == ("rollout", "rr_main_us")
    assert decision.reasons == (
        "Variation (ee_on) is mapped to flag (rollout_only), rule (rr_main_us) "
        "and user (anna) in the forced decision map.",
    )


def test_flag_level_forced_decision_has_no_rule() -> None:
    outcome = RICH.explain("main_flag", ANNA, forced={("main_flag", ""): "us_on"}).outcome

    assert (outcome.rule_key, outcome.experiment_id, outcome.layer_id) == ("", "", "")
    assert (outcome.source, outcome.variation_id, outcome.variables["str_v"]) == ("feature-test", "200021", "us")


def test_flag_without_rollout_says_so() -> None:
    assert RICH.explain("no_rollout", ANNA).reasons == ('Rollout with ID "" is not in the datafile.',)
    assert RICH.explain("empty_rollout", ANNA).reasons == ()


def test_unknown_flag_is_an_error_reason() -> None:
    expected = ('No flag was found for key "zz".',)

    assert RICH.explain("zz", ANNA).reasons == expected
    assert RICH.decide("zz", ANNA).errors == expected
    assert [outcome.errors for outcome in RICH.decide_all(ANNA, keys=["zz"])] == [expected]


def test_bandit_chooses_the_variation() -> None:
    asked: list[tuple[str, str]] = []

    def predict(rule: Rule, subject: Subject) -> Prediction:
        asked.append((rule.id, subject.user_id))
        return Prediction("1579278", "some-uuid")

    decision = CMAB.explain("cmab_flag", HOLA, cmab=predict)

    assert asked == [("9300002877087", "b")]
    assert (decision.outcome.variation_key, decision.cmab_uuid, decision.remember) == ("on", "some-uuid", None)
    assert decision.reasons == (
        "Audiences for experiment cmab-rule_1 collectively evaluated to true.",
        "User bucketed into variation on by CMAB service",
    )


def test_failed_prediction_ends_the_decision_with_one_reason() -> None:
    decision = CMAB.explain("cmab_flag", HOLA, cmab=lambda rule, subject: None)

    assert decision.reasons == ("Failed to fetch CMAB data for experiment cmab-rule_1.",)
    assert (decision.outcome.variation_key, decision.outcome.source) == ("", "none")
    assert CMAB.decide("cmab_flag", HOLA) == decision.outcome
    assert "cmab_flag" in CMAB.cmab_flag_keys


def test_prediction_of_an_unknown_variation_ends_the_decision() -> None:
    decision = CMAB.explain("cmab_flag", HOLA, cmab=lambda rule, subject: Prediction("77"))

    assert decision == Decision(decision.outcome)
    assert decision.reasons == ("variation with ID 77 not found in experiment 9300002877087",)


def test_bandit_is_not_asked_outside_its_audience() -> None:
    decision = CMAB.explain("cmab_flag", Subject("b", {"attr_1": "adios"}))

    assert decision.outcome.rule_key == "default-rollout-496419-16935023792"
    assert decision.reasons[:2] == (
        "Audiences for experiment cmab-rule_1 collectively evaluated to false.",
        "User b not in audience for CMAB experiment cmab-rule_1",
    )


def test_activated_bandit_that_fails_is_no_arm() -> None:
    decision = CMAB.explain_experiment("cmab-rule_1", HOLA)

    assert decision is not None
    assert (decision.variation, decision.reasons) == (None, ("Failed to fetch CMAB data for experiment cmab-rule_1.",))
    assert CMAB.arm("9300002877087", HOLA) is None


def test_last_of_experiments_with_one_key_is_activated() -> None:
    decision = engine("datafile_edge_agent_only.json").explain_experiment("same_key", ANNA)

    assert decision is not None
    assert (decision.experiment_id, decision.variation and decision.variation.key) == ("e302", "b")


def test_unknown_experiment_is_none() -> None:
    assert RICH.explain_experiment("zz", ANNA) is None
    assert RICH.arm("zz", ANNA) is None
    assert RICH.draw("zz", "anna") is None


def test_draw_ignores_audience_and_lists() -> None:
    drawn = RICH.draw("20010", "user_0")

    assert drawn is not None
    assert RICH.arm("20010", Subject("user_0", {})) is None
    assert RICH.arm("20010", Subject("user_0", {"country": "US"})) == drawn
