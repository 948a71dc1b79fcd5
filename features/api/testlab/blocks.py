"""The twenty user-blocks (testlab contract §2.1)."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request as DrfRequest

from config.wire.message import Answer, Request
from config.wire.testlab import TestLabDoor, answers, fresh_or_whole, guarded, json_answer, reading, shapes, speaking
from decisions.lab import delivery
from experiments.errors import Invalid
from features import userblocks
from features.api.testlab import written


class GivenBlock(msgspec.Struct):
    """Which block goes to which feature; null frees it."""

    name: int | float | str
    feature_id: Any = None


class NamedBlock(msgspec.Struct):
    """The name alone, whatever it is."""

    name: Any


@speaking("Error in getting userblocks in postgres")
def list_all(request: Request) -> Answer:
    rows = [written.block(row) for row in userblocks.every_block()]
    return fresh_or_whole(request, answers.rendered(rows))


@speaking("Error in getting userblock in postgres")
def retrieve(request: Request) -> Answer:
    block = userblocks.named(name=request.params["name"])
    return fresh_or_whole(request, answers.rendered(written.block(block)))


def _give_refused(request: Request) -> str:
    """The refusal names the block as it was sent, the way JavaScript prints it."""
    try:
        name = reading.text(reading.body(request, NamedBlock).name)
    except (reading.Malformed, Invalid):
        name = "undefined"
    return f"Error in updating userblock with name {name} in postgres"


@speaking(_give_refused)
@guarded
def give(request: Request) -> Answer:
    sent = reading.body(request, GivenBlock)
    feature_id = None if sent.feature_id is None else reading.integer(sent.feature_id)
    with delivery.turn(project_key=settings.TESTLAB_PROJECT) as project:
        block = delivery.give_block(
            project=project, name=reading.text(sent.name), feature_id=feature_id, now=datetime.now(UTC)
        )
    return json_answer(written.block(block))


@speaking("Error in resetting userblocks in postgres")
@guarded
def reset(request: Request) -> Answer:
    with delivery.turn(project_key=settings.TESTLAB_PROJECT) as project:
        rows = delivery.reset_blocks(project=project, now=datetime.now(UTC))
    return json_answer([written.block(row) for row in rows])


class UserBlocks(TestLabDoor):
    """User-blocks: read, give by hand, reset."""

    @shapes.described(summary="All user-blocks", answer=list[shapes.UserBlock])
    def index(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, list_all)

    @shapes.described(summary="One user-block by its name", answer=shapes.UserBlock)
    def retrieve(self, request: DrfRequest, name: str) -> HttpResponse:
        return self.through(request, retrieve, name=name)

    @shapes.described(summary="Give a user-block to a feature", body=GivenBlock, answer=shapes.UserBlock)
    def give(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, give)

    @shapes.described(summary="Free all user-blocks", answer=list[shapes.UserBlock])
    def reset(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, reset)
