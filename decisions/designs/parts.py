"""The parts of one imported experiment: conditions, points, payloads, factors, queries.

A condition that is there already (by id or by code) is changed in place, so that who was given it keeps it.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Model

from decisions.designs import words
from decisions.designs.reading import ConditionFile, DesignFile, FactorFile, PayloadFile, PointFile, QueryFile
from events.models import Metric, MetricQuery
from experiments.errors import Invalid
from experiments.models import DecisionPoint, Experiment, Factor, Level, Payload, Variation, VariationLevel
from users.models import Assignment


class PartWriter:
    """Writes the parts of `design` under `experiment`; what could not be kept is said in `notes`."""

    def __init__(self, experiment: Experiment, design: DesignFile, notes: list[str]) -> None:
        self._experiment = experiment
        self._design = design
        self._notes = notes
        self._variations: dict[UUID, Variation] = {}
        self._points: dict[UUID, DecisionPoint] = {}
        self._levels: dict[UUID, Level] = {}

    def write(self) -> None:
        self._write_conditions()
        self._write_points()
        self._write_factors()
        self._write_payloads()
        self._write_queries()

    def variation(self, condition_id: UUID | None) -> Variation | None:
        return None if condition_id is None else self._variations[condition_id]

    def kept_as_is(self) -> dict[str, Any]:
        """What we have no use for and give back on export, by the id of its part."""
        parts: list[ConditionFile | PointFile] = [*self._design.conditions, *self._design.partitions]
        codes = {str(self._uid_of(part.id)): part.twoCharacterId for part in parts if part.twoCharacterId is not None}
        names = {str(self._uid_of(each.id)): each.name for each in self._design.conditions if each.name}
        return {"two_character_ids": codes, "names": names, "backend_version": self._design.backendVersion}

    def _uid_of(self, part_id: UUID) -> UUID:
        part = self._variations.get(part_id) or self._points[part_id]
        return part.uid

    def _free_uid(self, model: type[Model], wanted: UUID) -> UUID:
        """The id a part brings, or one made from it when somebody else has that id already."""
        taken = model._default_manager.filter(uid=wanted).exists()
        if taken:
            self._notes.append(
                f"{self._design.name}: the id {wanted} is taken; its {model._meta.verbose_name} gets another"
            )
        return uuid5(self._experiment.uid, str(wanted)) if taken else wanted

    def _write_conditions(self) -> None:
        there = list(self._experiment.variations.all())
        kept = self._matched(there)
        self._drop([each for each in there if each.pk not in {row.pk for row in kept.values() if row}])
        for position, condition in enumerate(sorted(self._design.conditions, key=_in_order)):
            variation = kept[condition.id] or Variation(
                experiment=self._experiment, uid=self._free_uid(Variation, condition.id)
            )
            variation.key = condition.conditionCode
            variation.description = condition.description or ""
            variation.weight = Decimal(str(condition.assignmentWeight)) / 100
            variation.position = position
            variation.save()
            self._variations[condition.id] = variation

    def _matched(self, there: list[Variation]) -> dict[UUID, Variation | None]:
        """The rows that conditions stand for already: by id, then by code among those that are left."""
        kept = {condition.id: self._by_id(condition, there) for condition in self._design.conditions}
        left = {row.key: row for row in there if row.pk not in {each.pk for each in kept.values() if each}}
        return {
            condition.id: kept[condition.id] or left.get(condition.conditionCode)
            for condition in self._design.conditions
        }

    def _by_id(self, condition: ConditionFile, there: list[Variation]) -> Variation | None:
        issued = (condition.id, uuid5(self._experiment.uid, str(condition.id)))
        return next((each for each in there if each.uid in issued), None)

    def _drop(self, variations: list[Variation]) -> None:
        for variation in variations:
            if Assignment.objects.filter(variation=variation).exists():
                raise Invalid(f"the condition {variation.key} was given to somebody, so it cannot be taken out")
            variation.delete()

    def _write_points(self) -> None:
        self._experiment.points.all().delete()
        for position, point in enumerate(sorted(self._design.partitions, key=_in_order)):
            self._points[point.id] = DecisionPoint.objects.create(
                uid=self._free_uid(DecisionPoint, point.id),
                experiment=self._experiment,
                site=point.site,
                target=point.target,
                description=point.description or "",
                exclude_if_reached=point.excludeIfReached,
                position=position,
            )

    def _write_factors(self) -> None:
        self._experiment.factors.all().delete()
        for position, factor in enumerate(sorted(self._design.factors or (), key=_in_order)):
            self._write_factor(factor, position)
        for condition in self._design.conditions:
            for element in condition.levelCombinationElements or ():
                VariationLevel.objects.create(
                    uid=self._free_uid(VariationLevel, element.id or element.level.id),
                    variation=self._variations[condition.id],
                    level=self._levels[element.level.id],
                )

    def _write_factor(self, file: FactorFile, position: int) -> None:
        factor = Factor.objects.create(
            uid=self._free_uid(Factor, file.id or uuid5(self._experiment.uid, f"factor {file.name}")),
            experiment=self._experiment,
            name=file.name,
            description=file.description or "",
            position=position,
        )
        for place, level in enumerate(sorted(file.levels, key=_in_order)):
            payload = level.payload or PayloadFile()
            self._levels[level.id] = Level.objects.create(
                uid=self._free_uid(Level, level.id),
                factor=factor,
                name=level.name,
                description=level.description or "",
                payload_type=payload.type,
                payload_value=payload.value or "",
                position=place,
            )

    def _write_payloads(self) -> None:
        Payload.objects.filter(variation__experiment=self._experiment).delete()
        for file in self._design.conditionPayloads or ():
            Payload.objects.create(
                uid=self._free_uid(Payload, file.id),
                variation=self._variations[file.parentCondition],
                decision_point=self._points[file.decisionPoint] if file.decisionPoint else None,
                type=file.payload.type,
                value=file.payload.value or "",
            )

    def _write_queries(self) -> None:
        self._experiment.metric_queries.all().delete()
        for position, file in enumerate(sorted(self._design.queries or (), key=_in_order)):
            MetricQuery.objects.create(
                uid=self._free_uid(MetricQuery, file.id),
                experiment=self._experiment,
                metric=self._metric(file),
                name=file.name or "",
                operation=file.query.operationType,
                compare_with=file.query.compareFn or "",
                compare_value=file.query.compareValue or "",
                repeated_measure=words.ours(words.REPEATED, file.repeatedMeasure, field="repeatedMeasure"),
                position=position,
            )

    def _metric(self, file: QueryFile) -> Metric:
        kind = file.metric.type or ("categorical" if file.query.compareFn else "continuous")
        metric, _ = Metric.objects.get_or_create(
            project=self._experiment.project, key=file.metric.key, defaults={"type": kind}
        )
        return metric


def _in_order(part: Any) -> int:
    order: int | None = part.order
    return order or 0
