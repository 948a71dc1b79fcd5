"""What a design file must be like, in a researcher's words. Reads no rows."""

from collections.abc import Sequence

from decisions.designs.reading import DesignFile
from experiments import texts
from experiments.errors import Invalid

RESERVED_CODE = "default"
RESERVED_GROUP = "user"


def check(design: DesignFile) -> None:
    """Raise Invalid for a design that makes no sense."""
    if not design.context or not design.context[0]:
        raise Invalid("it names no context", field="context")
    texts.check(design.name, *design.context, field="name")
    _check_group(design)
    _check_conditions(design)
    _check_points(design)
    _check_ids(design)
    _check_references(design)


def _check_group(design: DesignFile) -> None:
    if design.assignmentUnit == "group" and not design.group:
        raise Invalid("it assigns whole groups but names no group type", field="group")
    if design.assignmentUnit != "group" and design.group:
        raise Invalid(f"it names the group type {design.group} but does not assign groups", field="group")
    texts.check(design.group, field="group", longest=64)
    if design.group == RESERVED_GROUP:
        raise Invalid(f'a group type cannot be called "{RESERVED_GROUP}"', field="group")


def _check_conditions(design: DesignFile) -> None:
    if not design.conditions:
        raise Invalid("it has no conditions", field="conditions")
    _check_once([condition.conditionCode for condition in design.conditions], "condition code")
    for condition in design.conditions:
        texts.check(condition.conditionCode, field="conditionCode")
        if not condition.conditionCode or condition.conditionCode.lower() == RESERVED_CODE:
            raise Invalid(f"a condition cannot be called {condition.conditionCode!r}", field="conditionCode")
        if not 0 <= condition.assignmentWeight <= 100:
            raise Invalid(f"the weight of {condition.conditionCode} is not between 0 and 100", field="assignmentWeight")


def _check_points(design: DesignFile) -> None:
    for point in design.partitions:
        texts.check(point.site, point.target, field="site")
        if not point.site:
            raise Invalid("a decision point has no site", field="partitions")
    _check_once([f"{point.site} / {point.target or ''}" for point in design.partitions], "decision point")


def _check_once(names: Sequence[str], what: str) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Invalid(f"the {what} {twice} is there twice")


def _check_ids(design: DesignFile) -> None:
    factors, payloads = design.factors or (), design.conditionPayloads or ()
    _check_once([str(each.id) for each in design.conditions], "condition")
    _check_once([str(each.id) for each in design.partitions], "decision point")
    _check_once([str(each.id) for each in factors if each.id], "factor")
    _check_once([str(level.id) for each in factors for level in each.levels], "level")
    _check_once([str(each.id) for each in payloads], "payload")
    _check_once([f"{each.parentCondition} at {each.decisionPoint or 'every point'}" for each in payloads], "payload of")
    _check_once([str(each.id) for each in design.queries or ()], "query")
    for condition in design.conditions:
        _check_once([str(each.level.id) for each in condition.levelCombinationElements or ()], "combined level")
    for lists in (design.experimentSegmentInclusion, design.experimentSegmentExclusion):
        _check_once([str(each.segment.id) for each in lists or ()], "list")


def _check_references(design: DesignFile) -> None:
    conditions = {condition.id for condition in design.conditions}
    points = {point.id for point in design.partitions}
    if design.revertTo is not None and design.revertTo not in conditions:
        raise Invalid(f"revertTo names {design.revertTo}, which is no condition of it", field="revertTo")
    for payload in design.conditionPayloads or ():
        if payload.parentCondition not in conditions or payload.decisionPoint not in (None, *points):
            raise Invalid(f"the payload {payload.id} belongs to no condition or point of it", field="conditionPayloads")
    levels = {level.id for factor in design.factors or () for level in factor.levels}
    used = {element.level.id for each in design.conditions for element in each.levelCombinationElements or ()}
    if not used <= levels:
        raise Invalid("a condition combines a level that no factor has", field="factors")
