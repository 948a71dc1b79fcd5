"""The generator equals its published first outputs, bit for bit."""

from decimal import Decimal

import pytest

from decisions.engine import seedrandom

E = "be3ae74f-370a-4015-93f3-7761d16f8b17"
GOLDEN = {
    "": 0.23144008215179881,
    "a": 0.43449421599986604,
    "été☃": 0.6107273070227497,
    "student1": 0.04538290696812798,
    "student2": 0.44797064492100824,
    "student3": 0.2544217118611686,
    "student4": 0.1426115764198927,
    "student5": 0.32666721771783974,
    "student6": 0.8123516268770972,
    f"{E}_student1": 0.49840128778949466,
    f"{E}_student2": 0.13779801321285126,
    f"{E}_student3": 0.5429401240176777,
    f"{E}_student4": 0.601444140014699,
    f"{E}_student5": 0.6688848296507096,
    f"{E}_student6": 0.4296463247603375,
    f"{E}_1": 0.5186448309126208,
    f"{E}_2": 0.7905888884743478,
    f"{E}_3": 0.22999291321241705,
    f"{E}_undefined": 0.6215417485123618,
    f"{E}_null": 0.9308706914400783,
}
POOLS = [0.0454, 0.4480, 0.2544, 0.1426, 0.3267, 0.8124, 0.8486, 0.0308, 0.7433, 0.9113, 0.0385, 0.8937]
BLOCKS = {
    "student1": "CAB CBA CBA BCA CBA ACB CAB BCA",
    "student2": "ABC CAB CBA BAC BAC CBA ACB BAC",
}


@pytest.mark.parametrize("seed", GOLDEN)
def test_first_output_is_the_published_one(seed: str) -> None:
    assert seedrandom.draw(seed) == GOLDEN[seed]


def test_pool_fractions_of_the_scenarios() -> None:
    drawn = [round(seedrandom.draw(f"student{number}"), 4) for number in range(1, 13)]

    assert drawn == POOLS


def test_arms_of_the_scenarios_follow_the_weights() -> None:
    arms = ["AB"[seedrandom.pick(seedrandom.draw(f"{E}_student{n}"), [Decimal(40), Decimal(60)])] for n in range(1, 13)]
    groups = ["AB"[seedrandom.pick(seedrandom.draw(f"{E}_{n}"), [Decimal(40), Decimal(60)])] for n in range(1, 7)]

    assert ("".join(arms), "".join(groups)) == ("BABBBBBBABBB", "BBABAA")


def test_equal_halves_of_the_scenarios() -> None:
    arms = [seedrandom.pick(seedrandom.draw(f"{E}_student{n}"), [50, 50]) + 1 for n in range(1, 13)]

    assert arms == [1, 1, 2, 2, 2, 1, 2, 2, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("user", "expected"), [("student1", "CCCAACBCBCCCCBABAACACCAB"), ("student2", "BACAACAACCCAACACBAAACCBB")]
)
def test_within_subjects_series(user: str, expected: str) -> None:
    drawn = ["ABC"[int(seedrandom.draw(f"{E}{user}{position}") * 3)] for position in range(24)]

    assert "".join(drawn) == expected


@pytest.mark.parametrize("user", BLOCKS)
def test_within_subjects_round_robin_blocks(user: str) -> None:
    drawn = []
    for block in range(8):
        left = list("ABC")
        drawn.append("".join(left.pop(int(seedrandom.draw(f"{E}{user}{block}{j}") * len(left))) for j in range(3)))

    assert " ".join(drawn) == BLOCKS[user]


def test_first_arm_wins_when_weights_do_not_reach_the_draw() -> None:
    assert seedrandom.pick(0.9, [10, 10]) == 0
    assert seedrandom.pick(0.15, [10, 10]) == 1


def test_weight_ends_belong_to_the_earlier_arm() -> None:
    assert seedrandom.pick(0.5, [50, 50]) == 0


def test_long_and_astral_seeds_are_mixed_by_code_unit() -> None:
    assert 0 <= seedrandom.draw("😀" * 400) < 1
    assert seedrandom.draw("😀") == seedrandom.draw("\ud83d\ude00")


def test_picking_from_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        seedrandom.pick(0.5, [])


SCENARIOS = [
    ("be3ae74f-370a-4015-93f3-7761d16f8b11", [40, 60], "212121211212", "122112"),
    ("8b0e562a-029e-4680-836c-7de6b2ef6ac9", [40, 60], "212122212121", "122222"),
    ("3711346b-49d4-4f49-92b9-0d0ce7fa6e07", [40, 60], "112211122112", "212122"),
    ("3711346b-49d4-4f49-92b9-0d0ce7fa6e08", [55.5, 44.5], "121211221221", "112111"),
    ("be3ae74f-370a-4015-93f3-7761d16f8b18", [40, 60], "222221111212", "122112"),
    ("be3ae74f-370a-4015-93f3-7761d16f8b15", [40, 60], "221212212222", "222221"),
    ("edf54471-5266-4a52-a058-90fac2d03678", [50, 50], "221111121221", ""),
    ("fdf54471-5266-4a52-a058-90fac2d03678", [25] * 4, "241324313443", ""),
]


@pytest.mark.parametrize(("experiment", "weights", "users", "groups"), SCENARIOS, ids=[row[0] for row in SCENARIOS])
def test_draws_of_the_scenarios(experiment: str, weights: list[float], users: str, groups: str) -> None:
    def arms(units: list[str]) -> str:
        return "".join(str(seedrandom.pick(seedrandom.draw(f"{experiment}_{unit}"), weights) + 1) for unit in units)

    assert arms([f"student{number}" for number in range(1, 13)]) == users
    assert arms([str(number) for number in range(1, len(groups) + 1)]) == groups


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        ("ab" * 128, 0.27335432315865854),
        ("ab" * 128 + "x", 0.5566029190112546),
        ("Lösung☃𝄞" * 60, 0.5960335028024064),
        ("\ud800x", 0.6477013571424074),
    ],
    ids=["256 units", "257 units", "wrapping twice", "a lone surrogate"],
)
def test_long_and_odd_seeds_are_mixed_as_published(seed: str, expected: float) -> None:
    assert seedrandom.fresh(seed) == seedrandom.draw(seed) == expected
