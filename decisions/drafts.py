"""What is saved but does not count yet: the rows as they are, compared with what was last published."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from decisions import documents
from experiments.models import Project, Publication

# Section of the document → what a person calls it.
SECTIONS = {
    "experiments": "experiment",
    "flags": "flag",
    "segments": "segment",
    "attributes": "attribute",
    "events": "event",
    "exclusion_groups": "exclusion group",
    "preview_users": "preview user",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """`published` is what servers decide by now (the empty document before the first time), `saved` what would be
    published now; both in the shape of `decisions.documents`. `publication` has its revision, time and author."""

    saved: Mapping[str, Any]
    published: Mapping[str, Any]
    publication: Publication | None

    @property
    def changes(self) -> tuple[str, ...]:
        """One phrase per row that publishing would change, such as "experiment Checkout button: changed"."""
        return tuple(_changes(self.published, self.saved))

    @property
    def is_published(self) -> bool:
        return not self.changes


def of_project(*, project: Project) -> Draft:
    """An authored project's draft. Two reads of everything it has: for pages, not for requests of clients."""
    publication = Publication.objects.filter(project=project).order_by("-revision").first()
    saved = orjson.loads(orjson.dumps(documents.freeze(project=project)))
    published = documents.EMPTY if publication is None else orjson.loads(publication.document)
    return Draft(saved=saved, published=published, publication=publication)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[str]:
    for section, word in SECTIONS.items():
        old, new = _by_id(before.get(section, ())), _by_id(after[section])
        for pk, row in new.items():
            if pk not in old:
                yield f"{word} {_name(row)}: new"
            elif old[pk] != row:
                yield f"{word} {_name(row)}: changed"
        for pk in old.keys() - new.keys():
            yield f"{word} {_name(old[pk])}: gone"


def _by_id(rows: Iterable[Mapping[str, Any]]) -> dict[Any, Mapping[str, Any]]:
    return {row["id"]: row for row in rows}


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("name") or row.get("key") or row["id"])
