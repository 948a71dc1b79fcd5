"""The demo, and the people who log in to the admin."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from decisions import demo
from experiments.models import Experiment


@pytest.fixture(autouse=True)
def shop(db: None) -> Experiment:
    """The demo is seeded; its checkout experiment, running and published."""
    demo.seed(testlab_project="testlab", now=datetime.now(UTC))
    return Experiment.objects.get(key="checkout_button")


@pytest.fixture
def researcher() -> Client:
    """Somebody who may do everything."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("rosalind"))
    return client


@pytest.fixture
def visitor() -> Client:
    """Somebody who may look at everything and change nothing."""
    user = get_user_model().objects.create_user("vera", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    return client
