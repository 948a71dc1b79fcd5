"""Test Lab's users: who was shown which variant (testlab contract §2.4)."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request as DrfRequest

from config.wire.message import Answer, Request
from config.wire.testlab import TestLabDoor, answers, fresh_or_whole, guarded, json_answer, reading, shapes, speaking
from config.wire.testlab.shapes import Loose
from decisions import current, delivery, recording
from users import recorded


class NewUser(msgspec.Struct):
    """A user and the variant the client shows; ids of any type are taken as text."""

    id: Loose | dict[str, Any] | list[Any]
    variant_id: Loose
    ip_address: str


@speaking("Error in creating the user in postgres")
def create(request: Request) -> Answer:
    sent = reading.body(request, NewUser)
    user_id, variation_id = reading.text(sent.id), reading.integer(sent.variant_id)
    row = recording.record(
        project_key=settings.TESTLAB_PROJECT,
        user_id=user_id,
        variation_id=variation_id,
        ip_address=reading.address(sent.ip_address),
        now=datetime.now(UTC),
    )
    return json_answer(_written(user_id, variation_id, row.ip_address or recorded.NO_ADDRESS, row.assigned_at))


@speaking("Error getting the users in postgres")
def list_all(request: Request) -> Answer:
    project = current.project(key=settings.TESTLAB_PROJECT)
    rows = recorded.listed(project_id=project.pk)
    written = [_written(row.id, row.variation_id, row.ip_address, row.recorded_at) for row in rows]
    return fresh_or_whole(request, json_answer(written).body)


@speaking("Error in deleting the user in postgres")
@guarded
def delete(request: Request) -> Answer:
    with delivery.turn(project_key=settings.TESTLAB_PROJECT) as project:
        recording.forget(project=project, user_id=request.params["id"])
    return json_answer(f"User with id {request.params['id']} was deleted")


def _written(user_id: str, variation_id: int, ip_address: str, recorded_at: datetime) -> dict[str, Any]:
    return {
        "id": user_id,
        "variant_id": variation_id,
        "ip_address": ip_address,
        "time_stamp": answers.instant(recorded_at),
    }


class Users(TestLabDoor):
    """Recorded users."""

    @shapes.described(summary="Record that a user has a variant", body=NewUser, answer=shapes.User)
    def create(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, create)

    @shapes.described(summary="Every recorded user", answer=list[shapes.User])
    def index(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, list_all)

    @shapes.described(summary="Forget a user")
    def destroy(self, request: DrfRequest, id: str) -> HttpResponse:
        return self.through(request, delete, id=id)
