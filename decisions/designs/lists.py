"""The include and exclude lists of an imported experiment: private segments, and the segments inside them."""

from uuid import UUID, uuid5

import msgspec

from decisions.designs.checks import RESERVED_GROUP
from decisions.designs.reading import DesignFile, ListFile, SegmentFile
from experiments import members, texts
from experiments.errors import Invalid
from experiments.models import Experiment, ExperimentList, Segment

KINDS = {"private": Segment.Kind.PRIVATE, "public": Segment.Kind.PUBLIC, None: Segment.Kind.PUBLIC}


class ListWriter:
    """Writes the lists of one experiment anew; its old ones go."""

    def __init__(self, experiment: Experiment, notes: list[str]) -> None:
        self._experiment = experiment
        self._notes = notes

    def write(self, design: DesignFile) -> None:
        self._drop()
        self._write(design.experimentSegmentInclusion or [], ExperimentList.Mode.INCLUDE)
        self._write(design.experimentSegmentExclusion or [], ExperimentList.Mode.EXCLUDE)

    def _drop(self) -> None:
        old = list(self._experiment.lists.values_list("segment_id", flat=True))
        self._experiment.lists.all().delete()
        unused = Segment.objects.filter(pk__in=old, kind=Segment.Kind.PRIVATE, experiment_lists=None, flag_lists=None)
        unused.delete()

    def _write(self, lists: list[ListFile], mode: str) -> None:
        for position, file in enumerate(lists):
            segment = self._made(file.segment, kind=Segment.Kind.PRIVATE)
            ExperimentList.objects.create(experiment=self._experiment, segment=segment, mode=mode, position=position)

    def _made(self, file: SegmentFile, *, kind: str) -> Segment:
        texts.check(file.name, file.listType, field="segment")
        segment = Segment.objects.create(
            uid=self._free_uid(file.id),
            project=self._experiment.project,
            name=file.name,
            description=file.description or "",
            kind=kind,
            list_type=file.listType or "",
        )
        people = [(members.USER, each.userId) for each in file.individualForSegment]
        members.add(segment=segment, units=people + [_group(each.type, each.groupId) for each in file.groupForSegment])
        segment.children.set([self._child(each) for each in file.subSegments])
        return segment

    def _child(self, file: SegmentFile) -> Segment:
        """A segment inside a list: the one that is here, else the one the file brings, else an empty place for it."""
        found = Segment.objects.filter(project=self._experiment.project, uid=file.id).first()
        if found is not None:
            return found
        if not (file.individualForSegment or file.groupForSegment or file.subSegments):
            self._notes.append(
                f"{self._experiment.name}: the segment {file.name or file.id} is not here; an empty one takes its place"
            )
        named = msgspec.structs.replace(file, name=file.name or str(file.id))
        return self._made(named, kind=KINDS.get(file.type, Segment.Kind.PUBLIC))

    def _free_uid(self, wanted: UUID) -> UUID:
        taken = Segment.objects.filter(uid=wanted).exists()
        return uuid5(self._experiment.uid, str(wanted)) if taken else wanted


def _group(kind: str, group_id: str) -> tuple[str, str]:
    texts.check(group_id, field="groupId")
    texts.check(kind, field="type", longest=64)
    if kind == RESERVED_GROUP:
        raise Invalid(f'a group type cannot be called "{RESERVED_GROUP}"', field="type")
    return kind, group_id
