"""Features, variants and user-blocks as this wire writes them (testlab contract §2.2)."""

from typing import Any

from django.conf import settings

from config.wire.testlab.answers import midnight
from features.catalogue import Feature, Variant
from features.models import Flag
from features.userblocks import Block


def feature(row: Feature) -> dict[str, Any]:
    return {
        "id": row.id,
        "type_id": row.kind,
        "name": row.name,
        "start_date": midnight(row.first_day),
        "end_date": midnight(row.last_day),
        "is_running": row.is_running,
        "user_percentage": row.share,
        "description": row.description,
        "variant_arr": [variant(arm) for arm in row.variants],
    }


def polled_feature(row: Feature) -> dict[str, Any]:
    """The same for SDKs; old ones take a toggle for on when it comes as a roll-out to everybody (§7, opt-in)."""
    written = feature(row)
    if row.kind == Flag.Kind.TOGGLE and settings.TESTLAB_TOGGLES_AS_ROLLOUTS:
        return written | {"type_id": Flag.Kind.ROLLOUT.value, "user_percentage": 1}
    return written


def variant(row: Variant) -> dict[str, Any]:
    return {"id": row.id, "value": row.value, "is_control": row.is_control, "weight": row.weight}


def variant_of_feature(row: Variant, feature_id: int) -> dict[str, Any]:
    return {"id": row.id, "feature_id": feature_id} | variant(row)


def block(row: Block) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "feature_id": row.feature_id}
