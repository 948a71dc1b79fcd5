"""How Test Lab's SDKs place a user: three hashes to 0..1, twenty blocks, and the variant inside a block.

Facts for interoperability (testlab contract §3.2, §3.3): the families disagree about the same user, and JavaScript's
puts all short numeric ids into one block. Pure functions; `decisions.lab.evaluating` uses them.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

from features.catalogue import Variant
from features.userblocks import NUMBER

WORD: Final = 1 << 32
MULTIPLIER: Final = 31


def js(text: str) -> float:
    """Node and React: 31-multiplier over UTF-16 code units in signed 32 bits; a hair below 0 at the least."""
    units = text.encode("utf-16-le", "surrogatepass")
    hashed = _polynomial(int.from_bytes(units[at : at + 2], "little") for at in range(0, len(units), 2))
    signed = hashed - WORD if hashed >= WORD // 2 else hashed
    return (signed + WORD // 2 - 1) / (WORD - 2)


def ruby(text: str) -> float:
    """The same recurrence over code points, unsigned."""
    return _polynomial(map(ord, text)) / WORD


def python(text: str) -> float:
    """SHA-256 of the UTF-8 text as a share of the largest digest."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest, "big") / (2**256 - 1)


def _polynomial(units: Iterable[int]) -> int:
    hashed = 0
    for unit in units:
        hashed = (hashed * MULTIPLIER + unit) % WORD
    return hashed


HASHES: Final[Mapping[str, Callable[[str], float]]] = {"js": js, "ruby": ruby, "python": python}


def block(family: str, value: float) -> int:
    """The block of a hash value, 1..20; 0 for a value of 0 or below, which has none."""
    number = math.floor(NUMBER * value) + 1 if family == "python" else math.ceil(NUMBER * value)
    return min(max(number, 0), NUMBER)


def variant(value: float, block_id: int, variants: Sequence[Variant]) -> Variant | None:
    """The variant whose part of the block, cut by weight in array order, holds the value; None without variants."""
    bounds = accumulate((float(row.weight) / NUMBER for row in variants), initial=(block_id - 1) / NUMBER)
    next(bounds, None)
    chosen = next((row for row, bound in zip(variants, bounds, strict=True) if value <= bound), None)
    return chosen or next((row for row in reversed(variants) if float(row.weight) > 0), None)
