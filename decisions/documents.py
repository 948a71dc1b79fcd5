"""What a project's servers decide by: frozen from the editable rows when it is published.

`freeze` reads the rows into one plain document (what `Publication.document` stores). The datafile that SDKs and the
engine read is rendered from a document by `decisions.datafiles`. Nothing here compiles or decides.

Shares are decimal texts, instants ISO 8601 texts, ids as in the rows.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from experiments import selectors
from experiments.models import Design, Experiment, Project, Variation
from features.models import Flag
from users.models import PreviewUser

Document = dict[str, Any]

VISIBLE_STATUSES = (Experiment.Status.RUNNING, Experiment.Status.PAUSED, Experiment.Status.PREVIEW)


EMPTY: Document = {
    name: []
    for name in ("attributes", "events", "segments", "exclusion_groups", "experiments", "flags", "preview_users")
}


def freeze(*, project: Project) -> Document:
    """Everything of an authored project that a decision can depend on."""
    experiments = [row for row in selectors.whole_experiments(project=project) if row.status in VISIBLE_STATUSES]
    return {
        "attributes": [_keyed(row) for row in project.attributes.all()],
        "events": [_keyed(row) for row in project.event_definitions.all()],
        "segments": [_segment(row) for row in selectors.segments(project=project)],
        "exclusion_groups": [
            {"id": row.pk, "datafile_id": row.datafile_id, "name": row.name} for row in project.exclusion_groups.all()
        ],
        "experiments": [_experiment(row) for row in experiments],
        "flags": [_flag(row) for row in _whole_flags(project)],
        "preview_users": [
            _preview_user(row) for row in project.preview_users.prefetch_related("forced").order_by("id")
        ],
    }


def _keyed(row: Any) -> dict[str, str]:
    return {"id": row.datafile_id, "key": row.key}


def _preview_user(row: PreviewUser) -> dict[str, Any]:
    return {
        "id": row.external_id,
        "forced": {str(entry.experiment_id): entry.variation_id for entry in row.forced.all()},
    }


def _segment(segment: Any) -> dict[str, Any]:
    return {
        "id": segment.pk,
        "uid": str(segment.uid),
        "datafile_id": segment.datafile_id,
        "name": segment.name,
        "kind": segment.kind,
        "rule": segment.rule,
        "children": sorted(child.pk for child in segment.children.all()),
        "has_members": segment.has_members,
    }


def _experiment(row: Experiment) -> dict[str, Any]:
    return {
        "id": row.pk,
        "uid": str(row.uid),
        "datafile_id": row.datafile_id,
        "key": row.key,
        "name": row.name,
        "kind": row.kind,
        "status": row.status,
        "traffic": _share(row.traffic),
        "audience": row.audience_id,
        "bucketing": row.bucketing,
        "exclusion_group": row.exclusion_group_id,
        "exclusion_share": None if row.exclusion_share is None else _share(row.exclusion_share),
        "starts_at": _instant(row.starts_at),
        "ends_at": _instant(row.ends_at),
        "created_at": _instant(row.created_at),
        "design": _design(getattr(row, "design", None)),
        "variations": [_variation(arm) for arm in row.variations.all()],
        "points": [
            {
                "id": point.pk,
                "uid": str(point.uid),
                "site": point.site,
                "target": point.target,
                "exclude_if_reached": point.exclude_if_reached,
            }
            for point in row.points.all()
        ],
        "factors": [
            {
                "name": factor.name,
                "levels": [
                    {
                        "id": level.pk,
                        "name": level.name,
                        "payload": {"type": level.payload_type, "value": level.payload_value},
                    }
                    for level in factor.levels.all()
                ],
            }
            for factor in row.factors.all()
        ],
        "lists": [{"segment": entry.segment_id, "mode": entry.mode} for entry in row.lists.all()],
    }


def _design(design: Design | None) -> dict[str, Any]:
    if design is None:
        design = Design()
    return {
        "type": design.type,
        "unit": design.unit,
        "group_type": design.group_type,
        "consistency": design.consistency,
        "algorithm": design.algorithm,
        "stratification_factor": design.stratification_factor,
        "condition_order": design.condition_order,
        "filter_mode": design.filter_mode,
        "post_rule": design.post_rule,
        "fallback": design.fallback_id,
        "ending_user_count": design.ending_user_count,
        "ending_group_count": design.ending_group_count,
    }


def _variation(arm: Variation) -> dict[str, Any]:
    return {
        "id": arm.pk,
        "uid": str(arm.uid),
        "datafile_id": arm.datafile_id,
        "key": arm.key,
        "value": arm.value,
        "is_control": arm.is_control,
        "weight": _share(arm.weight),
        "weight_scale": arm.weight_scale,
        "levels": [entry.level_id for entry in arm.variation_levels.all()],
        "payloads": [
            {"point": payload.decision_point_id, "type": payload.type, "value": payload.value}
            for payload in arm.payloads.all()
        ],
    }


def _whole_flags(project: Project) -> Any:
    return (
        Flag.objects.filter(project=project, is_archived=False)
        .prefetch_related("variables__values", "rules", "lists")
        .order_by("id")
    )


def _flag(flag: Flag) -> dict[str, Any]:
    return {
        "id": flag.pk,
        "uid": str(flag.uid),
        "datafile_id": flag.datafile_id,
        "key": flag.key,
        "description": flag.description,
        "kind": flag.kind,
        "is_running": flag.is_running,
        "traffic": _share(flag.traffic),
        "starts_on": _day(flag.starts_on),
        "ends_on": _day(flag.ends_on),
        "filter_mode": flag.filter_mode,
        "rules": [rule.experiment_id for rule in flag.rules.all()],
        "lists": [{"segment": row.segment_id, "mode": row.mode} for row in flag.lists.all() if row.enabled],
        "variables": [
            {
                "id": variable.datafile_id,
                "key": variable.key,
                "type": variable.type,
                "default": variable.default_value,
                "values": {str(entry.variation_id): entry.value for entry in variable.values.all()},
            }
            for variable in flag.variables.all()
        ],
    }


def _share(value: Decimal | int | float) -> str:
    return format(Decimal(str(value)).normalize(), "f")


def _instant(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
