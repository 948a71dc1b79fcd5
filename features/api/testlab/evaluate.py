"""POST `/api/evaluate`: what a correct SDK would answer, decided by the server. Not in the document."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request as DrfRequest

from config.wire.message import Answer, Request
from config.wire.testlab import TestLabDoor, json_answer, reading, shapes, speaking
from config.wire.testlab.shapes import Loose
from decisions.lab import evaluating
from decisions.lab.evaluating import Value


class Question(msgspec.Struct):
    """Who asks, for which features (all current ones by default), placed by which hash."""

    user_id: Loose
    features: list[str] | None = None
    hash: str = evaluating.SERVER


class ChosenVariant(msgspec.Struct):
    id: int
    value: str


class Evaluation(msgspec.Struct):
    user_id: str
    hash: str
    features: dict[str, bool | ChosenVariant]


@speaking("Error in evaluating the features")
def evaluate(request: Request) -> Answer:
    sent = reading.body(request, Question)
    user_id = reading.text(sent.user_id)
    values = evaluating.evaluate(
        project_key=settings.TESTLAB_PROJECT,
        user_id=user_id,
        names=sent.features,
        family=sent.hash,
        now=datetime.now(UTC),
    )
    features = {name: _written(value) for name, value in values.items()}
    return json_answer({"user_id": user_id, "hash": sent.hash, "features": features})


def _written(value: Value) -> Any:
    return value if isinstance(value, bool) else {"id": value.id, "value": value.value}


class Evaluations(TestLabDoor):
    """Server-side evaluation."""

    @shapes.described(summary="Evaluate features for a user", body=Question, answer=Evaluation)
    def create(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, evaluate)
