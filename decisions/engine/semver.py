"""Semantic versions as the Agent compares them (agent.md 3.4). Its oddities are kept: local SDKs share them."""

from dataclasses import dataclass
from functools import lru_cache

REMEMBERED_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Version:
    """At most three numeric parts plus, when there is a suffix, one part for all of it."""

    parts: tuple[str, ...]
    is_prerelease: bool


def parse(text: str) -> Version | None:
    """Read a version; None when it is not one (spaces, empty, more than three parts, letters in the core)."""
    return _parsed_before(text) if len(text) <= REMEMBERED_LENGTH else _parsed(text)


@lru_cache(maxsize=1024)
def _parsed_before(text: str) -> Version | None:
    return _parsed(text)


def _parsed(text: str) -> Version | None:
    if not text or any(char.isspace() for char in text):
        return None
    separator = next((char for char in text if char in "-+"), "")
    core, _, suffix = text.partition(separator) if separator else (text, "", "")
    parts = core.split(".")
    if len(parts) > 3 or not all(_is_number(part) for part in parts):
        return None
    return Version((*parts, suffix) if separator else tuple(parts), separator == "-")


def compare(user: Version, target: Version) -> int:
    """-1, 0 or 1: the user's version against the target, to the precision of the target."""
    for index, wanted in enumerate(target.parts):
        if index >= len(user.parts):
            return 1 if user.is_prerelease else -1
        order = _compare_part(user, target, user.parts[index], wanted)
        if order != 0:
            return order
    return -1 if user.is_prerelease and not target.is_prerelease else 0


def _compare_part(user: Version, target: Version, part: str, wanted: str) -> int:
    if not _is_number(part):
        return _compare_text(user, target, part, wanted)
    if not _is_number(wanted):
        return -1
    return (int(part) > int(wanted)) - (int(part) < int(wanted))


def _compare_text(user: Version, target: Version, part: str, wanted: str) -> int:
    """Different texts: if exactly one side is a prerelease, that side is the lower whatever the letters."""
    if part == wanted:
        return 0
    if user.is_prerelease != target.is_prerelease:
        return -1 if user.is_prerelease else 1
    return 1 if part > wanted else -1


def _is_number(part: str) -> bool:
    """Digits that fit 64 bits."""
    return part.isascii() and part.isdigit() and len(part) <= 18
