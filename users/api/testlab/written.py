"""A recorded user as this wire writes it."""

from datetime import datetime
from typing import Any

from config.wire.testlab import answers
from users.recorded import NO_ADDRESS, Recorded


def user(user_id: str, variation_id: int, ip_address: str, recorded_at: datetime) -> dict[str, Any]:
    return {
        "id": user_id,
        "variant_id": variation_id,
        "ip_address": ip_address or NO_ADDRESS,
        "time_stamp": answers.instant(recorded_at),
    }


def row(row: Recorded) -> dict[str, Any]:
    return user(row.id, row.variation_id, row.ip_address, row.recorded_at)
