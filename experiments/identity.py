"""The ids that travel: how the ones we make are made."""

import secrets
import uuid

DATAFILE_ID_DIGITS = 15


def new_uid() -> uuid.UUID:
    """A random UUID v4: the id that UpGrade and the Experiment API show."""
    return uuid.uuid4()


def new_uids(count: int) -> list[uuid.UUID]:
    """Many of them, for which the system is asked for randomness once."""
    noise = secrets.token_bytes(16 * count)
    return [uuid.UUID(bytes=noise[start : start + 16], version=4) for start in range(0, len(noise), 16)]


def new_datafile_id() -> str:
    """Fifteen random digits, the first not 0: below 2**53, because SDKs null any other id in their events."""
    low = 10 ** (DATAFILE_ID_DIGITS - 1)
    return str(low + secrets.randbelow(9 * low))


def new_sdk_key() -> str:
    """A key without `-`, as the Agent's own check of keys wants it (agent contract §1.2)."""
    return secrets.token_hex(12)
