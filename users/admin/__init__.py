"""The people in experiments, and what was given to them: looked at, searched by id, not rewritten."""

from users.admin import history, people, strata

__all__ = ["history", "people", "strata"]
