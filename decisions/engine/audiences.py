"""Condition trees evaluated with reasons, three-valued: true, false, unknown (agent.md 3.4). The reference reading."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from decisions.engine import matching, reasons
from decisions.engine.model import Audience, AudienceRef, Branch, Condition, Datafile, Leaf
from decisions.engine.values import Subject

NO_SEGMENTS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One subject against the audiences of a project; `infos` collects what there is to say."""

    audiences: Mapping[str, Audience]
    subject: Subject
    infos: list[str] = field(default_factory=list)

    def holds(self, condition: Condition | None) -> bool:
        """Whether the subject is in the audience; unknown is out, no condition is everyone."""
        return condition is None or self.evaluate(condition) is True

    def evaluate(self, condition: Condition) -> bool | None:
        if isinstance(condition, Branch):
            operator = _OPERATORS.get(condition.operator)
            return operator(self, condition.children) if operator else None
        return self._audience(condition) if isinstance(condition, AudienceRef) else self._leaf(condition)

    def _audience(self, ref: AudienceRef) -> bool | None:
        audience = self.audiences.get(ref.audience_id)
        if audience is None or audience.tree is None:
            self.infos.append(reasons.audience_missing(ref.audience_id))
            return None
        result = self.evaluate(audience.tree)
        if result is None:
            self.infos.append(reasons.audience_unknown(ref.audience_id))
        return result

    def _leaf(self, leaf: Leaf) -> bool | None:
        if leaf.type not in matching.LEAF_TYPES:
            self.infos.append(reasons.condition_type(leaf.type))
        elif leaf.match not in matching.KNOWN_MATCHES:
            self.infos.append(reasons.condition_match(leaf.match))
        return matching.match(leaf, self.subject.attributes, self.subject.segments or NO_SEGMENTS)

    def _and(self, children: tuple[Condition, ...]) -> bool | None:
        """The first that is not true decides: an unknown before a false hides it."""
        for child in children:
            result = self.evaluate(child)
            if result is not True:
                return result
        return True

    def _or(self, children: tuple[Condition, ...]) -> bool | None:
        unknown = False
        for child in children:
            result = self.evaluate(child)
            if result:
                return True
            unknown = unknown or result is None
        return None if unknown else False

    def _not(self, children: tuple[Condition, ...]) -> bool | None:
        result = self.evaluate(children[0]) if children else None
        return None if result is None else not result


_OPERATORS: Mapping[str, Callable[[Evaluation, tuple[Condition, ...]], bool | None]] = {
    "and": Evaluation._and,
    "or": Evaluation._or,
    "not": Evaluation._not,
}


def segment_names(datafile: Datafile) -> set[str]:
    """The segments that `qualified` conditions ask for."""
    return {name for audience in datafile.audiences if audience.tree for name in _segments_of(audience.tree)}


def _segments_of(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Branch):
        for child in condition.children:
            yield from _segments_of(child)
    elif isinstance(condition, Leaf) and condition.match == "qualified" and isinstance(condition.value, str):
        yield condition.value
