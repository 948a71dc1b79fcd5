"""Named reads of the experiments room, ordered and with what they show already fetched."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

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


def experiment_named(*, name: str) -> Experiment:
    """The experiment with this uid, else the only one with this key, else the only one called so. Raises NotFound."""
    rows = Experiment.objects.select_related("project").order_by("id")
    try:
        found = list(rows.filter(uid=UUID(name)))
    except ValueError:
        found = list(rows.filter(key=name)[:2]) or list(rows.filter(name=name)[:2])
    if len(found) != 1:
        raise NotFound("experiment", name)
    return found[0]


def experiments_at(*, site: str, target: str, project_key: str | None = None) -> list[Experiment]:
    """Every authored experiment with a decision point at a place, in any status, with its variations; oldest first."""
    here = Q(points__site=site, points__target=target)
    here = here if target else here | Q(points__site=site, points__target=None)
    rows = Experiment.objects.filter(here).prefetch_related("variations__payloads")
    rows = rows if project_key is None else rows.filter(project__key=project_key)
    return list(rows.distinct().order_by("created_at", "id"))


def segments(*, project: Project) -> QuerySet[Segment]:
    """Every segment of a project with its children, and whether it `has_members`, by id."""
    members = SegmentMember.objects.filter(segment=OuterRef("pk"))
    rows = Segment.objects.filter(project=project).annotate(has_members=Exists(members))
    return rows.prefetch_related("children").order_by("id")


def unknown_attributes(*, project: Project, keys: Iterable[str]) -> list[str]:
    """Those of the keys that are no attribute of the project, in alphabetical order."""
    wanted = set(keys)
    return sorted(wanted - set(project.attributes.filter(key__in=wanted).values_list("key", flat=True)))


EXPERIMENT_API = "experiment_api"


def services(*, active_only: bool = False) -> QuerySet[Project]:
    """The authored projects that are open to the Experiment API, oldest first."""
    rows = Project.objects.filter(source=Project.Source.AUTHORED, dialects__icontains=f'"{EXPERIMENT_API}"')
    return (rows.filter(active=True) if active_only else rows).order_by("created_at", "id")


def service(*, uid: UUID) -> Project:
    """Raises NotFound."""
    found = services().filter(uid=uid).first()
    if found is None:
        raise NotFound("project", uid)
    return found


def comparisons(*, project: Project | None = None, active_only: bool = False) -> QuerySet[Experiment]:
    """The A/B tests of a service (of every service without one), with their project, oldest first."""
    rows = Experiment.objects.filter(kind=Experiment.Kind.AB_TEST).select_related("project")
    rows = rows.filter(project__in=services()) if project is None else rows.filter(project=project)
    return (rows.filter(status=Experiment.Status.RUNNING) if active_only else rows).order_by("created_at", "id")


def comparison(*, uid: UUID) -> Experiment:
    """Raises NotFound."""
    found = comparisons().filter(uid=uid).first()
    if found is None:
        raise NotFound("experiment", uid)
    return found
