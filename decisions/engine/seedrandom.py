"""The random number UpGrade draws from a text: the first output of its generator (upgrade.md 3.3). No hashing here."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate

from Crypto.Cipher import ARC4

_WIDTH = 256
_CHUNK = 6
_NOTHING = bytes(32)
"""Encrypted, it is the stream itself; a number takes seven of its bytes, more with a chance of one in thousands."""


@lru_cache(maxsize=65_536)
def draw(seed: str) -> float:
    """A double in [0, 1), the same for the same seed everywhere; remembered, because it is asked for again."""
    return fresh(seed)


def fresh(seed: str) -> float:
    """The same for a seed that nobody will ask for again; some 20 µs."""
    stream = ARC4.new(_key(seed), drop=_WIDTH).encrypt(_NOTHING)
    return _to_unit_interval(int.from_bytes(stream[:_CHUNK], "big"), stream[_CHUNK:])


def pick(fraction: float, weights: Sequence[Decimal | float]) -> int:
    """The index of the arm that owns `fraction` (0..1), walking cumulative weights in percent.

    Weights are taken as they are, never normalised: when they sum to less than the fraction, the first arm wins.
    Raises ValueError when there are no weights (upgrade.md 3.3, Weights).
    """
    if not weights:
        raise ValueError("there is nothing to pick from")
    return picker([float(weight) for weight in weights])(fraction)


def picker(weights: Sequence[float]) -> Callable[[float], int]:
    """`pick` for weights that stay."""
    bounds = list(accumulate(weights))

    def index_of(fraction: float) -> int:
        index = bisect_left(bounds, fraction * 100)
        return index if index < len(bounds) else 0

    return index_of


def _key(seed: str) -> bytes:
    """Mix the seed, UTF-16 code unit by code unit (a lone surrogate is one), into at most 256 bytes."""
    data = seed.encode("utf-16-le", "surrogatepass")
    key = bytearray(data[: 2 * _WIDTH : 2])  # Nothing to mix with yet: the low byte of each unit.
    smear = 0
    for position in range(_WIDTH, len(data) // 2):
        index = position % _WIDTH
        smear ^= 19 * key[index]
        key[index] = (smear + data[2 * position]) % _WIDTH
    return bytes(key) or b"\0"


def _to_unit_interval(numerator: int, rest: bytes) -> float:
    """Add bytes of the rest until 52 bits are significant, drop what exceeds 53, divide."""
    top, bottom, last = float(numerator), float(_WIDTH**_CHUNK), 0
    more = iter(rest)
    while top < 2**52:
        top = (top + last) * _WIDTH
        bottom *= _WIDTH
        last = next(more)
    while top >= 2**53:
        top /= 2
        bottom /= 2
        last >>= 1
    return (top + last) / bottom
