"""Profiles as Optimizely clients write them: `{experiment id: {"variation_id": variation id}}`."""

from collections.abc import Mapping
from typing import Any

Arms = Mapping[str, str]
"""`{experiment id: variation id}`."""


def to_bucket_map(arms: Arms) -> dict[str, dict[str, str]]:
    return {experiment: {"variation_id": variation} for experiment, variation in arms.items()}


def from_bucket_map(bucket_map: Mapping[str, Any]) -> Arms:
    return {
        experiment: entry["variation_id"]
        for experiment, entry in bucket_map.items()
        if isinstance(entry, dict) and isinstance(entry.get("variation_id"), str)
    }
