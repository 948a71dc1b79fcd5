"""What can go wrong in the domain, in our own words.

Raised where it is found; each dialect's grammar (`config/wire`) says how it sounds on the wire.
"""


class DomainError(Exception):
    """Base of every refusal the domain raises; `str(error)` is a sentence a person can read."""


class Invalid(DomainError):
    """The input breaks a rule. `field` is a dotted path into the input where that is known."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotFound(DomainError):
    """`what` (a word of the domain, such as "experiment") with `key` does not exist here."""

    def __init__(self, what: str, key: object = "") -> None:
        super().__init__(f"{what} not found: {key}" if key != "" else f"{what} not found")
        self.what = what
        self.key = key


class Conflict(DomainError):
    """The request contradicts what is stored (a taken name, a taken alias)."""


class NotAllowed(DomainError):
    """The caller may not do this, or the present status forbids it."""


class Unavailable(DomainError):
    """Nothing was stored; the same request may succeed after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after
