"""Named reads of the experiments room, ordered and with what they show already fetched."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from experiments.errors import NotFound
from experiments.models import DecisionPoint, Experiment, Project, Segment, SegmentMember, Variation


def project_by_key(*, key: str) -> Project:
    """The project an UpGrade context or a setting names. Raises NotFound."""
    project = Project.objects.filter(key=key).first()
    if project is None:
        raise NotFound("project", key)
    return project


def whole_experiments(*, project: Project) -> QuerySet[Experiment]:
    """Every experiment of a project with all of its design, oldest first."""
    return (
        Experiment.objects.filter(project=project)
        .select_related("design", "design__fallback", "exclusion_group", "audience")
        .prefetch_related(
            Prefetch("variations", queryset=Variation.objects.order_by("position", "id")),
            Prefetch("points", queryset=DecisionPoint.objects.order_by("position", "id")),
            "variations__payloads",
            "variations__variation_levels__level",
            "factors__levels",
            "lists__segment",
        )
        .order_by("created_at", "id")
    )


def segments(*, project: Project) -> QuerySet[Segment]:
    """Every segment of a project with its children, and whether it `has_members`, by id."""
    members = SegmentMember.objects.filter(segment=OuterRef("pk"))
    rows = Segment.objects.filter(project=project).annotate(has_members=Exists(members))
    return rows.prefetch_related("children").order_by("id")


def unknown_attributes(*, project: Project, keys: Iterable[str]) -> list[str]:
    """Those of the keys that are no attribute of the project, in alphabetical order."""
    wanted = set(keys)
    return sorted(wanted - set(project.attributes.filter(key__in=wanted).values_list("key", flat=True)))
