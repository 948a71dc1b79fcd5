"""Test Lab's events and what they amount to (testlab contract §2.4, §2.5)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request as DrfRequest

from config.wire.message import Answer, Request
from config.wire.testlab import TestLabDoor, answers, fresh_or_whole, json_answer, pages, reading, shapes, speaking
from config.wire.testlab.pages import Page
from config.wire.testlab.shapes import Loose
from decisions.lab import current, recording
from events import analysis, selectors
from events.analysis import Report
from events.selectors import Response
from features import catalogue

PARTS_OF_FEATURE = {name: text for name, text in pages.PARAMETERS.items() if name != "feature_id"}


class NewEvent(msgspec.Struct):
    """Something a recorded user did."""

    user_id: Loose | dict[str, Any] | list[Any]
    variant_id: Loose


class Event(msgspec.Struct):
    id: int
    variant_id: int
    user_id: str
    time_stamp: str


class EventOfFeature(msgspec.Struct):
    event_id: int
    variant_id: int
    user_id: str
    time_stamp: str
    feature_id: int
    value: str
    is_control: bool
    weight: str


class Analysis(msgspec.Struct):
    """The documented seven, then the statistics; all but the rate of a variant compare it with the control.

    Intervals are of 95 %; `interval_method` and `test` name how they and the p-value were found. `adjusted_p_value`
    allows for several variants (Holm).
    """

    id: int
    value: str
    is_control: bool
    weight: str
    event_total: int
    distinct_user_events_total: int
    total_users: int
    conversion_rate: float | None
    lift: float | None
    lift_confidence_interval: tuple[float, float] | None
    difference: float | None
    difference_confidence_interval: tuple[float, float] | None
    interval_method: str | None
    p_value: float | None
    adjusted_p_value: float | None
    test: str | None
    sample_ratio_p_value: float | None
    warnings: list[str]


@speaking("Error in creating the event in postgres")
def create(request: Request) -> Answer:
    sent, now = reading.body(request, NewEvent), datetime.now(UTC)
    recording.respond(
        project_key=settings.TESTLAB_PROJECT,
        user_id=reading.text(sent.user_id),
        variation_id=reading.integer(sent.variant_id),
        occurred_at=now,
        now=now,
    )
    return json_answer("Event added to database.")


@speaking("Error getting the events in postgres")
def list_all(request: Request) -> Answer:
    page = pages.asked(request)
    rows = _asked(page)
    written = [
        {
            "id": row.id,
            "variant_id": row.variation_id,
            "user_id": row.user_id,
            "time_stamp": answers.instant(row.occurred_at),
        }
        for row in rows
    ]
    return _paged(request, written, page, rows)


@speaking("Error getting the events in postgres")
def list_of_feature(request: Request) -> Answer:
    feature_id = reading.integer(request.params["id"])
    page = replace(pages.asked(request), feature_id=feature_id)
    rows = _asked(page)
    variants = {row.id: row for row in catalogue.variants(project_id=_project_id(), feature_id=feature_id)}
    written = [
        {
            "event_id": row.id,
            "variant_id": row.variation_id,
            "user_id": row.user_id,
            "time_stamp": answers.instant(row.occurred_at),
            "feature_id": feature_id,
            "value": variants[row.variation_id].value,
            "is_control": variants[row.variation_id].is_control,
            "weight": variants[row.variation_id].weight,
        }
        for row in rows
        if row.variation_id in variants
    ]
    return _paged(request, written, page, rows)


def _paged(request: Request, written: list[Any], page: Page, rows: list[Response]) -> Answer:
    return pages.answer(request, written, last=rows[-1].id if rows else page.after)


def _asked(page: Page) -> list[Response]:
    rows = selectors.responses(
        project_id=_project_id(), feature_id=page.feature_id, after=page.after, since=page.since, limit=page.limit
    )
    return list(rows)


def _project_id() -> int:
    return current.project(key=settings.TESTLAB_PROJECT).pk


@speaking("Error getting the analysis in postgres")
def analyse(request: Request) -> Answer:
    """The documented figures per variant, and beside them how each compares with the control."""
    feature_id = reading.integer(request.params["id"])
    reports = analysis.of_feature(project_id=_project_id(), feature_id=feature_id)
    return fresh_or_whole(request, answers.rendered([_written(report) for report in reports]))


def _written(report: Report) -> dict[str, Any]:
    versus = report.comparison
    return {
        "id": report.variant.id,
        "value": report.variant.value,
        "is_control": report.variant.is_control,
        "weight": report.variant.weight,
        "event_total": report.events,
        "distinct_user_events_total": report.people_with_events,
        "total_users": report.users,
        "conversion_rate": report.conversion_rate,
        "lift": versus and versus.lift,
        "lift_confidence_interval": versus and versus.lift_interval,
        "difference": versus and versus.difference,
        "difference_confidence_interval": versus and versus.interval,
        "interval_method": versus and versus.interval_method,
        "p_value": versus and versus.p_value,
        "adjusted_p_value": report.adjusted_p_value,
        "test": versus and versus.test,
        "sample_ratio_p_value": report.sample_ratio_p_value,
        "warnings": list(report.warnings),
    }


class Events(TestLabDoor):
    """Events."""

    @shapes.described(summary="Store an event", body=NewEvent)
    def create(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, create)

    @shapes.described(summary="Every event", answer=list[Event], parameters=pages.PARAMETERS)
    def index(self, request: DrfRequest) -> HttpResponse:
        return self.through(request, list_all)

    @shapes.described(summary="The events of one feature", answer=list[EventOfFeature], parameters=PARTS_OF_FEATURE)
    def of_feature(self, request: DrfRequest, id: str) -> HttpResponse:
        return self.through(request, list_of_feature, id=id)


class Analyses(TestLabDoor):
    """What events amount to."""

    @shapes.described(summary="A feature's figures, per variant", answer=list[Analysis])
    def of_feature(self, request: DrfRequest, id: str) -> HttpResponse:
        return self.through(request, analyse, id=id)
