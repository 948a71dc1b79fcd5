"""Features and their variants (testlab contract §2.1-§2.3)."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request as DrfRequest

from config.wire.message import Answer, Request
from config.wire.testlab import TestLabDoor, answers, freshness, guarded, json_answer, reading, shapes, speaking
from config.wire.testlab.shapes import Loose
from decisions.lab import current as state
from decisions.lab import delivery
from decisions.lab.delivery import Delivered
from experiments.errors import Invalid
from features import catalogue, dates
from features.api.testlab import written
from features.api.testlab.current import current
from features.authoring import Wanted, WantedVariant


class NewFeature(msgspec.Struct):
    """What creates a feature."""

    type_id: Loose
    name: Loose
    start_date: Loose
    end_date: Loose
    is_running: Loose = True
    user_percentage: Loose = 1
    description: Any = ""


class WholeFeature(msgspec.Struct):
    """What replaces a feature: everything but the description must be there."""

    type_id: Loose
    name: Loose
    start_date: Loose
    end_date: Loose
    is_running: Loose
    user_percentage: Loose
    id: Loose
    description: Any = None


class NewVariant(msgspec.Struct):
    feature_id: Loose
    value: Any
    is_control: Loose | None = False
    weight: Loose | None = None
    id: Any = None


class NewVariants(msgspec.Struct):
    variants: list[NewVariant]


@speaking("Error in creating the feature in postgres")
@guarded
def create(request: Request) -> Answer:
    sent = reading.body(request, NewFeature)
    with delivery.turn(project_key=settings.TESTLAB_PROJECT) as project:
        now = datetime.now(UTC)
        made = delivery.create(
            project=project, wanted=_wanted(sent, now.date()), strict=settings.TESTLAB_STRICT_OVERLAP, now=now
        )
    return _delivered(made)


@speaking("Error getting the features in postgres")
def list_all(request: Request) -> Answer:
    now = datetime.now(UTC)
    seen = state.at(project_key=settings.TESTLAB_PROJECT, now=now)
    rows = catalogue.features(project_id=seen.project_id)
    return _fresh(request, [written.feature(row) for row in rows], seen)


@speaking("Error getting the feature in postgres")
def retrieve(request: Request) -> Answer:
    feature_id = reading.integer(request.params["id"])
    seen = state.at(project_key=settings.TESTLAB_PROJECT, now=datetime.now(UTC))
    row = catalogue.feature(project_id=seen.project_id, feature_id=feature_id)
    return _fresh(request, written.feature(row), seen)


@speaking("Error in updating the feature in postgres")
@guarded
def replace(request: Request) -> Answer:
    """The path says which feature; a body that says another is refused."""
    sent, feature_id = reading.body(request, WholeFeature), reading.integer(request.params["id"])
    if reading.integer(sent.id) != feature_id:
        raise Invalid("the body speaks of another feature than the path", field="id")
    with delivery.turn(project_key=settings.TESTLAB_PROJECT) as project:
        now = datetime.now(UTC)
        made = delivery.replace(
            project=project,
            feature_id=feature_id,
            wanted=_wanted(sent, now.date()),
            strict=settings.TESTLAB_STRICT_OVERLAP,
            now=now,
        )
    return _delivered(made)


@speaking("Error in deleting the feature in postgres")
@guarded
def delete(request: Request) -> Answer:
    feature_id = reading.integer(request.params["id"])
    with delivery.turn(project_key=settings.TESTLAB_PROJECT) as project:
        delivery.delete(project=project, feature_id=feature_id, now=datetime.now(UTC))
    return json_answer(f"feature with id {request.params['id']} successfully deleted.")


@speaking("Error in creating the variants in postgres")
@guarded
def create_variants(request: Request) -> Answer:
    sent, feature_id = reading.body(request, NewVariants), reading.integer(request.params["id"])
    wanted = [_wanted_variant(entry, feature_id) for entry in sent.variants]
    with delivery.turn(project_key=settings.TESTLAB_PROJECT) as project:
        rows = delivery.replace_variants(project=project, feature_id=feature_id, wanted=wanted, now=datetime.now(UTC))
    return json_answer([written.variant_of_feature(catalogue.variant_of(row), feature_id) for row in rows])


@speaking("Error getting variants by feature Id")
def list_variants(request: Request) -> Answer:
    feature_id = reading.integer(request.params["id"])
    seen = state.at(project_key=settings.TESTLAB_PROJECT, now=datetime.now(UTC))
    rows = catalogue.variants(project_id=seen.project_id, feature_id=feature_id)
    return _fresh(request, [written.variant(row) for row in rows], seen)


def _delivered(made: Delivered) -> Answer:
    """The feature, and in a header what the admin UI would not have allowed."""
    whole = f"experiments want {made.claimed:.0%} of the users on some day; some get fewer user-blocks than they want"
    return json_answer(written.feature(made.feature), headers={"X-Warning": whole} if made.claimed > 1 else None)


def _fresh(request: Request, value: Any, seen: state.Current) -> Answer:
    return freshness.fresh_or_whole(request, answers.rendered(value), modified=freshness.last_modified(seen.changed_at))


def _wanted(sent: NewFeature | WholeFeature, today: date) -> Wanted:
    return Wanted(
        kind=reading.integer(sent.type_id),
        name=reading.text(sent.name),
        first_day=dates.read_day(reading.text(sent.start_date), today=today),
        last_day=dates.read_day(reading.text(sent.end_date), today=today),
        is_running=reading.boolean(sent.is_running),
        share=reading.share(sent.user_percentage),
        description=None if sent.description is None else reading.text(sent.description),
    )


def _wanted_variant(sent: NewVariant, feature_id: int) -> WantedVariant:
    if reading.integer(sent.feature_id) != feature_id:
        raise Invalid("a variant speaks of another feature than the path", field="feature_id")
    if sent.value is None:
        raise Invalid("a variant has a value", field="value")
    return WantedVariant(
        value=reading.text(sent.value),
        is_control=reading.boolean(sent.is_control or False),
        weight=None if sent.weight is None else reading.share(sent.weight),
        id=_known_id(sent.id),
    )


def _known_id(sent: object) -> int | None:
    """The id of a variant that was read before, a number or its text; anything else stands for a new variant."""
    try:
        return reading.integer(sent)
    except Invalid:
        return None


class Features(TestLabDoor):
    """Features and their variants."""

    @shapes.described(summary="Create a feature", body=NewFeature, answer=shapes.Feature)
    def create(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, create)

    @shapes.described(summary="Every feature", answer=list[shapes.Feature])
    def index(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, list_all)

    @shapes.described(summary="Today's features and the user-blocks", answer=shapes.CurrentFeatures)
    def current(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, current)

    @shapes.described(summary="One feature", answer=shapes.Feature)
    def retrieve(self, request: DrfRequest, id: str) -> HttpResponse:
        return self.through(request, retrieve, id=id)

    @shapes.described(summary="Replace a feature", body=WholeFeature, answer=shapes.Feature)
    def replace(self, request: DrfRequest, id: str) -> HttpResponse:
        return self.through(request, replace, id=id)

    @shapes.described(summary="Delete a feature with its variants, users and events")
    def destroy(self, request: DrfRequest, id: str) -> HttpResponse:
        return self.through(request, delete, id=id)

    @shapes.described(summary="Set a feature's variants", body=NewVariants, answer=list[shapes.VariantOfFeature])
    def create_variants(self, request: DrfRequest, id: str) -> HttpResponse:
        return self.through(request, create_variants, id=id)

    @shapes.described(summary="A feature's variants", answer=list[shapes.Variant])
    def list_variants(self, request: DrfRequest, id: str) -> HttpResponse:
        return self.through(request, list_variants, id=id)
