"""What the engine refuses, in its own words. The only exception it raises on purpose."""

from dataclasses import dataclass


class InvalidDatafile(Exception):
    """The document cannot be read as a datafile; `path` points into it (`experiments[3].variations[0].id`)."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing a strict check found: where in the document, and what is wrong there."""

    path: str
    message: str
