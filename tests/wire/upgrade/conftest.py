"""What every test of UpGrade's routes speaks with."""

import pytest
from django.test import Client

from tests.wire.upgrade.client import School


@pytest.fixture
def school() -> School:
    return School(Client())
