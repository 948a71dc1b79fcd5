"""Test Lab's users: who was shown which variant (testlab contract §2.4). Hot."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request as DrfRequest

from config.wire.message import Answer, Request
from config.wire.testlab import TestLabDoor, freshness, guarded, json_answer, pages, reading, shapes, speaking
from config.wire.testlab.shapes import Loose
from decisions.lab import current, delivery, recording
from users import recorded
from users.api.testlab import roll, written


class NewUser(msgspec.Struct):
    """A user and the variant the client shows; ids of any type are taken as text."""

    id: Loose | dict[str, Any] | list[Any]
    variant_id: Loose
    ip_address: str


@speaking("Error in creating the user in postgres")
def create(request: Request) -> Answer:
    sent = reading.body(request, NewUser)
    user_id, variation_id = reading.text(sent.id), reading.integer(sent.variant_id)
    address = recorded.kept_address(reading.address(sent.ip_address), policy=settings.TESTLAB_IP_ADDRESSES)
    row = recording.record(
        project_key=settings.TESTLAB_PROJECT,
        user_id=user_id,
        variation_id=variation_id,
        ip_address=address,
        now=datetime.now(UTC),
    )
    return json_answer(written.user(user_id, variation_id, row.ip_address, row.assigned_at))


@speaking("Error getting the users in postgres")
def list_all(request: Request) -> Answer:
    """The whole list, from memory; with parameters a part of it, read anew."""
    seen = current.at(project_key=settings.TESTLAB_PROJECT, now=datetime.now(UTC))
    if request.query:
        return _page(request, seen.project_id)
    whole = roll.rendered(seen=seen)
    return freshness.packed(request, whole.body, whole.gzipped, tag=whole.etag)


def _page(request: Request, project_id: int) -> Answer:
    page = pages.asked(request)
    rows = list(
        recorded.listed(
            project_id=project_id,
            after=page.after,
            since=page.since,
            feature_id=page.feature_id,
            limit=page.limit,
        )
    )
    last = rows[-1].row_id if rows else page.after
    return pages.answer(request, [written.row(row) for row in rows], last=last)


@speaking("Error in deleting the user in postgres")
@guarded
def delete(request: Request) -> Answer:
    with delivery.turn(project_key=settings.TESTLAB_PROJECT) as project:
        recording.forget(project=project, user_id=request.params["id"])
    return json_answer(f"User with id {request.params['id']} was deleted")


class Users(TestLabDoor):
    """Recorded users."""

    @shapes.described(summary="Record that a user has a variant", body=NewUser, answer=shapes.User)
    def create(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, create)

    @shapes.described(summary="Every recorded user", answer=list[shapes.User], parameters=pages.PARAMETERS)
    def index(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, list_all)

    @shapes.described(summary="Forget a user")
    def destroy(self, request: DrfRequest, id: str) -> HttpResponse:
        return self.through(request, delete, id=id)
