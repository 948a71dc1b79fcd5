"""Experiments as design files again, in UpGrade's own words (upgrade contract §13). Reads only."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from decisions.designs import words
from events.models import MetricQuery
from experiments.models import (
    DecisionPoint,
    Design,
    Experiment,
    Factor,
    Level,
    Payload,
    Segment,
    Variation,
    VariationLevel,
)

Json = dict[str, Any]


def export(*, experiment: Experiment) -> Json:
    """One experiment with all of its design, in the order of the format's keys."""
    design = getattr(experiment, "design", None) or Design(experiment=experiment)
    kept = design.imported or {}
    variations = list(experiment.variations.order_by("position", "id"))
    return {
        "id": str(experiment.uid),
        "name": experiment.name,
        "description": experiment.description,
        "context": [experiment.project.key],
        "state": words.theirs(words.STATUS, experiment.status),
        "startOn": experiment.starts_at and experiment.starts_at.isoformat(),
        "endOn": experiment.ends_at and experiment.ends_at.isoformat(),
        **_rules(design),
        "tags": experiment.tags,
        **_choices(design),
        "backendVersion": kept.get("backend_version"),
        "conditions": [_condition(each, number, design, kept) for number, each in enumerate(variations, start=1)],
        "partitions": [
            _point(each, number, kept) for number, each in enumerate(experiment.points.order_by("position", "id"), 1)
        ],
        "factors": [_factor(each, number) for number, each in enumerate(_factors(experiment), start=1)],
        "conditionPayloads": [_payload(each) for each in _payloads(experiment)],
        "queries": [_query(each, number) for number, each in enumerate(_queries(experiment), start=1)],
        "stateTimeLogs": [],
        "experimentSegmentInclusion": _lists(experiment, "include"),
        "experimentSegmentExclusion": _lists(experiment, "exclude"),
    }


def _rules(design: Design) -> Json:
    ending = {
        name: count
        for name, count in (("userCount", design.ending_user_count), ("groupCount", design.ending_group_count))
        if count is not None
    }
    return {
        "consistencyRule": words.theirs(words.CONSISTENCY, design.consistency),
        "assignmentUnit": words.theirs(words.UNIT, design.unit),
        "group": design.group_type or None,
        "postExperimentRule": words.theirs(words.POST_RULE, design.post_rule),
        "revertTo": str(design.fallback.uid) if design.fallback else None,
        "enrollmentCompleteCondition": ending or None,
    }


def _choices(design: Design) -> Json:
    factor = design.stratification_factor
    return {
        "conditionOrder": words.theirs(words.ORDER, design.condition_order),
        "assignmentAlgorithm": words.theirs(words.ALGORITHM, design.algorithm),
        "filterMode": words.theirs(words.FILTER_MODE, design.filter_mode),
        "stratificationFactor": {"stratificationFactorName": factor} if factor else None,
        "type": words.theirs(words.TYPE, design.type),
    }


def _condition(variation: Variation, number: int, design: Design, kept: Json) -> Json:
    content = {
        "id": str(variation.uid),
        **_two_characters(variation.uid, kept),
        "name": kept.get("names", {}).get(str(variation.uid), ""),
        "description": variation.description,
        "conditionCode": variation.key,
        "assignmentWeight": _percent(variation.weight),
        "order": number,
    }
    if design.type != Design.Type.FACTORIAL:
        return content
    levels = variation.variation_levels.select_related("level").order_by("id")
    return {**content, "levelCombinationElements": [_element(each) for each in levels]}


def _percent(share: Decimal) -> int | float:
    percent = share * 100
    return int(percent) if percent == percent.to_integral_value() else float(percent)


def _two_characters(uid: object, kept: Json) -> Json:
    code = kept.get("two_character_ids", {}).get(str(uid))
    return {} if code is None else {"twoCharacterId": code}


def _element(element: VariationLevel) -> Json:
    return {"id": str(element.uid), "level": _level(element.level)}


def _level(level: Level) -> Json:
    return {
        "id": str(level.uid),
        "name": level.name,
        "description": level.description,
        "order": level.position + 1,
        "payload": {"type": level.payload_type, "value": level.payload_value or None},
    }


def _point(point: DecisionPoint, number: int, kept: Json) -> Json:
    return {
        "id": str(point.uid),
        **_two_characters(point.uid, kept),
        "site": point.site,
        "target": point.target,
        "description": point.description,
        "order": number,
        "excludeIfReached": point.exclude_if_reached,
    }


def _factors(experiment: Experiment) -> Iterable[Factor]:
    return experiment.factors.prefetch_related("levels").order_by("position", "id")


def _factor(factor: Factor, number: int) -> Json:
    return {
        "id": str(factor.uid),
        "name": factor.name,
        "description": factor.description,
        "order": number,
        "levels": [_level(level) for level in factor.levels.all()],
    }


def _payloads(experiment: Experiment) -> Iterable[Payload]:
    rows = Payload.objects.filter(variation__experiment=experiment)
    return rows.select_related("variation", "decision_point").order_by("variation__position", "id")


def _payload(payload: Payload) -> Json:
    point = payload.decision_point
    return {
        "id": str(payload.uid),
        "payload": {"type": payload.type, "value": payload.value},
        "parentCondition": str(payload.variation.uid),
        **({"decisionPoint": str(point.uid)} if point else {}),
    }


def _queries(experiment: Experiment) -> Iterable[MetricQuery]:
    return experiment.metric_queries.select_related("metric").order_by("position", "id")


def _query(query: MetricQuery, number: int) -> Json:
    comparison = {"compareFn": query.compare_with, "compareValue": query.compare_value} if query.compare_with else {}
    return {
        "id": str(query.uid),
        "name": query.name,
        "query": {"operationType": query.operation, **comparison},
        "metric": {"key": query.metric.key},
        "repeatedMeasure": words.theirs(words.REPEATED, query.repeated_measure),
        "order": number,
    }


def _lists(experiment: Experiment, mode: str) -> list[Json]:
    rows = experiment.lists.filter(mode=mode).select_related("segment__project").order_by("position", "id")
    return [{"segment": _segment(row.segment)} for row in rows]


def _segment(segment: Segment) -> Json:
    members = list(segment.members.order_by("id").values_list("unit_type", "unit_id"))
    return {
        "id": str(segment.uid),
        "name": segment.name,
        "description": segment.description,
        "context": segment.project.key,
        "type": segment.kind,
        "listType": segment.list_type,
        "individualForSegment": [{"userId": unit} for kind, unit in members if kind == "user"],
        "groupForSegment": [{"type": kind, "groupId": unit} for kind, unit in members if kind != "user"],
        "subSegments": [{"id": str(child.uid), "name": child.name} for child in segment.children.order_by("id")],
    }
