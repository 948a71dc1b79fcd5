"""The hashes of Test Lab's SDKs, by the vectors of the contract (§3.3)."""

from collections import Counter

import pytest

from features import sdk_hashes
from features.catalogue import Variant

JS = [
    ("", 0.5, 10),
    ("a", 0.5000000225845724, 11),
    ("61", 0.5000004011671992, 11),
    ("user1", 0.5259789093518531, 11),
    ("user123", 0.4657322482512017, 10),
    ("user@example.com", 0.7524205466045163, 16),
    ("550e8400-e29b-41d4-a716-446655440000", 0.899719226593021, 18),
    ("f47ac10b-58cc-4372-a567-0e02b2c3d479", 0.06110981156169894, 2),
    ("00000000-0000-0000-0000-000000000000", 0.8327074201464222, 17),
    ("é", 0.50000005424954, 11),
    ("😀", 0.5004127852154955, 11),
]


@pytest.mark.parametrize(("user_id", "value", "block"), JS)
def test_javascript_places_users(user_id: str, value: float, block: int) -> None:
    found = sdk_hashes.js(user_id)

    assert found == pytest.approx(value, abs=1e-15)
    assert sdk_hashes.block("js", found) == block


@pytest.mark.parametrize(
    ("user_id", "value", "block"),
    [("user123", 0.96573, 20), ("550e8400-e29b-41d4-a716-446655440000", 0.39972, 8)],
)
def test_ruby_places_users(user_id: str, value: float, block: int) -> None:
    found = sdk_hashes.ruby(user_id)

    assert found == pytest.approx(value, abs=5e-6)
    assert sdk_hashes.block("ruby", found) == block


def test_python_places_users() -> None:
    found = sdk_hashes.python("user123")

    assert found == pytest.approx(0.89854, abs=5e-6)
    assert sdk_hashes.block("python", found) == 18


def test_javascript_puts_short_numbers_into_one_block() -> None:
    blocks = Counter(sdk_hashes.block("js", sdk_hashes.js(str(number))) for number in range(1, 10_000))

    assert set(blocks) == {11}
    assert {sdk_hashes.block("js", sdk_hashes.js(str(number))) for number in range(100_000, 110_000)} == {17}


def test_a_value_of_nothing_has_no_block() -> None:
    assert sdk_hashes.block("js", -2.3e-10) == 0
    assert sdk_hashes.block("ruby", 0.0) == 0
    assert sdk_hashes.block("python", 0.0) == 1


@pytest.mark.parametrize(
    ("value", "name"), [(0.5, "a"), (0.501, "a"), (0.505, "a"), (0.5051, "b"), (0.54, "b"), (0.55, "b")]
)
def test_a_block_is_cut_by_weight_in_array_order(value: float, name: str) -> None:
    variants = [Variant(1, "a", True, "0.1"), Variant(2, "b", False, "0.9")]

    chosen = sdk_hashes.variant(value, 11, variants)

    assert chosen is not None and chosen.value == name


def test_rounding_leaves_nobody_without_a_variant() -> None:
    variants = [Variant(1, "a", True, "0.7"), Variant(2, "b", False, "0.2"), Variant(3, "c", False, "0.1")]

    assert all(sdk_hashes.variant(block / 20, block, variants) is variants[2] for block in range(1, 21))


def test_without_variants_there_is_none() -> None:
    assert sdk_hashes.variant(0.5, 10, []) is None
