"""Published and recorded slots: the same unit falls on the same slot as in every SDK."""

from typing import Any

import mmh3
import pytest

from decisions.engine import bucketing
from decisions.engine.model import Range
from tests.engine.documents import read

VECTORS = read("bucket_vectors.json")
ORACLES = read("bucketing_oracles.json")["optimizely_murmur3"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["bucketingKey"][:40] or "empty")
def test_recorded_key_falls_on_its_slot(vector: dict[str, Any]) -> None:
    key = vector["bucketingKey"]

    assert mmh3.hash(key, bucketing.SEED, False) == vector["hash"]
    assert bucketing.slot(key, "") == vector["bucket"]


@pytest.mark.parametrize("vector", ORACLES["published"] + ORACLES["derived"], ids=lambda vector: vector["key"][:40])
def test_published_key_falls_on_its_slot(vector: dict[str, Any]) -> None:
    assert bucketing.slot(vector["key"], "") == vector["bucket"]


@pytest.mark.parametrize("vector", VECTORS[:40], ids=lambda vector: vector["bucketingKey"][:40] or "empty")
def test_threshold_in_hash_space_cuts_exactly_at_the_slot(vector: dict[str, Any]) -> None:
    key, position = vector["bucketingKey"], vector["bucket"]
    results = {"before": "before", "here": "here"}
    allocation = (Range("before", position), Range("here", position + 1))

    pick = bucketing.compile_allocation(allocation, "", results)
    miss = bucketing.compile_allocation(allocation[:1], "", results)

    assert (pick(key), miss(key)) == ("here", None)
