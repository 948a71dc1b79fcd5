"""A small truthful demo for an empty database: a shop, a class, and a Test Lab, all running and published.

Everything is made by the same rows and verbs that researchers use; nothing here is known to any other module.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from decisions import lifecycle
from decisions.lab import delivery
from events.models import EventDefinition
from experiments.models import Attribute, DecisionPoint, Design, Experiment, Payload, Project, Segment, Variation
from features.authoring import Wanted, WantedVariant
from features.catalogue import Feature
from features.models import Flag, FlagRule, Variable, VariableValue

KEY = "demo"
SDK_KEY = "demo123"
SERVICE_UID = uuid.UUID("0de30000-0000-4000-8000-000000000001")
BY = "demo"
HALF = Decimal("0.5")
FIFTH = Decimal("0.2")
TESTLAB_DAYS = 3650

Arms = Sequence[tuple[str, str]]  # (key, what it says)


def seed(*, testlab_project: str, now: datetime) -> bool:
    """Fill an empty database, all or nothing; True when it was empty and is now filled."""
    with transaction.atomic():
        if Project.objects.exists():
            return False
        _shop(_project(KEY, "Demo", sdk_key=SDK_KEY, uid=SERVICE_UID), now)
        _lab(_project(testlab_project, "Test Lab", sdk_key=f"{SDK_KEY}lab"), now)
        return True


def things_to_try(base_url: str) -> list[tuple[str, str]]:
    """(title, command) pairs that work on the demo as it was seeded, one per dialect."""
    json = "-H 'Content-Type: application/json'"
    ada = f"-H 'User-Id: ada' {json}"
    decide = f"""'{base_url}/v1/decide?keys=checkout_button' -H 'X-Optimizely-SDK-Key: {SDK_KEY}'"""
    return [
        ("Optimizely Agent: decide a flag for Ada", f"""curl -s {decide} {json} -d '{{"userId": "ada"}}'"""),
        (
            "UpGrade: get to know Ada, then ask which conditions she has",
            f"""curl -s {base_url}/api/v6/init {ada} -d '{{}}' && """
            f"""curl -s {base_url}/api/v6/assign {ada} -d '{{"context": "{KEY}"}}'""",
        ),
        ("Test Lab: what is current", f"curl -s {base_url}/api/feature/current"),
        ("Experiment API: list the services", f"curl -s {base_url}/api/v1/services"),
    ]


def _shop(project: Project, now: datetime) -> None:
    for name in ("internal", "country"):
        Attribute.objects.create(project=project, key=name)
    EventDefinition.objects.create(project=project, key="purchase", description="Somebody paid.")
    button = _experiment(
        project,
        key="checkout_button",
        name="Checkout button",
        hypothesis="A button that says what happens next makes more people finish their purchase.",
        audience=_customers(project),
        arms=(("control", "Buy now"), ("treatment", "Go to payment")),
        place=("checkout", "button"),
    )
    _deliver(button, variable="label", default="Buy now")
    hint = _experiment(
        project,
        key="hint_style",
        name="Hint style",
        hypothesis="Pupils who see a worked example need fewer attempts than pupils who read a hint.",
        audience=None,
        arms=(("text_hint", "Read this hint."), ("worked_example", "See how this one was solved.")),
        place=("lesson", "hint"),
    )
    _deliver(hint, variable="hint", default="Read this hint.")
    _start((button, hint), now)


def _lab(project: Project, now: datetime) -> None:
    """One experiment and one toggle, current from today on, made as Test Lab's own admin makes them.

    The experiment leaves most of the user-blocks to those that somebody makes who tries it out.
    """
    banner = _feature(project, Flag.Kind.EXPERIMENT, "Banner colour", "Is a warm banner noticed more?", FIFTH, now)
    delivery.replace_variants(
        project=project,
        feature_id=banner.id,
        wanted=[WantedVariant("blue", is_control=True, weight=HALF), WantedVariant("orange", weight=HALF)],
        now=now,
    )
    _feature(project, Flag.Kind.TOGGLE, "Dark mode", "Offers the dark colours.", Decimal(1), now)


def _feature(project: Project, kind: int, name: str, description: str, share: Decimal, now: datetime) -> Feature:
    days = {"first_day": now.date(), "last_day": now.date() + timedelta(days=TESTLAB_DAYS)}
    wanted = Wanted(kind=kind, name=name, is_running=True, share=share, description=description, **days)
    return delivery.create(project=project, wanted=wanted, strict=True, now=now).feature


def _project(key: str, name: str, **keys: Any) -> Project:
    """A project with the (empty) list of people who take part in nothing, which UpGrade wants in every context."""
    project = Project.objects.create(key=key, name=name, **keys)
    Segment.objects.create(project=project, name="Takes part in nothing", kind=Segment.Kind.GLOBAL_EXCLUDE)
    return project


def _customers(project: Project) -> Segment:
    return Segment.objects.create(
        project=project,
        name="Everyone but internal staff",
        description="Staff are people of whom the client tells the attribute “internal”.",
        rule=["not", {"name": "internal", "match": "exists"}],
    )


def _experiment(
    project: Project,
    *,
    key: str,
    name: str,
    hypothesis: str,
    audience: Segment | None,
    arms: Arms,
    place: tuple[str, str],
) -> Experiment:
    """An A/B test of two equal arms, the first one the control, with a payload for each at one decision point."""
    experiment = Experiment.objects.create(
        project=project, key=key, name=name, hypothesis=hypothesis, audience=audience
    )
    Design.objects.create(experiment=experiment)
    point = DecisionPoint.objects.create(experiment=experiment, site=place[0], target=place[1])
    for position, (arm_key, says) in enumerate(arms, start=1):
        arm = Variation.objects.create(
            experiment=experiment,
            key=arm_key,
            value=says,
            is_control=position == 1,
            weight=HALF,
            weight_scale=1,
            position=position,
        )
        Payload.objects.create(variation=arm, decision_point=point, value=says)
    return experiment


def _deliver(experiment: Experiment, *, variable: str, default: str) -> None:
    """A flag of the same name whose variable says what the arm's value says."""
    flag = Flag.objects.create(
        project=experiment.project, key=experiment.key, name=experiment.name, kind=Flag.Kind.EXPERIMENT
    )
    FlagRule.objects.create(flag=flag, experiment=experiment)
    made = Variable.objects.create(flag=flag, key=variable, default_value=default)
    for arm in experiment.variations.all():
        VariableValue.objects.create(variable=made, variation=arm, value=arm.value)


def _start(experiments: Sequence[Experiment], now: datetime) -> None:
    for experiment in experiments:
        lifecycle.change_status(experiment=experiment, to=Experiment.Status.RUNNING, now=now, by=BY)
