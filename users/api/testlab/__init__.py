"""Test Lab's users."""

from users.api.testlab.users import Users, create, list_all

__all__ = ["Users", "create", "list_all"]
